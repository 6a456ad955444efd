"""The map with its colouring, and the region or cluster chosen on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.maps import polygon
from explorer.maps.density import Bounds, density
from explorer.queries import columns
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.map import cluster_card, cluster_table, colours, keys, map_canvas, selected_rows
from explorer.ui.map import reads as map_reads
from explorer.ui.map.colours import Colouring
from explorer.ui.widgets import canvas
from explorer.workspace import Artifact

POINTS = 100_000  # rows up to which every row is a point; beyond, density is shown until few are in view
SEEN = 30_000  # points of a larger map that are drawn, with their words, where no more are in view
_HEIGHT = 560
_CONTROLS = 78  # pixels reserved for the controls of a colouring, so that the map does not move
_HOVERED = 20_000  # picks over a density whose words are sent


def answer(view: View) -> str:
    """One sentence on how the rows group."""
    if view.clusters is None:
        return f"{display.noun(view.rows, 'row')}; rows near each other are similar to the model. No clusters yet."
    cards = cache.cluster_cards(view)
    largest, share = cards["name"][0].as_py(), cards["size"][0].as_py() / max(1, view.rows)
    return (
        f"**{display.noun(cards.num_rows, 'cluster')}** of rows; the largest, *{display.md(largest, 50)}*, holds "
        f"{display.share(share)}. Rows near each other are similar to the model. Draw around points to read them."
    )


def choose(view: View) -> Artifact:
    """Return the map to draw; where there are several, the user chooses."""
    assert view.projection is not None
    maps = {projection.id: projection for projection in reversed(view.projections)}
    if len(maps) == 1:
        return view.projection
    chosen = st.selectbox(
        "Map",
        list(maps),
        format_func=lambda key: _title(view, maps[key]),
        key=keys.PROJECTION,
        persist_state="session",
        width=420,
    )
    return maps[chosen]


def _title(view: View, projection: Artifact) -> str:
    from explorer.maps.projections import PROJECTIONS

    parameters = projection.manifest.parameters
    slug = str(parameters.get("method", ""))
    title = PROJECTIONS[slug].title if slug in PROJECTIONS else slug
    source = projection.manifest.inputs.get("embeddings")
    if source:
        title += f" ({view.store.resolve('embeddings', source).manifest.parameters.get('method', '')})"
    elif "metric" in parameters.get("params", {}):
        title += f" ({parameters['params']['metric']})"
    placed = ", rows placed on an earlier map" if "onto" in parameters else ""
    return f"{title}, seed {parameters.get('seed', 0)}{placed}"


def carry(view: View, projection: Artifact) -> None:
    """Send the points to the browser; a map of more than `POINTS` rows sends what is in view instead."""
    if view.rows <= POINTS:
        x, y = map_reads.places(view, projection)
        canvas.carry(_place(view, projection), pa.table({"x": x, "y": y, "words": map_reads.words(view)}))


def _place(view: View, projection: Artifact) -> str:
    return "/".join((*view.key("samples"), projection.id))


@st.fragment
def draw(view: View, projection: Artifact) -> None:
    """Draw the controls, the map, the clusters beside it, and what was chosen under it."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    options = colours.options(view)
    with left:
        chosen = st.segmented_control(
            "Colour by", options, default=options[0], required=True, key=keys.COLOUR, bind="query-params"
        )
    with right.container(height=_CONTROLS, border=False, vertical_alignment="bottom"):
        shown = colours.colourings(view, str(chosen))
    drawing, side = st.columns([5, 3], gap="medium")
    with side:
        cluster = _cluster(view)
    with drawing:
        _canvas(view, projection, str(chosen), shown, cluster)
    ids = _region_rows(view, projection)
    if ids is not None:
        selected_rows.draw(view, ids)
    if cluster is not None:
        cluster_card.draw(view, cluster)
    if ids is None and cluster is None:
        st.caption(
            "Drag around points to read their rows; click one for its row, or a cluster in the table. "
            "Click the map, then scroll to zoom; the right button moves it."
        )


