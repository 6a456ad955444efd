"""A table that scrolls: rows under shared column definitions; a click returns the row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import streamlit as st

from explorer.ui.widgets.columns import Column

_MODES: dict[str, Any] = {"cell": "single-cell", "row": "single-row"}


def draw(
    rows: Any,
    columns: Sequence[Column],
    *,
    alt: str,
    key: str | None = None,
    height: int | Literal["content"] = "content",
    clicks: Literal["none", "cell", "row"] = "none",
) -> int | None:
    """Draw `rows` (a table or dictionaries); returns the index of the row that was clicked, else None.

    `clicks`: `cell` for a click that leads elsewhere, `row` for one that marks the row.
    """
    about: dict[str, Any] = {"hide_index": True, "height": height, "key": key, "alt": alt, "placeholder": "–"}
    about["column_order"] = [column.name for column in columns]
    about["column_config"] = {column.name: column.config() for column in columns}
    if clicks == "none":
        st.dataframe(rows, **about)
        return None
    event = st.dataframe(rows, on_select="rerun", selection_mode=_MODES[clicks], **about)
    selected = [cell[0] for cell in event.selection.cells] if clicks == "cell" else event.selection.rows
    return int(selected[0]) if selected else None
