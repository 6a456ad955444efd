"""The selection studio as a person uses it: explain a pick, ban it, run again, missing features, save, compare."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from explorer.queries.rankings import read_ranking
from explorer.ui.select import export_panel
from explorer.ui.select import keys as select_keys
from explorer.ui.select.downloads import export_bytes
from explorer.workspace import Snapshot, marks
from tests.synthetic import Synthetic

Open = Callable[..., AppTest]


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


def ranked(app: AppTest) -> AppTest:
    deadline = time.time() + 120
    while "cover **" not in said(app) and time.time() < deadline:
        time.sleep(0.2)
        app.run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    app.run()
    assert not app.exception
    return app


def pick_table(app: AppTest) -> pd.DataFrame:
    return next(table.value for table in app.dataframe if "pick" in table.value and "gain" in table.value)


def picks(app: AppTest) -> list[int]:
    return pick_table(app)["sample_id"].to_list()


def test_a_budget_of_more_rows_than_there_are_is_said(fresh: Synthetic, open_page: Open) -> None:
    app = ranked(open_page(fresh.store.path, "select", method="longest", budget="5000"))
    assert f"The budget is 5,000 rows; only {len(fresh.tokens)} can be selected." in said(app)


def test_a_banned_pick_is_gone_after_another_run_and_a_pinned_one_is_first(fresh: Synthetic, open_page: Open) -> None:
    app = ranked(open_page(fresh.store.path, "select", budget="10%"))
    first = picks(app)
    assert "all of its **" in said(app) and "are new." in said(app)
    press(app, "Ban")
    samples = Snapshot.newest(fresh.store).require("samples")
    assert marks.read(fresh.store, samples).banned == (first[0],)
    assert "cover **" not in said(app)  # what is on show would not obey the ban
    app = ranked(press(app, "Run again"))
    second = picks(app)
    assert first[0] not in second
    assert "1 ban" in said(app)
    marks.pin(fresh.store, samples, [second[3]])
    app.run()
    app = ranked(press(app, "Run again"))
    assert picks(app)[0] == second[3]
    assert "Selected by a rule: **pinned**." in said(app)


def test_a_pinned_row_has_no_gain_where_the_method_did_not_measure_it(fresh: Synthetic, open_page: Open) -> None:
    marks.pin(fresh.store, Snapshot.newest(fresh.store).require("samples"), [5])
    for method, measured in (("longest", False), ("sae-greedselect", True)):
        app = ranked(open_page(fresh.store.path, "select", method=method, budget="6"))
        table = pick_table(app)
        assert table["sample_id"][0] == 5
        assert table["gain"].notna().to_list() == [measured, True, True, True, True, True]


def test_a_missing_feature_can_be_asked_for(fresh: Synthetic, open_page: Open) -> None:
    app = ranked(open_page(fresh.store.path, "select", method="random", budget="2"))
    table = next(table.value for table in app.dataframe if "share" in table.value and "feature_id" in table.value)
    feature = int(table["feature_id"][0])
    assert f"feature {feature}" in said(app)
    press(app, "Must cover")
    assert app.session_state[select_keys.OPTION["must_cover"]] == str(feature)
    app = ranked(press(app, "Run again"))
    again = next(table.value for table in app.dataframe if "share" in table.value and "feature_id" in table.value)
    assert feature not in again["feature_id"].to_list()
    assert "1 required feature" in said(app)


def test_an_address_opens_the_page_as_it_was(fresh: Synthetic, open_page: Open) -> None:
    query = {"method": "sae-simscale", "budget": "12", "params": '{"max_overlap": 0.5}', "seed": "4"}
    app = ranked(open_page(fresh.store.path, "select", within="source:books", min_per_cluster="2", **query))
    assert "**12 rows** chosen by SAE-SimScale" in said(app)
    assert app.session_state["param_sae-simscale_max_overlap"] == 0.5
    assert app.session_state[select_keys.OPTION["seed"]] == 4
    assert "≥ 2 per cluster" in said(app).replace("\\", "")
    assert dict(app.query_params)["within"] == "source:books"


def test_a_kept_ranking_is_renamed_opened_again_binned_and_restored(fresh: Synthetic, open_page: Open) -> None:
    store = fresh.store
    app = ranked(open_page(store.path, "select", method="longest", budget="7"))
    app.text_input(key=select_keys.NAME).set_value("mine")
    press(app, "Save")
    run = store.resolve("selections", "mine")
    assert read_ranking(run).tolist() == picks(app)
    app.text_input(key=f"{select_keys.SAVED_NAME}_{run.id}").set_value("better")
    next(button for button in app.button if button.key == "rename").click()
    app.run()
    assert store.resolve("selections", "better").id == run.id
    press(app, "Move to the bin")
    assert run.id not in [one.id for one in store.artifacts("selections")]
    press(app, "Restore better")
    assert store.resolve("selections", "better").id == run.id
    other = ranked(open_page(store.path, "select", method="random"))
    other.session_state[select_keys.SAVED_RUN] = run.id
    other.run()
    other = ranked(press(other, "Open in the studio"))
    deadline = time.time() + 60
    while "chosen by Longest responses" not in said(other) and time.time() < deadline:
        if any(button.label in ("Run", "Run again") and not button.disabled for button in other.button):
            next(button for button in other.button if button.label in ("Run", "Run again")).click()
        time.sleep(0.2)
        other.run()
    assert "**7 rows** chosen by Longest responses" in said(other)


def test_the_page_of_a_row_names_the_round_of_its_pick_as_it_is_stored(synthetic: Synthetic, open_page: Open) -> None:
    for run in synthetic.store.artifacts("selections"):
        stored = synthetic.store.sql(f"FROM {synthetic.store.scan(run)} WHERE rank = 0").to_arrow_table().to_pylist()[0]
        app = open_page(synthetic.store.path, "samples", sample=str(stored["sample_id"]))
        table = next(table.value for table in app.dataframe if "round" in table.value)
        shown = table[table["selection"] == run.manifest.name].to_dict("records")[0]
        assert shown["pick"] == 1
        assert (0 if pd.isna(shown["round"]) else shown["round"]) == stored["round"]  # 0: the method has no rounds


def test_an_export_is_written_to_a_path_and_a_second_one_is_refused(fresh: Synthetic, open_page: Open) -> None:
    target = fresh.store.path.parent / "out.jsonl"
    app = ranked(open_page(fresh.store.path, "select"))
    app.selectbox(key=select_keys.EXPORT_FORMAT).set_value("jsonl").run()
    app.text_input(key=select_keys.EXPORT_PATH).set_value(str(target)).run()
    press(app, "Write")
    assert len(target.read_text("utf-8").splitlines()) == 30
    press(app, "Write")
    assert any("exists already" in error.value for error in app.error)
    app.text_input(key=select_keys.EXPORT_REPO).set_value("some one/mine").run()
    press(app, "Push")
    assert any("USER/NAME" in error.value.replace("\\", "") for error in app.error)


def test_an_export_too_large_for_a_download_says_so_and_is_written_to_a_path(
    fresh: Synthetic, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_panel, "_DOWNLOAD", 100)  # bytes
    target = fresh.store.path.parent / "folder"
    app = ranked(open_page(fresh.store.path, "select"))
    assert any("to a path instead" in info.value for info in app.info)
    assert not app.get("download_button")
    app.selectbox(key=select_keys.EXPORT_FORMAT).set_value("bundle").run()
    app.text_input(key=select_keys.EXPORT_PATH).set_value(str(target)).run()
    press(app, "Write")
    assert (target / "dataset_info.json").is_file()


def test_a_bundle_that_is_downloaded_has_the_extra_columns(fresh: Synthetic) -> None:
    run = fresh.store.artifacts("selections")[0]
    with zipfile.ZipFile(io.BytesIO(export_bytes(fresh.store, run.id, "bundle", ["rank"]))) as archive:
        data = next(name for name in archive.namelist() if name.endswith("selection.json"))
        assert [row["rank"] for row in json.loads(archive.read(data))[:3]] == [0, 1, 2]


def test_rules_that_do_not_fit_are_said_and_nothing_is_ranked(fresh: Synthetic, open_page: Open) -> None:
    app = ranked(open_page(fresh.store.path, "select", method="random"))
    app.text_input(key=select_keys.OPTION["must_cover"]).set_value("x").run()
    assert not app.exception
    assert any("cannot be read" in error.value for error in app.error)
    assert any("options do not fit" in info.value for info in app.info)


def test_what_an_address_says_wrongly_is_ignored(fresh: Synthetic, open_page: Open) -> None:
    app = open_page(fresh.store.path, "select", method="longest", must_cover="x", min_per_source="-2")
    warnings = " ".join(toast.value.replace("\\", "") for toast in app.toast)
    assert "must_cover=x" in warnings and "min_per_source=-2" in warnings
    assert "chosen by Longest responses" in said(ranked(app))


def test_two_selections_are_shown_side_by_side_and_the_report_is_whole(synthetic: Synthetic, open_page: Open) -> None:
    from explorer.ui import context
    from explorer.ui.compare import comparison

    app = open_page(synthetic.store.path, "compare")
    assert not app.exception
    assert "of 30 not in the other selection" in said(app)
    view = context.View.newest(synthetic.store)
    runs = list(view.selections)
    text = comparison.report_of(view, runs, comparison.sides_of(view, runs, 1.0), {}, [], "")
    assert text.startswith("<!doctype html>") and "longest, 30 rows" in text and "<script" not in text


def test_rows_are_counted_by_exactly_who_holds_them() -> None:
    from explorer.figures.comparison import combinations

    found = combinations([{1, 2, 3}, {3, 4}, {3}], 10)
    assert dict(found) == {(True, False, False): 2, (False, True, False): 1, (True, True, True): 1}
    assert found[0] == ((True, False, False), 2)
    assert len(combinations([{1}, {2}, {3}], 2)) == 2
