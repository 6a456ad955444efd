"""Every page, on a small synthetic workspace: it comes up, says something true, and its controls do what they say."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from streamlit.testing.v1 import AppTest

from explorer.options.verbs import ExtractOptions, LabelOptions
from explorer.pipeline.differences import differences
from explorer.pipeline.ingest import ingest
from explorer.queries import features, occurrences, sets
from explorer.queries.rankings import read_ranking
from explorer.ui import display, jobs
from explorer.ui.differences import keys as differences_keys
from explorer.ui.features import keys as features_keys
from explorer.ui.overview import keys as overview_keys
from explorer.ui.overview import next_step
from explorer.ui.select import keys as select_keys
from explorer.workspace import Snapshot, Store, marks
from tests.synthetic import THRESHOLD, TOPICS, Synthetic
from tests.ui.conftest import linked, tables

Open = Callable[..., AppTest]
PAGES = ["overview", "features", "samples", "map", "length", "select", "compare", "differences", "probe"]
PAGES += ["refine", "results"]


def said(app: AppTest) -> str:
    """All Markdown of the page as one text."""
    return "\n".join(element.value for element in [*app.markdown, *app.caption])


@pytest.mark.parametrize("page", PAGES)
def test_every_page_comes_up_with_a_question_and_without_an_error(
    page: str, synthetic: Synthetic, open_page: Open
) -> None:
    app = open_page(synthetic.store.path, page)
    assert not app.exception
    assert app.title[0].value.endswith("?")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_to_do_where_there_is_no_workspace(page: str, tmp_path: Path, open_page: Open) -> None:
    folder = tmp_path / "something else"
    folder.mkdir()
    (folder / "a file").touch()
    app = open_page(folder, page)
    assert not app.exception
    assert app.title and any("not a workspace" in error.value for error in app.error)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_what_to_do_in_an_empty_workspace(page: str, tmp_path: Path, open_page: Open) -> None:
    Store.create(tmp_path / "empty")
    app = open_page(tmp_path / "empty", page)
    assert not app.exception
    if page == "overview":
        assert app.text_input(key=overview_keys.PATH) is not None
    else:
        assert app.title[0].value == "This workspace has no dataset yet"
        assert app.code[-1].value == f"python -m explorer ingest SOURCE -w {tmp_path / 'empty'}"


@pytest.mark.parametrize(
    ("page", "noun", "command"),
    [("features", "activations", "extract"), ("map", "activations", "extract"), ("select", "activations", "extract")],
)
def test_a_page_names_the_missing_step_and_the_command_that_makes_it(
    page: str, noun: str, command: str, tmp_path: Path, open_page: Open
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text('{"instruction": "Say a word.", "output": "Word."}', "utf-8")
    store = Store.create(tmp_path / "workspace")
    ingest(store, str(source))
    app = open_page(store.path, page)
    assert app.title[0].value == f"This workspace has no {noun} yet"
    assert app.code[-1].value == f"python -m explorer {command} -w {store.path}"


def test_the_overview_counts_rows_and_dropped_rows(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path)
    numbers = {metric.label: metric.value for metric in app.metric}
    assert numbers["Rows"] == str(len(synthetic.tokens))
    assert numbers["Dropped at import"] == "4"


def test_the_feature_index_finds_a_feature_by_its_word(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "features", q="luggage")
    table = linked(app, "Features, one per row")
    assert synthetic.feature_of["luggage"] in [row["Feature"] for row in table]
    assert len(table) < len(synthetic.feature_of)


def test_a_feature_page_shows_its_share_as_counted_by_hand(synthetic: Synthetic, open_page: Open) -> None:
    feature = synthetic.feature_of["luggage"]
    app = open_page(synthetic.store.path, "features", feature=str(feature))
    row = features.feature(Snapshot.newest(synthetic.store), feature, {})
    assert row is not None
    assert app.title[0].value == display.md(row["label"]) and row["label"].startswith("luggage (")
    assert f"{row['n_samples']} rows" in said(app)


def test_an_unknown_feature_and_an_unknown_row_are_said_to_be_unknown(synthetic: Synthetic, open_page: Open) -> None:
    for page, query in (("features", {"feature": "99999"}), ("samples", {"sample": "99999"})):
        app = open_page(synthetic.store.path, page, **query)
        assert not app.exception
        assert app.title[0].value.startswith("There is no such")


def test_nonsense_in_the_address_opens_the_list(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "features", feature="<script>")
    assert not app.exception
    assert app.title[0].value == "Which features does this data activate?"


def test_a_label_of_the_user_wins_and_is_kept(fresh: Synthetic, open_page: Open) -> None:
    feature = fresh.feature_of["moon"]
    app = open_page(fresh.store.path, "features", feature=str(feature))
    app.text_input(key=f"{features_keys.LABEL}_{feature}").set_value("the **night** sky")
    app.button(key="save_label").click()
    app.run()
    assert app.title[0].value == r"the \*\*night\*\* sky"
    assert open_page(fresh.store.path, "features", feature=str(feature)).title[0].value == r"the \*\*night\*\* sky"


def test_text_of_the_dataset_never_reaches_the_page_as_markup(synthetic: Synthetic, open_page: Open) -> None:
    first = len(synthetic.tokens) - 6
    for row in range(first, len(synthetic.tokens)):
        app = open_page(synthetic.store.path, "samples", sample=str(row))
        assert not app.exception
        shown = "".join(str(getattr(element, "value", "")) for element in app.get("html"))
        assert "<script>" not in shown and "<img" not in shown
        assert "<b>hostile" not in said(app)


def test_the_map_offers_what_the_workspace_has(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "map")
    assert not app.exception
    for colour in ("source", "length", "feature count", "quality", "one feature", "selected by", "rank"):
        app = open_page(synthetic.store.path, "map", colour=colour)
        assert not app.exception


def _until_ranked(app: AppTest) -> AppTest:
    deadline = time.time() + 120
    while "cover **" not in said(app) and time.time() < deadline:
        time.sleep(0.3)
        app.run()
    return app


def test_the_select_page_ranks_and_keeps_what_it_shows(fresh: Synthetic, open_page: Open) -> None:
    app = _until_ranked(open_page(fresh.store.path, "select"))
    assert "SAE\\-GreedSelect" in said(app) or "SAE-GreedSelect" in said(app)
    before = len(fresh.store.artifacts("selections"))
    app.text_input(key=select_keys.NAME).set_value("first try")
    app.button(key="save_selection").click()
    app.run()
    assert not app.exception
    runs = fresh.store.artifacts("selections")
    assert len(runs) == before + 1
    assert runs[-1].manifest.name == "first try"
    assert runs[-1].manifest.parameters["threshold"] == THRESHOLD


def test_the_compare_page_says_how_much_two_selections_share(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "compare")
    shared = len(set.intersection(*(set(read_ranking(run)) for run in synthetic.store.artifacts("selections"))))
    assert f"{shared} row" in said(app)


def test_feature_counts_are_those_of_the_words(synthetic: Synthetic) -> None:
    from tests.synthetic import strength

    counts = sets.feature_counts(Snapshot.newest(synthetic.store), THRESHOLD, "response")
    known = synthetic.feature_of
    for row in (0, 7, 33):
        mine = {
            known[w] for p, w in enumerate(synthetic.tokens[row]) if w in known and strength(w, known[w], p) > THRESHOLD
        }
        assert counts[row] == len(mine)
    assert isinstance(counts, np.ndarray)


def test_how_a_file_will_be_read_is_shown_before_it_is(fresh: Synthetic, open_page: Open) -> None:
    source = fresh.store.path.parent / f"{fresh.store.path.name}-source.jsonl"
    app = open_page(fresh.store.path)
    app.text_input(key=overview_keys.PATH).set_value(str(source)).run()
    assert not app.exception
    assert "is read as **alpaca**" in said(app)
    assert any(button.label == "Import and process" for button in app.button)
    assert not list((fresh.store.path.parent / "home").glob("*/workspace.json"))


def test_an_empty_folder_begins_with_bringing_data_into_it(tmp_path: Path, open_page: Open) -> None:
    source, folder = tmp_path / "rows.jsonl", tmp_path / "mine"
    source.write_text('{"instruction": "Say a word.", "output": "Word."}', "utf-8")
    app = open_page(folder)
    assert not app.exception and "no workspace here yet" not in said(app)
    app.text_input(key=overview_keys.PATH).set_value(str(source)).run()
    assert app.text_input(key=f"{overview_keys.TARGET}_rows").value == str(folder)


def test_a_page_that_waits_for_a_job_shows_it(tmp_path: Path, open_page: Open) -> None:
    store = Store.create(tmp_path / "workspace")
    folder = store.path / ".jobs" / "one"
    folder.mkdir(parents=True)
    about = {"title": "Importing rows", "steps": [["extract"]], "state": jobs.RUNNING, "step": 0}
    (folder / "job.json").write_text(json.dumps({**about, "created": time.time()}), "utf-8")
    (folder / "pid").write_text("0", "utf-8")
    with open(folder / "lock", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a job that is alive holds it
        app = open_page(store.path, "select")
        assert not app.exception
        assert "Importing rows" in said(app)
        assert any("A job is running" in info.value for info in app.info)


def test_a_model_needs_its_sae_and_both_must_be_there(fresh: Synthetic, open_page: Open) -> None:
    app = open_page(fresh.store.path)
    source = fresh.store.path.parent / f"{fresh.store.path.name}-source.jsonl"
    app.text_input(key=overview_keys.PATH).set_value(str(source)).run()
    app.text_input(key=f"{overview_keys.TARGET}_model").set_value("/nowhere/at all").run()
    assert any("does not exist" in error.value for error in app.error)
    app.text_input(key=f"{overview_keys.TARGET}_model").set_value(str(fresh.store.path.parent)).run()
    assert any("Name the model and the SAE" in error.value for error in app.error)


def test_the_steps_of_a_job_carry_the_model_to_the_verbs_that_load_it() -> None:
    options = {"extract": ExtractOptions("m", "s"), "label": LabelOptions("m")}
    steps = next_step.lines(next_step.STEPS, Path("w"), options)
    assert steps[:3] == [
        ["extract", "-w", "w", "--model", "m", "--sae", "s"],
        ["label", "-w", "w", "--model", "m"],
        ["embed", "-w", "w"],
    ]


def test_a_source_that_is_not_there_is_said_in_one_line(fresh: Synthetic, open_page: Open) -> None:
    app = open_page(fresh.store.path)
    app.text_input(key=overview_keys.PATH).set_value("/nowhere/at all.jsonl").run()
    assert not app.exception
    assert len(app.error) == 1


def test_the_differences_page_says_what_separates_a_cluster_from_the_rest(
    synthetic: Synthetic, open_page: Open
) -> None:
    travel = int(synthetic.cluster[0])
    app = open_page(synthetic.store.path, "differences", a=f"cluster:{travel}", b="rest")
    assert not app.exception
    assert "more common in" in said(app)
    first = linked(app, next(alt for alt in tables(app) if alt.startswith("More in cluster")))[0]
    assert first["Feature"] in {synthetic.feature_of[word] for word in TOPICS["travel"].split()}
    app.toggle(key=differences_keys.LENGTH).set_value(True).run()
    assert not app.exception
    assert "at equal length" in said(app)


def test_a_group_that_is_not_there_is_said_and_breaks_nothing(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "differences", a="cluster:99", b="<script>alert(1)</script>")
    assert not app.exception
    assert len(app.info) == 1


def test_the_index_is_filtered_by_where_a_label_is_from_and_by_cluster(fresh: Synthetic, open_page: Open) -> None:
    app = open_page(fresh.store.path, "features", label_source="user")
    assert any("No matching feature" in block.value for block in app.info)
    app = open_page(fresh.store.path, "features")
    app.selectbox(key=features_keys.CLUSTER).select(str(int(fresh.cluster[0]))).run()
    shown = {row["Feature"] for row in linked(app, "Features, one per row")}
    apart = differences(fresh.store, f"cluster:{fresh.cluster[0]}", "rest", limit=1000).more_in_a
    assert shown and shown <= {row["feature_id"] for row in apart}


def test_the_feature_map_says_what_to_do_where_there_are_no_directions(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "features", view="map")
    assert not app.exception
    assert any("explorer label" in block.value for block in app.code)


def test_a_feature_page_names_the_first_pick_of_each_selection(synthetic: Synthetic, open_page: Open) -> None:
    feature = synthetic.feature_of["moon"]
    app = open_page(synthetic.store.path, "features", feature=str(feature))
    table = linked(app, "Saved selections that cover this feature")
    snapshot = Snapshot.newest(synthetic.store)
    values = occurrences.feature_values(snapshot, feature, "response")
    having = set(values.filter(_above)["sample_id"].to_pylist())
    runs = {run.manifest.name: read_ranking(run).tolist() for run in snapshot.selections}
    for row in table:
        picks = runs[str(row["Selection"])]
        assert row["Row"] == next(i for i in picks if i in having)
        assert row["Rows with it"] == sum(i in having for i in picks)


_above = pc.field("max_act") > THRESHOLD


def test_a_row_is_pinned_on_its_page(fresh: Synthetic, open_page: Open) -> None:
    app = open_page(fresh.store.path, "samples", sample="4")
    app.button(key="row_pin").click().run()
    assert not app.exception
    assert marks.read(fresh.store, Snapshot.newest(fresh.store).require("samples")).pinned == (4,)


def test_a_row_page_lists_rows_like_it_and_names_near_duplicates(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "samples", sample="5")
    assert not app.exception
    assert "near-duplicate" in said(app)
    assert "shared with row" in said(app)


def test_the_probe_page_says_how_to_get_the_model(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "probe", sample="3")
    assert not app.exception
    assert any("Model not available" in block.value for block in app.subheader)
    assert any("hf download" in block.value or "pip install" in block.value for block in app.code)
