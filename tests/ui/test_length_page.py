from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from scipy import stats

from explorer.length.statistics import correlations
from explorer.pipeline.length import length
from explorer.ui.context import View
from explorer.ui.length import outliers_table, scatter, scatter_canvas
from explorer.ui.length import reads as length_reads
from explorer.ui.widgets import canvas
from explorer.workspace import Snapshot, Store, marks
from tests.length.workspaces import N, made_up

POOR = 12  # planted rows: long but poor in features

Drawn = list[tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """What the scatter was given, in place of a browser."""
    calls: Drawn = []
    monkeypatch.setattr(scatter_canvas, "draw", lambda key, spec, tables: calls.append((dict(spec), dict(tables))))
    return calls


@pytest.fixture
def planted(tmp_path: Path) -> Store:
    """A workspace with outliers that are known: its last rows."""
    return made_up(tmp_path / "workspace", "matters", poor=POOR)


def text_of(app: Any) -> str:
    return "\n".join(element.value for element in app.markdown)


def above(store: Store, threshold: float, segment: str = "response") -> list[int]:
    """Features of each row above a threshold, read from the pairs."""
    snapshot = Snapshot.newest(store)
    pairs = snapshot.table("pairs").to_arrow_table()
    inside = np.isin(pairs["segment"].to_pylist(), ["prompt", "response"] if segment == "all" else [segment])
    kept = inside & (pairs["max_act"].to_numpy().astype(float) > threshold)
    features = set(zip(pairs["sample_id"].to_numpy()[kept], pairs["feature_id"].to_numpy()[kept], strict=True))
    return np.bincount([int(row) for row, _ in features], minlength=snapshot.rows).tolist()


def response_tokens(store: Store) -> np.ndarray:
    return Snapshot.newest(store).table("samples").to_arrow_table()["response_tokens"].to_numpy().astype(float)


def test_the_page_gives_r_with_its_bootstrap_interval(synthetic, open_page) -> None:
    app = open_page(synthetic.store.path, "length")
    assert not app.exception
    store = Store.open(synthetic.store.path)
    x, y = response_tokens(store), np.array(above(store, Snapshot.newest(store).threshold))
    r = correlations(x, y, {}, rng=np.random.default_rng([0, 0])).overall[0]
    assert r.value == pytest.approx(stats.pearsonr(x, y)[0])
    assert f"r = {r.value:.3f}" in text_of(app)
    assert f"95% interval {r.low:.3f} to {r.high:.3f}" in text_of(app)
    assert f"{y.mean():,.0f} active features per row on average" in text_of(app)


def test_the_summary_can_be_copied_and_is_that_of_the_command_line(synthetic, open_page) -> None:
    app = open_page(synthetic.store.path, "length")
    assert length(Store.open(synthetic.store.path)).summary in [code.value for code in app.code]


@pytest.mark.parametrize("segment", ["response", "all"])
def test_every_stop_of_the_slider_shows_what_the_command_line_prints(synthetic, segment: str) -> None:
    view = View.newest(Store.open(synthetic.store.path))
    thresholds = length_reads.counts(view, segment).thresholds
    for stop in (0, len(thresholds) // 3, len(thresholds) - 1):
        printed = length(view.store, threshold=float(thresholds[stop]), segment=segment)
        assert length_reads.result(view, segment, stop) == printed


def test_every_control_of_the_length_page_shows_what_it_says(synthetic, open_page, drawn: Drawn) -> None:
    app = open_page(synthetic.store.path, "length")
    store = Store.open(synthetic.store.path)

    def turned(key: str, value: str) -> str:
        app.session_state[key] = value
        app.run()
        assert not app.exception, (key, value)
        return text_of(app)

    for unit in ("characters", "log of tokens"):
        assert f"Response length ({unit})" in turned("length_unit", unit)
    for colour in ("source", "cluster", "quality"):
        turned("length_grouping", colour)
        assert f"coloured by {colour}" in drawn[-1][0]["alt"] and "values" in drawn[-1][1]
    for segment, words in (("prompt", "the prompt"), ("all", "prompt and response")):
        assert f"how many features {words} activates" in turned("length_segment", segment)
        threshold = float(drawn[-1][0]["stamp"].split()[-1])
        assert drawn[-1][1]["heights"]["y"].to_pylist() == above(store, threshold, segment)
    turned("length_inside_kind", "scatter")
    assert any("r = " in chart.proto.spec for chart in app.get("plotly_chart"))
    for factor in ("cluster", "source"):
        assert f"Given the {factor}, r is" in turned("length_inside", factor)
    turned("length_residuals", "short but rich in features")
    assert any("short but rich in features" in box.value for box in [*app.info, *app.caption])


def test_all_long_rows_that_are_poor_in_features_are_banned_and_cleared_with_one_click(
    planted: Store, open_page
) -> None:
    app = open_page(planted.path, "length")
    samples = Snapshot.newest(planted).require("samples")
    (ban,) = [button for button in app.button if button.label == f"Ban all {POOR}"]
    ban.click().run()
    assert not app.exception
    assert marks.read(planted, samples).banned == tuple(range(N - POOR, N))
    assert any(f"{POOR} rows long but poor in features; 0 pinned, {POOR} banned" in c.value for c in app.caption)
    (clear,) = [button for button in app.button if button.label == "Clear pins and bans"]
    clear.click().run()
    assert marks.read(planted, samples).banned == ()


def test_outliers_that_hide_the_relation_are_warned_of(planted: Store, open_page) -> None:
    app = open_page(planted.path, "length")
    (warning,) = [re.sub(r"\\", "", box.value) for box in app.warning]
    assert warning.startswith(f"{POOR} long responses have far fewer features than the trend predicts for their length")
    assert warning.endswith("they hide the relation.")
    x, y, others = response_tokens(planted), np.array(above(planted, 2.0)), np.arange(N) < N - POOR
    r, without = stats.pearsonr(x, y)[0], stats.pearsonr(x[others], y[others])[0]
    assert f"r is {without:.2f} instead of {r:.2f}" in warning
    assert f"or **{without:.2f}** without the {POOR} outliers" in text_of(app)


def test_a_click_on_a_row_pins_bans_and_clears(fresh, monkeypatch) -> None:
    store = Store.open(fresh.store.path)
    view = View.newest(store)
    ids = np.array([5, 9])

    def click(name: str, row: int) -> marks.Marks:
        monkeypatch.setattr(st, "session_state", {f"length_{name}": {"row": row}})
        outliers_table._clicked(view, name, ids)
        return marks.read(store, Snapshot.newest(store).require("samples"))

    assert click("ban", 1).banned == (9,)
    assert click("pin", 1).pinned == (9,) and click("pin", 0).pinned == (5, 9)
    after = click("pin", 1)
    assert (after.pinned, after.banned) == ((5,), ())


def test_a_row_that_was_clicked_open_is_shown(planted: Store, open_page) -> None:
    app = open_page(planted.path, "length")
    app.session_state["length_row"] = 1 + 5
    app.run()
    assert not app.exception
    assert "What is in row 5?" in [title.value for title in app.title]


class _Elements(HTMLParser):
    """Elements of a page by name, with the text outside of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data


def test_the_report_of_a_hostile_workspace_holds_no_element_of_it(synthetic, tmp_path) -> None:
    from typer.testing import CliRunner

    from explorer.cli import app

    target = tmp_path / "report.html"
    arguments = ["length", "-w", str(synthetic.store.path), "--report", str(target), "--json", "--progress", "none"]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.output
    assert json.loads(outcome.stdout.splitlines()[-1])["report"] == str(target)
    page = target.read_text("utf-8")
    assert "window.__owned" in page, "the hostile rows are in the report, as text"
    elements = _Elements()
    elements.feed(page)
    assert not {"img", "b"} & set(elements.names) and not elements.handlers
    bodies = re.findall(r"<script([^>]*)>(.*?)</script>", page, flags=re.S)
    assert all("application/json" in attributes for attributes, body in bodies if "window.__owned" in body)
    assert "95% interval" in elements.text


def test_a_threshold_sends_the_heights_of_every_row_and_no_lengths_again(synthetic, open_page, drawn: Drawn) -> None:
    app = open_page(synthetic.store.path, "length")
    store = Store.open(synthetic.store.path)
    for threshold in (1.0, 2.0):
        app.slider(key="length_threshold").set_value(threshold).run()
        assert not app.exception
        spec, tables = drawn[-1]
        assert float(spec["stamp"].split()[-1]) == threshold
        assert tables["heights"]["y"].to_pylist() == above(store, threshold)
        assert tables["heights"]["y"].type.bit_width == 16
        assert set(tables) == {"heights", "curve0", "curve1"}
        assert [curve["dashed"] for curve in spec["curves"]] == [False, True]
    (before, _), (after, _) = drawn[-2:]
    assert before["frame"] == after["frame"] and before["points"] == after["points"]
    assert before["stamp"] != after["stamp"]


def test_a_threshold_that_moves_counts_resamples_and_reads_nothing_again(synthetic, monkeypatch) -> None:
    from explorer.length import analysis
    from explorer.ui.length import reads

    view = View.newest(Store.open(synthetic.store.path))
    reads.at(view, 1.0, "response", "tokens")
    refused = {"correlate": analysis, "feature_sets": reads}
    for name, module in refused.items():
        monkeypatch.setattr(module, name, lambda *rest, **options: pytest.fail("a look-up is enough"))
    for threshold in (2.5, 3.5):
        assert reads.at(view, threshold, "response", "tokens").features.tolist() == above(view.store, threshold)


def test_units_and_colours_say_what_they_are(synthetic, open_page, drawn: Drawn) -> None:
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


def test_a_large_dataset_draws_an_even_sample_and_says_so(synthetic, open_page, drawn: Drawn, monkeypatch) -> None:
    carried = []
    monkeypatch.setattr(scatter, "POINTS", 100)
    monkeypatch.setattr(canvas, "carry", lambda key, points: carried.append(points))
    app = open_page(synthetic.store.path, "length")
    assert not app.exception
    points, (_, tables) = carried[-1], drawn[-1]
    ids = points["id"].to_numpy()
    store = Store.open(synthetic.store.path)
    assert len(ids) == 100 == tables["heights"].num_rows and len(set(ids.tolist())) == 100
    assert points["tokens"].to_pylist() == response_tokens(store)[ids].tolist()
    assert tables["heights"]["y"].to_pylist() == np.array(above(store, 1.0))[ids].tolist()
    assert any(f"Shows 100 of {len(synthetic.tokens)} rows" in caption.value for caption in app.caption)


def test_a_click_on_a_point_opens_its_row_and_nothing_else_does(synthetic, open_page, monkeypatch) -> None:
    clicks: list[Any] = [7]
    monkeypatch.setattr(scatter_canvas, "draw", lambda *rest: clicks.pop() if clicks else None)
    app = open_page(synthetic.store.path, "length")
    assert "What is in row 7?" in [title.value for title in app.title]
    for wrong in (-1, len(synthetic.tokens)):
        clicks.append(wrong)
        app = open_page(synthetic.store.path, "length")
        assert not app.exception and "Why does length work?" in [title.value for title in app.title]
