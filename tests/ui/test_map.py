"""The map page: what is drawn, what a region and a cluster show, and what large sets send instead of points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from explorer.maps.polygon import inside
from explorer.ui import context
from explorer.ui.map import colours, map_canvas, map_panel
from explorer.ui.map import keys as map_keys
from explorer.ui.map import reads as map_reads
from explorer.workspace import marks
from tests.synthetic import Synthetic

Open = Callable[..., AppTest]
LEFT = [[-1e6, -1e6], [0.0, -1e6], [0.0, 1e6], [-1e6, 1e6]]  # everything left of 0


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What the canvas was given, in place of a browser."""
    calls: list[tuple[dict[str, Any], dict[str, Any]]] = []
    monkeypatch.setattr(map_canvas, "draw", lambda key, spec, tables: calls.append((dict(spec), dict(tables))))
    return calls


def place_of(made: Synthetic) -> str:
    view = context.View.newest(made.store)
    assert view.projection is not None
    return map_panel._place(view, view.projection)


def say(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    """Let the browser have said something of the map."""
    monkeypatch.setattr(map_canvas, "_state", lambda key: values)


def test_every_colouring_sends_one_value_a_row_or_the_picks(
    synthetic: Synthetic, open_page: Open, drawn: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = context.View.newest(synthetic.store)
    for colour in colours.options(view):
        app = open_page(synthetic.store.path, "map", colour=colour)
        assert not app.exception
        spec, tables = drawn[-1]
        if colour in ("selected by", "rank"):
            assert tables["picks0"].num_rows == 30 and "values0" not in tables
        else:
            assert tables["values0"].num_rows == len(synthetic.tokens)
        assert spec["stamp"].startswith(colour) and "bins" not in tables


def test_categories_past_eight_have_shapes_and_names_for_every_code(synthetic: Synthetic) -> None:
    view = context.View.newest(synthetic.store)
    codes, names = map_reads.cluster_codes(view)
    assert codes.min() == 0 and codes.max() == len(names) - 1
    look = colours.category("cluster", codes, tuple(f"c{i}" for i in range(20))).spec
    assert len(look["colours"]) == 8 and len(look["symbols"]) * len(look["colours"]) >= 20


def test_a_region_lists_its_rows_and_pins_them(
    fresh: Synthetic, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(monkeypatch, region={"polygons": [LEFT], "place": place_of(fresh)})
    view = context.View.newest(fresh.store)
    assert view.projection is not None and view.samples is not None
    x, y = map_reads.places(view, view.projection)
    expected = np.flatnonzero(inside(x, y, [LEFT]))
    assert 0 < len(expected) < view.rows
    app = open_page(fresh.store.path, "map")
    assert not app.exception
    assert any(heading.value == f"{len(expected)} rows in the region" for heading in app.subheader)
    app.button(key="region_pin").click().run()
    assert marks.read(fresh.store, view.samples).pinned == tuple(expected.tolist())
    app.button(key="region_ban").click().run()
    assert marks.read(fresh.store, view.samples).banned == tuple(expected.tolist())
    app.button(key="region_clear").click().run()
    assert marks.read(fresh.store, view.samples).banned == ()


@pytest.mark.parametrize(
    "said",
    [
        None,
        "nonsense",
        {"polygons": [[[0, 0], [1, 1]]]},
        {"polygons": [[["a", 0], [1, 1], [2, 2]]]},
        {"polygons": [[[float("nan"), 0], [1, 1], [2, 2]]]},
        {"polygons": 3},
        {"id": 10**9},
    ],
)
def test_a_region_that_makes_no_sense_is_no_region(
    said: Any, synthetic: Synthetic, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = {**said, "place": place_of(synthetic)} if isinstance(said, dict) else said
    say(monkeypatch, region=value, frame=[1, "x"])
    app = open_page(synthetic.store.path, "map")
    assert not app.exception
    assert not any("in the region" in heading.value for heading in app.subheader)


def test_the_address_of_a_cluster_opens_its_card(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "map", cluster="2")
    assert not app.exception
    size = int((synthetic.cluster == 2).sum())
    said = [heading.value for heading in app.subheader]
    assert any(f"{size} rows" in text for text in said)
    assert {"Distinctive features", "Selections"} <= set(said)
    app.button(key="cluster_close").click().run()
    assert "cluster" not in app.query_params and not any("Distinctive" in h.value for h in app.subheader)


def test_the_address_names_the_feature_and_the_selections(synthetic: Synthetic, open_page: Open, drawn: list) -> None:
    feature = synthetic.feature_of["luggage"]
    open_page(synthetic.store.path, "map", colour="one feature", on_map=str(feature))
    assert drawn[-1][0]["panels"][0]["title"] == f"activation of {feature}"
    runs = context.View.newest(synthetic.store).selections
    open_page(synthetic.store.path, "map", colour="rank", picks=runs[0].manifest.name, beside=runs[1].manifest.name)
    assert [panel["run"] for panel in drawn[-1][0]["panels"]] == [run.id for run in runs]


def test_a_cluster_that_is_not_there_is_no_cluster(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "map", cluster="999")
    assert not app.exception
    assert not any("Distinctive" in heading.value for heading in app.subheader)


def test_a_large_map_sends_its_density_and_points_where_few_are_in_view(
    synthetic: Synthetic, open_page: Open, drawn: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_panel, "POINTS", 50)
    monkeypatch.setattr(map_panel, "SEEN", 60)
    rows = len(synthetic.tokens)
    open_page(synthetic.store.path, "map", colour="length")
    spec, tables = drawn[-1]
    assert tables["bins"]["n"].to_numpy().sum() == rows and "points" not in tables and spec["asks_frame"]
    view = context.View.newest(synthetic.store)
    assert view.projection is not None
    x, y = map_reads.places(view, view.projection)
    frame = [float(x[0]) - 0.01, float(x[0]) + 0.01, float(y[0]) - 0.01, float(y[0]) + 0.01]
    say(monkeypatch, frame=frame)
    open_page(synthetic.store.path, "map", colour="length")
    _, tables = drawn[-1]
    assert "bins" not in tables and 0 in tables["points"]["id"].to_pylist()
    assert tables["values0"].num_rows == tables["points"].num_rows < 60
    say(monkeypatch)
    open_page(synthetic.store.path, "map", colour="length", cluster="2")
    _, tables = drawn[-1]
    assert tables["points"]["id"].to_pylist() == np.flatnonzero(synthetic.cluster == 2).tolist()


def test_what_k_rests_on_is_worked_out_when_it_is_asked_for(synthetic: Synthetic, open_page: Open) -> None:
    app = open_page(synthetic.store.path, "map")
    app.toggle(key=map_keys.GRID).set_value(True).run()
    assert not app.exception
    assert any("Stability over seeds: **1.00**" in text.value for text in app.markdown), "planted topics are stable"
    assert any(text.value.startswith("**Suggested: 6.**") for text in app.markdown)


def test_the_reader_chooses_where_there_are_several_maps(fresh: Synthetic, open_page: Open, drawn: list) -> None:
    from explorer.pipeline.project import project

    project(fresh.store, method="pca", seed=1)
    app = open_page(fresh.store.path, "map")
    assert not app.exception
    (choice,) = [box for box in app.selectbox if box.label == "Map"]
    assert choice.options == ["Principal components (lm-mean), seed 1", "Principal components (lm-mean), seed 0"]
    before = drawn[-1][0]["place"]
    choice.select_index(1).run()
    assert drawn[-1][0]["place"] != before and drawn[-1][0]["place"] == drawn[-1][0]["points"]
