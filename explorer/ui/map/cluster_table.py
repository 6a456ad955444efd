"""What each cluster holds: name, size, words, length; a click shows its rows."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from explorer.ui import cache, display
from explorer.ui.context import View
from explorer.ui.map import keys


def draw(view: View, *, height: int) -> int | None:
    """Draw the table of clusters; returns the number of the one clicked."""
    if view.clusters is None:
        st.caption("There are no clusters yet.")
        return None
    cards = cache.cluster_cards(view)
    typical = [", ".join(display.clean(word, 40) for word in one or ()) for one in cards["words"].to_pylist()]
    cards = cards.set_column(cards.column_names.index("words"), "words", pa.array(typical))
    event = st.dataframe(
        cards,
        hide_index=True,
        height=height if cards.num_rows > height // 36 - 1 else "content",
        key=keys.CLUSTERS,
        on_select="rerun",
        selection_mode="single-cell",
        column_order=["name", "size", "words", "median_tokens", "mean_distance"],
        column_config={
            "name": st.column_config.TextColumn("Cluster", width=140),
            "words": st.column_config.TextColumn("Typical words", width=300),
            "size": st.column_config.NumberColumn("Rows", format="localized", width=62),
            "median_tokens": st.column_config.NumberColumn(
                "Tokens", format="%.0f", width=66, help="Median response tokens."
            ),
            "mean_distance": st.column_config.NumberColumn(
                "Spread", format="%.2f", width=75, help="Mean distance of its rows to the centre: small is tight."
            ),
        },
        alt="Clusters, largest first",
    )
    if not event.selection.cells:
        return None
    return int(cards["cluster"][int(event.selection.cells[0][0])].as_py())