def _canvas(view: View, projection: Artifact, chosen: str, shown: list[Colouring], cluster: int | None) -> None:
    x, y = map_reads.places(view, projection)
    bounds = map_reads.bounds(view, projection)
    frame = map_canvas.frame(keys.CANVAS) if view.rows > POINTS else None
    labels = map_reads.labels(view, projection) if chosen == "cluster" or view.rows > POINTS else []
    spec: dict[str, Any] = {
        "place": _place(view, projection),
        "rows": view.rows,
        "bounds": bounds,
        "height": _HEIGHT,
        "panels": [colouring.spec for colouring in shown],
        "alt": f"Map of {view.rows:,} rows coloured by {chosen}",
        "image": state.get(state.IMAGE_FORMAT),
        "labels": [(left, top, display.clean(name, 28)) for left, top, name in labels],
        "stamp": f"{chosen} {frame} {cluster} {' '.join(str(c.spec.get('run', '')) for c in shown)}",
    }
    tables: dict[str, pa.Table] = {}
    focus = _focus(view, cluster)
    if view.rows <= POINTS:
        spec["points"] = _place(view, projection)
        for number, colouring in enumerate(shown):
            if colouring.values is not None:
                tables[f"values{number}"] = pa.table({"value": colouring.values})
    else:
        _thinned(view, (x, y), bounds, frame, shown, focus, spec, tables)
    if focus is not None:
        tables["focus"] = pa.table({"id": focus.astype(np.int32)})
    for number, colouring in enumerate(shown):
        if colouring.picks is not None:
            tables[f"picks{number}"] = _picks(view, x, y, colouring.picks)
    map_canvas.draw(keys.CANVAS, spec, tables)


def _thinned(
    view: View,
    places: tuple[np.ndarray, np.ndarray],
    bounds: Bounds,
    frame: Bounds | None,
    shown: list[Colouring],
    focus: np.ndarray | None,
    spec: dict[str, Any],
    tables: dict[str, pa.Table],
) -> None:
    """Fill in what a large map sends: the points where few are in view (or of the cluster chosen), else the density."""
    x, y = places
    spec["asks_frame"] = True
    seen = _margin(frame) if frame is not None else bounds
    few = focus if focus is not None and len(focus) <= SEEN else None
    ids = None
    if frame is not None:
        within = np.flatnonzero((x >= seen[0]) & (x <= seen[1]) & (y >= seen[2]) & (y <= seen[3]))
        ids = within if len(within) <= SEEN else None
    if ids is None:
        values = shown[0].values
        binned = density(x, y, bounds=seen, columns=420, rows=330, values=values)
        tables["bins"] = binned.table
        grid = binned.grid
        spec["grid"] = {
            "x0": grid.x0, "y0": grid.y0, "dx": grid.dx, "dy": grid.dy, "columns": grid.columns, "rows": grid.rows,
        }  # fmt: skip
        ids = few
    if ids is not None:
        words = columns.first_words(view, ids)
        tables["points"] = pa.table({"x": x[ids], "y": y[ids], "id": ids.astype(np.int32), "words": words})
        for number, colouring in enumerate(shown):
            if colouring.values is not None:
                tables[f"values{number}"] = pa.table({"value": colouring.values[ids]})


def _margin(frame: Bounds) -> Bounds:
    across, up = 0.15 * (frame[1] - frame[0]), 0.15 * (frame[3] - frame[2])
    return frame[0] - across, frame[1] + across, frame[2] - up, frame[3] + up


def _picks(view: View, x: np.ndarray, y: np.ndarray, ids: np.ndarray) -> pa.Table:
    table = pa.table({"x": x[ids], "y": y[ids], "id": ids.astype(np.int32)})
    if view.rows > POINTS and len(ids) <= _HOVERED:
        return table.append_column("words", columns.first_words(view, ids))
    return table


def _focus(view: View, cluster: int | None) -> np.ndarray | None:
    return None if cluster is None else np.flatnonzero(cache.cluster_of(view) == cluster)


def _region_rows(view: View, projection: Artifact) -> np.ndarray | None:
    """Return the rows of the region drawn on this map, ascending; None where nothing was drawn."""
    drawn = map_canvas.region(keys.CANVAS, _place(view, projection))
    if drawn is None:
        return None
    if drawn.row is not None:
        return np.array([drawn.row]) if 0 <= drawn.row < view.rows else None
    return np.flatnonzero(polygon.inside(*map_reads.places(view, projection), drawn.polygons))


def _cluster(view: View) -> int | None:
    """Draw the table of clusters; return the one clicked, else the one that the address names."""
    clicked = cluster_table.draw(view, height=_HEIGHT)
    if clicked is not None:
        st.query_params["cluster"] = str(clicked)
        return clicked
    number = links.number("cluster")
    if view.clusters is None or number is None:
        return None
    return number if number in cache.cluster_cards(view)["cluster"].to_pylist() else None
