"""The map with its colouring, and the rows of a lassoed region under it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.features import browse
from explorer.figures import maps as figures
from explorer.ui import cache, state, words
from explorer.ui.components import cluster_table, row_table
from explorer.ui.components.page import plot, section
from explorer.ui.context import View

_HEIGHT = 600
_LABELLED = 24  # clusters that are named on the map


def answer(view: View) -> str:
    """One sentence on how the rows group."""
    if view.clusters is None:
        return f"{words.noun(view.rows, 'row')}, near each other where the model sees the same; no clusters yet."
    cards = cache.cluster_cards(view)
    largest, share = cards["name"][0].as_py(), cards["size"][0].as_py() / max(1, view.rows)
    return (
        f"**{words.noun(cards.num_rows, 'cluster')}** of rows; the largest, *{words.md(largest, 50)}*, holds "
        f"{words.share(share)}. Rows near each other look alike to the model. Draw around points to read them."
    )


def colourings(view: View) -> list[str]:
    """Return what the points can be coloured by in this workspace."""
    options = ["source", "length", "feature count", "one feature"]
    if view.clusters is not None:
        options.insert(0, "cluster")
    if view.quality is not None:
        options.insert(-1, "quality")
    if view.selections:
        options.append("selection")
    return options


@st.fragment
def draw(view: View) -> None:
    """Draw the controls, the map and the table of the region."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    options = colourings(view)
    with left:
        chosen = st.segmented_control(
            "Colour by", options, default=options[0], required=True, key=state.MAP_COLOUR, bind="query-params"
        )
    with right:
        colour = _colouring(view, str(chosen))
    table = cache.points(view)
    labels = _labels(view) if chosen == "cluster" else []
    fig, order = figures.scatter(
        table["x"].to_numpy(),
        table["y"].to_numpy(),
        table["words"].to_pylist(),
        colour,
        labels=labels,
        height=_HEIGHT,
    )
    drawing, side = st.columns([5, 3], gap="medium")
    with drawing:
        event = plot(
            fig,
            key=state.MAP_LASSO,
            alt=f"Map of {view.rows:,} rows coloured by {chosen}",
            on_select="rerun",
            selection_mode=("points", "box", "lasso"),
        )
    with side:
        cluster = cluster_table.draw(view, height=_HEIGHT)
    picked = sorted({int(order[i]) for i in event.selection.point_indices if i < len(order)})
    _rows(view, picked, cluster)


def _rows(view: View, picked: list[int], cluster: int | None) -> None:
    if picked:
        section(f"{words.noun(len(picked), 'row')} in the region")
        row_table.draw(view, picked, key="region", page_size=15)
    elif cluster is not None and view.clusters is not None:
        cards = cache.cluster_cards(view)
        name = cards["name"][cards["cluster"].to_pylist().index(cluster)].as_py()
        section(f"Rows of {words.md(name, 60)}", "Nearest to the centre of the cluster first.")
        ids = browse.cluster_rows(view.store, view.clusters, cluster)
        row_table.draw(view, ids, key=f"cluster_{cluster}", page_size=15)
    else:
        st.caption(
            "Drag around points to read their rows (lasso or box, in the corner of the map), or click a cluster."
        )


def _colouring(view: View, chosen: str) -> figures.Colouring:
    table = cache.points(view)
    if chosen == "cluster":
        cards = cache.cluster_cards(view)
        place = {number: i for i, number in enumerate(cards["cluster"].to_pylist())}
        values = np.array([place.get(c, -1) for c in table["cluster"].to_pylist()], dtype=float)
        return figures.Colouring("category", values, "cluster", tuple(map(str, cards["name"].to_pylist())))
    if chosen == "source":
        sources = np.array([s or "" for s in table["source"].to_pylist()], dtype=object)
        names, codes, counts = np.unique(sources.astype(str), return_inverse=True, return_counts=True)
        rank = np.empty(len(names), dtype=int)
        rank[np.argsort(-counts, kind="stable")] = np.arange(len(names))
        ordered = [str(names[i]) or "(none)" for i in np.argsort(rank)]
        return figures.Colouring("category", rank[codes].astype(float), "source", tuple(ordered))
    if chosen == "length":
        values = table["response_tokens"].to_numpy(zero_copy_only=False).astype(float)
        return figures.Colouring("magnitude", values, "response tokens")
    if chosen == "quality":
        values = table["quality"].to_numpy(zero_copy_only=False).astype(float)
        return figures.Colouring("magnitude", values, "quality score")
    if chosen == "feature count":
        counts = cache.feature_counts(view, view.threshold, "response").astype(float)
        return figures.Colouring("magnitude", counts, "features")
    if chosen == "selection":
        return _selection(view)
    return _feature(view)


def _selection(view: View) -> figures.Colouring:
    runs = {run.id: run for run in reversed(view.selections)}
    chosen = st.selectbox(
        "Selection",
        list(runs),
        format_func=lambda key: words.run_name(runs[key].manifest),
        key=state.MAP_RUN,
        persist_state="session",
    )
    picked = np.zeros(view.rows)
    picked[cache.picks(view, chosen)["sample_id"].to_numpy()] = 1
    return figures.Colouring("selected", picked, "selected")


def _feature(view: View) -> figures.Colouring:
    number = st.number_input(
        "Feature number",
        min_value=0,
        max_value=int(view.activations.manifest.info["d_sae"]) - 1 if view.activations else 0,
        value=0,
        step=1,
        key=state.MAP_FEATURE,
        persist_state="session",
    )
    values = np.zeros(view.rows)
    table = cache.feature_values(view, int(number), "response")
    values[table["sample_id"].to_numpy()] = table["max_act"].to_numpy()
    if view.features is not None:
        label = browse.labels_of(view.store, view.features, [int(number)], view.labels).get(int(number), "")
        st.caption(f"{words.md(label, 80)}: in {words.noun(table.num_rows, 'response')}")
    return figures.Colouring("activation", values, f"activation of {number}")


def _labels(view: View) -> list[tuple[float, float, str]]:
    table, cards = cache.points(view), cache.cluster_cards(view)
    x, y = table["x"].to_numpy(), table["y"].to_numpy()
    cluster = table["cluster"].to_numpy(zero_copy_only=False)
    placed = []
    for number, name in zip(cards["cluster"].to_pylist()[:_LABELLED], cards["name"].to_pylist(), strict=False):
        inside = cluster == number
        if inside.any():
            placed.append((float(np.median(x[inside])), float(np.median(y[inside])), str(name)))
    return placed
