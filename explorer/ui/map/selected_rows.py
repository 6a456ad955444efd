"""Actions on rows chosen on the map: read, pin or ban, save, compare with the rest, select among them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.errors import ExplorerError
from explorer.ui import display, links
from explorer.ui.context import View
from explorer.ui.map import keys
from explorer.ui.widgets import pins, row_table
from explorer.ui.widgets.elements import section
from explorer.workspace import marks

LISTED = 20_000  # rows that a table under the map pages through, at most
LASSO = "lasso"  # the set of rows that other pages open with


def draw(view: View, ids: np.ndarray) -> None:
    """Draw the heading, the actions and the table of rows `ids`."""
    section(f"{display.noun(len(ids), 'row')} in the region")
    if not len(ids):
        st.caption("No row in the region. Draw around points, or press Esc on the map to clear it.")
        return
    actions(view, ids, key="region", group=f"set:{LASSO}")
    if len(ids) > LISTED:
        st.caption(f"The first {display.count(LISTED)} are listed; the buttons apply to all of them.")
    row_table.draw(view, ids[:LISTED].tolist(), key="region", page_size=15)


def actions(view: View, ids: np.ndarray, *, key: str, group: str) -> None:
    """Draw the buttons: pin, ban, save as a set or a selection, and the pages that take a group of rows.

    `group` is how addresses name the rows: `cluster:N`, or `set:NAME`, which is saved before a page opens with it.
    """
    assert view.samples is not None
    rows = [int(row) for row in ids]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pins.buttons(view, rows, key=key)
        if st.button(
            "Compare features",
            icon=":material/compare:",
            key=f"{key}_differs",
            help="Open the Differences page: which features separate these rows from the rest.",
        ):
            if group.startswith("set:"):
                marks.keep_set(view.store, view.samples, group.removeprefix("set:"), rows)
            links.open_differences(group, "rest")
        if st.button(
            "Select among these",
            icon=":material/filter_alt:",
            key=f"{key}_select",
            help="Open the Select page with only these rows to choose from.",
        ):
            name = group.removeprefix("set:").replace(":", " ")
            marks.keep_set(view.store, view.samples, name, rows)
            links.open_select(within=f"set:{name}")
        with st.popover("Save", icon=":material/bookmark:"):
            _save(view, ids, key)


def _save(view: View, ids: np.ndarray, key: str) -> None:
    assert view.samples is not None
    name = st.text_input("Name", key=f"{keys.SAVE_NAME}_{key}", max_chars=marks.MAX_NAME, placeholder="short name")
    as_set = st.button("Save as a set of rows", key=f"{key}_set", help="To compare, and to select among them.")
    as_run = st.button("Save as a selection", key=f"{key}_run", help="A selection of exactly these rows, to export.")
    if not (as_set or as_run):
        return
    try:
        if as_set:
            marks.keep_set(view.store, view.samples, name, (int(number) for number in ids))
        else:
            _select(view, ids, name)
    except ExplorerError as error:
        st.error(display.md(error, 300))
        return
    st.success(f"Saved {display.noun(len(ids), 'row')} as {display.md(name, 60)}.")


def _select(view: View, ids: np.ndarray, name: str) -> None:
    from explorer.pipeline.select import select

    rows = tuple(str(int(number)) for number in ids)
    select(view.store, "curated", budget=len(rows), name=name.strip() or "region of the map", params={"rows": rows})
