"""Table of the clusters: name, size, words, length; a click opens a cluster."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from explorer.ui import cache, display
from explorer.ui.context import View
from explorer.ui.map import keys
from explorer.ui.widgets import table
from explorer.ui.widgets.columns import Column

_COLUMNS = (
    Column("name", "Cluster", width=140),
    Column("size", "Rows", "number", width=62),
    Column("words", "Typical words", width=300),
    Column("median_tokens", "Tokens", "number", "Median response tokens.", digits=0, width=66),
    Column("mean_distance", "Spread", "number", "Mean distance to the centre: small is tight.", digits=2, width=75),
)


def draw(view: View, *, height: int) -> int | None:
    """Draw the table of clusters; returns the number of the one clicked."""
    if view.clusters is None:
        st.caption("No clusters yet.")
        return None
    cards = cache.cluster_cards(view)
    words = [", ".join(display.clean(word, 40) for word in listed or ()) for listed in cards["words"].to_pylist()]
    cards = cards.set_column(cards.column_names.index("words"), "words", pa.array(words))
    fits = cards.num_rows <= height // 36 - 1
    clicked = table.draw(
        cards,
        _COLUMNS,
        key=keys.CLUSTERS,
        height="content" if fits else height,
        clicks="cell",
        alt="Clusters, largest first",
    )
    return None if clicked is None else int(cards["cluster"][clicked].as_py())
