from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from explorer.length.statistics import pearson, signed
from explorer.queries.sets import feature_sets
from explorer.ui import context
from explorer.ui.length import reads as length_reads
from explorer.ui.length import scatter, scatter_canvas
from explorer.ui.length.numbers import grid
from explorer.ui.widgets import canvas
from explorer.workspace import Snapshot, Store, marks


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What the scatter was given, in place of a browser."""
    calls: list[tuple[dict[str, Any], dict[str, Any]]] = []
    monkeypatch.setattr(scatter_canvas, "draw", lambda key, spec, tables: calls.append((dict(spec), dict(tables))))
    return calls


def text_of(app) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_the_page_says_r_with_its_bootstrap_interval(synthetic, open_page) -> None:
    app = open_page(synthetic.store.path, "length")
    assert not app.exception
    store = Store.open(synthetic.store.path)
    activations = Snapshot.newest(store).require("activations")
    sets = feature_sets(Snapshot.newest(store), threshold=0.0)
    counted = grid(sets, activations.manifest.info["default_threshold"])
    stop = counted.stop(activations.manifest.info["default_threshold"])
    tokens = store.sql(f"SELECT response_tokens FROM {store.scan(activations, 'tokens')} ORDER BY sample_id")
    x = np.array([row[0] for row in tokens.fetchall()], dtype=float)
    r = pearson(x, counted.counts[stop], rng=np.random.default_rng([0, 0]))[0]
    assert f"r = {r.value:.3f}" in text_of(app)
    assert f"95 % interval {r.low:.3f} to {r.high:.3f}" in text_of(app)


def test_the_summary_can_be_copied_and_is_that_of_the_command_line(synthetic, open_page) -> None:
    from explorer.pipeline.length import length

    app = open_page(synthetic.store.path, "length")
    said = length(Store.open(synthetic.store.path)).summary
    assert said in [code.value for code in app.code]


def test_every_control_of_the_length_page_leaves_it_whole(synthetic, open_page) -> None:
    app = open_page(synthetic.store.path, "length")
    for key, values in {
        "length_unit": ["characters", "log of tokens"],
        "length_grouping": ["source", "cluster", "quality"],
        "length_segment": ["prompt", "all"],
        "length_inside_kind": ["scatter"],
        "length_residuals": ["short but rich in features"],
    }.items():
        for value in values:
            app.session_state[key] = value
            app.run()
            assert not app.exception, (key, value)


def test_all_long_rows_that_say_little_are_banned_with_one_click(fresh, open_page) -> None:
    app = open_page(fresh.store.path, "length")
    buttons = [button for button in app.button if button.label.startswith("Ban all")]
    store = Store.open(fresh.store.path)
    if buttons:
        buttons[0].click().run()
        found = marks.read(store, Snapshot.newest(store).require("samples"))
        assert len(found.banned) == int(re.sub(r"\D", "", buttons[0].label))
        assert not app.exception
    else:
        assert any("none lies more than three" in info.value for info in app.info)


def test_a_click_on_a_row_pins_bans_and_lifts(fresh, open_page, monkeypatch) -> None:
    import streamlit as st

    from explorer.ui.context import View
    from explorer.ui.length import residuals

    store = Store.open(fresh.store.path)
    view = View.newest(store)
    ids = np.array([5, 9])

    def click(name: str, row: int):
        monkeypatch.setattr(st, "session_state", {f"length_{name}": {"row": row}})
        residuals._clicked(view, name, ids)
        return marks.read(store, Snapshot.newest(store).require("samples"))

    assert click("ban", 1).banned == (9,)
    assert click("pin", 1).pinned == (9,) and click("pin", 0).pinned == (5, 9)
    found = click("pin", 1)
    assert (found.pinned, found.banned) == ((5,), ())


def test_the_report_of_a_hostile_workspace_holds_no_element_of_it(synthetic, tmp_path) -> None:
    from typer.testing import CliRunner

    from explorer.cli import app

    target = tmp_path / "report.html"
    arguments = ["length", "-w", str(synthetic.store.path), "--report", str(target), "--json", "--progress", "none"]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.output
    assert json.loads(outcome.stdout.splitlines()[-1])["report"] == str(target)
    text = target.read_text("utf-8")
    body = text[text.index("<body>") :]
    assert "window.__owned" not in re.sub(
        r"&lt;.*?&gt;", "", re.sub(r"<script type=.*?</script>", "", body, flags=re.S)
    )
    assert "<b>hostile" not in body


def test_a_row_that_was_clicked_open_is_shown(synthetic, open_page) -> None:
    app = open_page(synthetic.store.path, "length")
    app.session_state["length_row"] = 1 + 5
    app.run()
    assert not app.exception
    if [box for box in app.info if "none lies more than three" in box.value]:
        return  # no row is listed, so none can be clicked
    assert "What is in row 5?" in [title.value for title in app.title]


def test_a_threshold_sends_the_heights_of_every_row_and_no_lengths_again(synthetic, open_page, drawn) -> None:
    app = open_page(synthetic.store.path, "length")
    snapshot = Snapshot.newest(Store.open(synthetic.store.path))
    for threshold in (1.0, 2.0):
        app.slider(key="length_threshold").set_value(threshold).run()
        assert not app.exception
        spec, tables = drawn[-1]
        seen = float(spec["stamp"].split()[-1])
        sets = feature_sets(snapshot, threshold=seen)
        assert tables["heights"]["y"].to_pylist() == sets.sizes.tolist()
        assert tables["heights"]["y"].type.bit_width == 16
        assert set(tables) == {"heights", "curve0", "curve1"}
        assert [curve["dashed"] for curve in spec["curves"]] == [False, True]
    (before, _), (after, _) = drawn[-2:]
    assert before["frame"] == after["frame"] and before["points"] == after["points"]
    assert before["stamp"] != after["stamp"]


def test_units_and_colours_say_what_they_are(synthetic, open_page, drawn) -> None:
    app = open_page(synthetic.store.path, "length")
    app.session_state["length_unit"] = "characters"
    app.session_state["length_grouping"] = "cluster"
    app.run()
    spec, tables = drawn[-1]
    assert spec["titles"]["x"] == "response length (characters)" and spec["curves"] == [] and not spec["log"]
    assert spec["look"]["kind"] == "category" and len(spec["look"]["names"]) <= 8
    assert tables["values"]["value"].to_numpy().max() == len(spec["look"]["names"]) - 1
    app.session_state["length_unit"] = "log of tokens"
    app.session_state["length_grouping"] = "quality"
    app.run()
    spec, tables = drawn[-1]
    assert spec["log"] and spec["measure"] == "tokens" and len(spec["curves"]) == 2
    assert spec["look"]["kind"] == "magnitude" and spec["look"]["title"] == "quality"
    assert "coloured by quality" in spec["alt"] and "r = " in spec["alt"]


def test_a_large_dataset_draws_an_even_share_and_says_so(synthetic, open_page, drawn, monkeypatch) -> None:
    carried = []
    monkeypatch.setattr(scatter, "POINTS", 100)
    monkeypatch.setattr(canvas, "carry", lambda key, points: carried.append(points))
    app = open_page(synthetic.store.path, "length")
    assert not app.exception
    points, (_, tables) = carried[-1], drawn[-1]
    ids = points["id"].to_numpy()
    view = context.View.newest(Store.open(synthetic.store.path))
    assert len(ids) == 100 == tables["heights"].num_rows and len(set(ids.tolist())) == 100
    assert points["tokens"].to_pylist() == length_reads.lengths(view, "tokens")[ids].tolist()
    assert any(f"100 of {view.rows} rows are drawn" in caption.value for caption in app.caption)


def test_a_click_on_a_point_opens_its_row_and_nothing_else_does(synthetic, open_page, monkeypatch) -> None:
    said: list[Any] = [7]
    monkeypatch.setattr(scatter_canvas, "draw", lambda *rest: said.pop() if said else None)
    app = open_page(synthetic.store.path, "length")
    assert "What is in row 7?" in [title.value for title in app.title]
    for wrong in (-1, len(synthetic.tokens)):
        said.append(wrong)
        app = open_page(synthetic.store.path, "length")
        assert not app.exception and "Why does length work?" in [title.value for title in app.title]


def test_a_correlation_is_written_with_a_minus_sign() -> None:
    assert [signed(value) for value in (0.926, -0.014, -0.001)] == ["0.93", "\N{MINUS SIGN}0.01", "0.00"]
    assert signed(-0.5, 3) == "\N{MINUS SIGN}0.500"
