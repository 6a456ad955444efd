"""Page numbers under a table, and which of its lines are on the page."""

from __future__ import annotations

import streamlit as st

from explorer.ui import display, state


def current(key: str) -> int:
    """Return the page of a table, from 1."""
    return int(state.get(key) or 1)


def draw(key: str, page: int, *, size: int, total: int, noun: str) -> None:
    """Draw the page numbers of a table of `total` lines, `size` per page."""
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        if total > size:
            st.pagination(-(-total // size), key=key)
    first, last = (page - 1) * size + 1, min(total, page * size)
    right.caption(f"{display.noun(total, noun)}; {first:,} to {last:,} on this page", text_alignment="right")
