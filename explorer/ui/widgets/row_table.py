"""A table of rows of the dataset, paged in DuckDB; a click opens the row."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import streamlit as st

from explorer.queries import samples
from explorer.ui import display, links, state
from explorer.ui.context import View

_COLUMNS = {
    "sample_id": st.column_config.NumberColumn("Row", format="%d", width=70),
    "rank": st.column_config.NumberColumn("Pick", format="%d", width=70),
    "gain": st.column_config.NumberColumn(
        "Gain", format="%.4g", width=80, help="What the pick added when it was made."
    ),
    "prompt": st.column_config.TextColumn("Prompt", width=330),
    "response": st.column_config.TextColumn("Response", width=380),
    "response_tokens": st.column_config.NumberColumn("Tokens", format="localized", width=80, help="Response tokens."),
    "activation": st.column_config.NumberColumn("Act.", format="%.2f", width=65, help="Largest activation there."),
    "similarity": st.column_config.NumberColumn("Alike", format="%.2f", width=65, help="1: the same."),
    "shared": st.column_config.NumberColumn("Shared", format="%d", width=65, help="Features that both have."),
    "features": st.column_config.NumberColumn("Features", format="localized", width=80),
    "expected": st.column_config.NumberColumn(
        "Expected", format="%.0f", width=80, help="Median number of features of rows of that length."
    ),
    "distance": st.column_config.NumberColumn(
        "Distance", format="%.3f", width=80, help="To the centre of its cluster, in the embedding."
    ),
    "source": st.column_config.TextColumn("Source", width=90),
    "cluster": st.column_config.TextColumn("Cluster", width=120),
}


def draw(
    view: View,
    ids: Sequence[int] | None,
    *,
    key: str,
    search: str = "",
    page_size: int = 20,
    columns: Sequence[str] = ("sample_id", "prompt", "response", "response_tokens", "source", "cluster"),
    extra: dict[str, Sequence[float]] | None = None,
) -> None:
    """Draw rows `ids` in that order (None: all); `extra` holds columns that stand beside `ids`, e.g. rank and gain."""
    page_key = f"{state.ROW_PAGE}_{key}"
    page = int(state.get(page_key) or 1)
    offset = (page - 1) * page_size
    table, total = samples.rows(view, ids, search=search, limit=page_size, offset=offset)
    if total == 0 and page > 1:
        state.forget(page_key)
        page, offset = 1, 0
        table, total = samples.rows(view, ids, search=search, limit=page_size)
    if total == 0:
        st.info("No row fits.", icon=":material/search_off:")
        return
    for name, values in (extra or {}).items():
        table = table.append_column(name, pa.array(values[offset : offset + page_size]))
    for name in ("prompt", "response", "source", "cluster"):
        cleaned = [None if text is None else display.clean(text, 240) for text in table[name].to_pylist()]
        table = table.set_column(table.column_names.index(name), name, pa.array(cleaned, pa.string()))
    event = st.dataframe(
        table,
        hide_index=True,
        height="content",
        key=f"{key}_{page}_{search}",
        on_select="rerun",
        selection_mode="single-cell",
        column_order=columns,
        column_config=_COLUMNS,
        alt="Rows of the dataset",
    )
    if event.selection.cells:
        links.open_sample(table["sample_id"][int(event.selection.cells[0][0])].as_py())
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        if total > page_size:
            st.pagination(-(-total // page_size), key=page_key)
    right.caption(
        f"{display.noun(total, 'row')}; {offset + 1:,} to {min(total, offset + page_size):,} on this page",
        text_alignment="right",
    )
