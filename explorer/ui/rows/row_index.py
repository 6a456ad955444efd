"""The rows of the dataset as a searchable table."""

from __future__ import annotations

import streamlit as st

from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.rows import keys
from explorer.ui.shell import header
from explorer.ui.widgets import row_table


def draw(view: View) -> None:
    """Draw the table of all rows."""
    summary = cache.summary(view)
    tokens = f", {display.count(summary['response_tokens'])} response tokens" if summary["response_tokens"] else ""
    header(
        "Which rows are in this data?",
        f"**{display.noun(summary['rows'], 'row')}** from {display.noun(summary['sources'], 'source')}{tokens}. "
        "Click one to read it and to see its features.",
    )
    st.text_input(
        "Search",
        key=keys.SEARCH,
        bind="query-params",
        type="search",
        live="400ms",
        placeholder="words in the prompt, response or source",
    )
    search = (state.get(keys.SEARCH) or "").strip()
    if search and view.features is not None:
        label = "Compare the features of these rows with the rest"
        links.draw(links.DIFFERENCES, label, ":material/difference:", a=f"search:{search}", b="rest")
    row_table.draw(view, None, key="all_rows", search=search, page_size=25)
