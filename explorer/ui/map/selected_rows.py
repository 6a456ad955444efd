"""What can be done with rows chosen on the map: read them, mark them, keep them, see what sets them apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from explorer.errors import ExplorerError
from explorer.ui import display, links
from explorer.ui.context import View
from explorer.ui.map import keys
from explorer.ui.widgets import row_table
from explorer.ui.widgets.page import section
from explorer.workspace import Artifact, Store, marks

LISTED = 20_000  # rows that a table under the map pages through, at most
LASSO = "lasso"  # the set of rows that other pages are sent to


def draw(view: View, ids: np.ndarray) -> None:
    """Draw the heading, the actions and the table of rows `ids`."""
    section(f"{display.noun(len(ids), 'row')} in the region")
    if not len(ids):
        st.caption("No row lies inside. Draw around points, or press Esc on the map to clear the region.")
        return
    actions(view, ids, key="region", group=f"set:{LASSO}")
    if len(ids) > LISTED:
        st.caption(f"The first {display.count(LISTED)} are listed; the buttons take all of them.")
    row_table.draw(view, ids[:LISTED].tolist(), key="region", page_size=15)


def actions(view: View, ids: np.ndarray, *, key: str, group: str) -> None:
    """Draw the buttons: pin, ban, keep as a set or a selection, and the pages that take a group of rows.

    `group` is how addresses name the rows: `cluster:N`, or `set:NAME`, which is kept before a page is opened with it.
    """
    assert view.samples is not None
    standing = marks.read(view.store, view.samples)
    chosen = {int(number) for number in ids}
    pinned, banned = len(chosen.intersection(standing.pinned)), len(chosen.intersection(standing.banned))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        here = (view.store, view.samples, sorted(chosen))
        for title, icon, mark, say in (
            ("Pin", ":material/keep:", marks.pin, "Always select these rows."),
            ("Ban", ":material/block:", marks.ban, "Never select these rows."),
            ("Unmark", None, marks.clear, "Lift pins and bans from these rows."),
        ):
            if mark is not marks.clear or pinned or banned:
                st.button(title, icon=icon, key=f"{key}_{title.lower()}", help=say, on_click=_mark, args=(mark, *here))
        if st.button(
            "What differs?",
            icon=":material/compare:",
            key=f"{key}_differs",
            help="Open the Differences page: which features separate these rows from the rest.",
        ):
            if group.startswith("set:"):
                marks.keep_set(view.store, view.samples, group.removeprefix("set:"), chosen)
            links.open_differences(group, "rest")
        if st.button(
            "Select among these",
            icon=":material/filter_alt:",
            key=f"{key}_select",
            help="Open the Select page with only these rows to choose from.",
        ):
            name = group.removeprefix("set:").replace(":", " ")
            marks.keep_set(view.store, view.samples, name, chosen)
            links.open_select(within=f"set:{name}")
        with st.popover("Keep", icon=":material/bookmark:"):
            _keep(view, ids, key)
    if pinned or banned:
        st.caption(f"{display.noun(pinned, 'row')} pinned, {display.noun(banned, 'row')} banned among them.")


def _mark(how: Callable[..., marks.Marks], store: Store, samples: Artifact, ids: list[int]) -> None:
    how(store, samples, ids)


def _keep(view: View, ids: np.ndarray, key: str) -> None:
    assert view.samples is not None
    name = st.text_input("Name", key=f"{keys.KEEP}_{key}", max_chars=marks.MAX_NAME, placeholder="short name")
    as_set = st.button("As a set of rows", key=f"{key}_set", help="For differences, and to select among them.")
    as_run = st.button("As a selection", key=f"{key}_run", help="A selection of exactly these rows, to export.")
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
    st.success(f"Kept {display.noun(len(ids), 'row')} as {display.md(name, 60)}.")


def _select(view: View, ids: np.ndarray, name: str) -> None:
    from explorer.pipeline.select import select

    rows = tuple(str(int(number)) for number in ids)
    select(view.store, "curated", budget=len(rows), name=name.strip() or "region of the map", params={"rows": rows})
