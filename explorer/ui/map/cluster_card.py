"""One cluster: its words, distinctive features, lengths, typical and outlying rows, and selections of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from explorer.figures import dataset, theme
from explorer.figures import maps as figures
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.map import keys, selected_rows
from explorer.ui.map import reads as map_reads
from explorer.ui.widgets import columns, markup, row_table, table, threshold
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import plot, section

_RUNS = 8  # saved selections that are compared, newest first
_FEATURES = (
    replace(columns.LABEL, title="Feature", width=270),
    Column("share", "In its rows", "bar", width=110),
    columns.LIFT,
    replace(columns.FEATURE, title="Number"),
)


def draw(view: View, cluster: int) -> None:
    """Draw the card of one cluster."""
    cards = cache.cluster_cards(view)
    at = cards["cluster"].to_pylist().index(cluster)
    card = {name: cards[name][at].as_py() for name in cards.column_names}
    ids = np.flatnonzero(cache.cluster_of(view) == cluster)
    share = len(ids) / max(1, view.rows)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        section(f"{display.md(card['name'], 60)}: {display.noun(len(ids), 'row')}, {display.share(share)} of the data")
        st.button("Close", key="cluster_close", icon=":material/close:", type="tertiary", on_click=_close)
    markup.chip_rows([("typical words", list(card["words"] or ()))])
    selected_rows.actions(view, ids, key=f"cluster_{cluster}", group=f"cluster:{cluster}")
    left, right = st.columns([1, 1], gap="large")
    with left:
        _features(view, cluster)
    with right:
        _selections(view, ids, share)
    _distributions(view, ids)
    _rows(view, cluster, ids)


def _close() -> None:
    """Close the card: clear the cluster from the address and from the table that was clicked."""
    st.query_params.pop("cluster", None)
    state.forget(keys.CLUSTERS)


def _features(view: View, cluster: int) -> None:
    section(
        "Distinctive features",
        "Features in a larger share of its responses than of all. Lift is how many times larger; click one to open it.",
    )
    if view.features is None:
        st.caption("The features have no labels yet.")
        return
    features = map_reads.over_represented(view, cluster, threshold.current(view))
    if not features.num_rows:
        st.caption("No feature is more frequent here than elsewhere.")
        return
    rows = features.to_pylist()
    for row in rows:
        row["label"] = view.labels.get(row["feature_id"]) or display.clean(row["label"] or "", 60)
    alt = "Features over-represented in the cluster, strongest first"
    clicked = table.draw(rows, _FEATURES, key=f"cluster_features_{cluster}", height=290, clicks="cell", alt=alt)
    if clicked is not None:
        links.open_feature(rows[clicked]["feature_id"])


def _selections(view: View, ids: np.ndarray, share: float) -> None:
    section("Selections", "Share of each saved selection that is of this cluster, against its share of the data.")
    inside = np.zeros(view.rows, dtype=bool)
    inside[ids] = True
    runs = []
    for run in reversed(view.selections[-_RUNS:]):
        picks = cache.picks(view, run)["sample_id"].to_numpy()
        method = str(run.manifest.parameters.get("method", ""))
        runs.append((display.run_name(run), method, float(inside[picks].mean()) if len(picks) else 0.0))
    if not runs:
        st.caption("No saved selections yet; make one on the Select page.")
        return
    plot(figures.selection_shares(runs, share), key="cluster_runs", alt="Share of the cluster in each selection")


def _distributions(view: View, ids: np.ndarray) -> None:
    distributions = []
    if view.activations is not None:
        counts = cache.feature_counts(view, threshold.current(view), "response").astype(np.float64)
        distributions += [("response tokens", map_reads.tokens(view), 0), ("features", counts, 0)]
    if view.quality is not None:
        distributions.append(("quality score", map_reads.quality(view), 2))
    cells = st.columns(max(1, len(distributions)), gap="medium")
    for cell, (title, values, digits) in zip(cells, distributions, strict=False):
        with cell:
            inside = values[ids]
            finite = inside[np.isfinite(inside)]
            median = f"median {np.median(finite):,.{digits}f}" if len(finite) else "none"
            st.markdown(f"**{title.capitalize()}**: {median}; all rows {np.nanmedian(values):,.{digits}f}")
            lines = [("this cluster", theme.ACCENT, inside)]
            log = title == "response tokens"
            fig = dataset.distribution(values, lines, x=title, digits=digits, log=log, height=190)
            plot(fig, key=f"cluster_{title.replace(' ', '_')}", alt=f"{title} of this cluster and of all rows")


def _rows(view: View, cluster: int, ids: np.ndarray) -> None:
    far = map_reads.distances(view)[ids]
    order = np.lexsort((ids, far))
    listed = selected_rows.LISTED
    near, outlying = st.tabs(["Typical: nearest to the centre", "Outlying: farthest from the centre"])
    for tab, places, key in ((near, order[:listed], "near"), (outlying, order[::-1][:listed], "far")):
        with tab:
            row_table.draw(
                view,
                ids[places].tolist(),
                key=f"cluster_{cluster}_{key}",
                page_size=10,
                shown=(columns.ROW, columns.DISTANCE, columns.PROMPT, columns.RESPONSE, columns.TOKENS, columns.SOURCE),
                extra={"distance": far[places].tolist()},
            )
