"""A table of rows of the dataset, paged in DuckDB; a click opens the row."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import streamlit as st

from explorer.queries import samples
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.widgets import columns, pager, table
from explorer.ui.widgets.columns import Column

PAGE = "rows"  # key of the session state, one per table
_COLUMNS = (columns.ROW, columns.PROMPT, columns.RESPONSE, columns.TOKENS, columns.SOURCE, columns.CLUSTER)


def draw(
    view: View,
    ids: Sequence[int] | None,
    *,
    key: str,
    search: str = "",
    page_size: int = 20,
    shown: Sequence[Column] = _COLUMNS,
    extra: dict[str, Sequence[float]] | None = None,
) -> None:
    """Draw the rows `ids` in that order (None: all); `extra` holds values of more columns, in the order of `ids`."""
    page_key = f"{PAGE}_{key}"
    page = pager.current(page_key)
    offset = (page - 1) * page_size
    rows, total = samples.rows(view, ids, search=search, limit=page_size, offset=offset)
    if total == 0 and page > 1:
        state.forget(page_key)
        page, offset = 1, 0
        rows, total = samples.rows(view, ids, search=search, limit=page_size)
    if total == 0:
        st.info("No matching row.", icon=":material/search_off:")
        return
    for name, values in (extra or {}).items():
        rows = rows.append_column(name, pa.array(values[offset : offset + page_size]))
    for name in ("prompt", "response", "source", "cluster"):
        cleaned = [None if text is None else display.clean(text, 240) for text in rows[name].to_pylist()]
        rows = rows.set_column(rows.column_names.index(name), name, pa.array(cleaned, pa.string()))
    clicked = table.draw(rows, shown, key=f"{key}_{page}_{search}", clicks="cell", alt="Rows of the dataset")
    if clicked is not None:
        links.open_sample(rows["sample_id"][clicked].as_py())
    pager.draw(page_key, page, size=page_size, total=total, noun="row")
