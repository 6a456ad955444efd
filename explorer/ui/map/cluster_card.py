"""One cluster: its words, the features and lengths that set it apart, its typical and odd rows, who selects it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.figures import dataset, theme
from explorer.figures import maps as figures
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.map import keys, selected_rows
from explorer.ui.map import reads as map_reads
from explorer.ui.widgets import markup, row_table
from explorer.ui.widgets.page import plot, section

_RUNS = 8  # stored selections that are compared, newest first


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
    """Leave the cluster: it stands in the address and in the table that was clicked."""
    st.query_params.pop("cluster", None)
    state.forget(keys.CLUSTERS)


def _features(view: View, cluster: int) -> None:
    section(
        "Which features set it apart?",
        "Features in a larger share of its responses than of all. Lift is how many times larger; click one to open it.",
    )
    if view.features is None:
        st.caption("The features are not described yet.")
        return
    table = map_reads.over_represented(view, cluster)
    if not table.num_rows:
        st.caption("No feature is more frequent here than elsewhere.")
        return
    labels = [view.labels.get(number) or display.clean(label or "", 60) for number, label in _pairs(table)]
    table = table.set_column(table.column_names.index("label"), "label", pa.array(labels))
    event = st.dataframe(
        table,
        hide_index=True,
        height=290,
        key=f"cluster_features_{cluster}",
        on_select="rerun",
        selection_mode="single-cell",
        column_order=["label", "share", "lift", "feature_id"],
        column_config={
            "label": st.column_config.TextColumn("Feature", width=270),
            "share": st.column_config.ProgressColumn(
                "In its rows", format="percent", min_value=0, max_value=1, width=110
            ),
            "lift": st.column_config.NumberColumn("Lift", format="%.1f ×", width=70),
            "feature_id": st.column_config.NumberColumn("Number", format="%d", width=75),
        },
        alt="Features over-represented in the cluster, strongest first",
    )
    if event.selection.cells:
        links.open_feature(table["feature_id"][int(event.selection.cells[0][0])].as_py())


def _pairs(table: pa.Table) -> list[tuple[int, str | None]]:
    return list(zip(table["feature_id"].to_pylist(), table["label"].to_pylist(), strict=True))


def _selections(view: View, ids: np.ndarray, share: float) -> None:
    section("Who selects it?", "Share of each stored selection that is of this cluster, against its share of the data.")
    inside = np.zeros(view.rows, dtype=bool)
    inside[ids] = True
    runs = []
    for run in reversed(view.selections[-_RUNS:]):
        picks = cache.picks(view, run.id)["sample_id"].to_numpy()
        method = str(run.manifest.parameters.get("method", ""))
        runs.append((display.run_name(run.manifest), method, float(inside[picks].mean()) if len(picks) else 0.0))
    if not runs:
        st.caption("There is no stored selection yet; the Select page makes one.")
        return
    plot(figures.selection_shares(runs, share), key="cluster_runs", alt="Share of the cluster in each selection")


def _distributions(view: View, ids: np.ndarray) -> None:
    shown = []
    if view.activations is not None:
        counts = cache.feature_counts(view, view.threshold, "response").astype(np.float64)
        shown += [("response tokens", map_reads.tokens(view), True), ("features", counts, False)]
    if view.quality is not None:
        shown.append(("quality score", map_reads.quality(view), False))
    for column, (title, values, log) in zip(st.columns(max(1, len(shown)), gap="medium"), shown, strict=False):
        with column:
            mine = values[ids]
            there = mine[np.isfinite(mine)]
            typical = f"median {display.decimal(float(np.median(there)))}" if len(there) else "none"
            st.markdown(f"**{title.capitalize()}**: {typical}; all rows {display.decimal(float(np.nanmedian(values)))}")
            lines = [("this cluster", theme.ACCENT, mine)]
            digits = 2 if title == "quality score" else 0
            fig = dataset.distribution(values, lines, x=title, digits=digits, log=log, height=190)
            plot(fig, key=f"cluster_{title.replace(' ', '_')}", alt=f"{title} of this cluster and of all rows")


def _rows(view: View, cluster: int, ids: np.ndarray) -> None:
    far = map_reads.distances(view)[ids]
    order = np.lexsort((ids, far))
    listed = selected_rows.LISTED
    near, odd = st.tabs(["Typical: nearest to the centre", "Odd: farthest from it"])
    for tab, places, key in ((near, order[:listed], "near"), (odd, order[::-1][:listed], "far")):
        with tab:
            row_table.draw(
                view,
                ids[places].tolist(),
                key=f"cluster_{cluster}_{key}",
                page_size=10,
                columns=("sample_id", "distance", "prompt", "response", "response_tokens", "source"),
                extra={"distance": far[places].tolist()},
            )
