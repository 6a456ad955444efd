"""Pins and bans: buttons that have rows always or never selected."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from explorer.errors import ExplorerError
from explorer.ui import display
from explorer.ui.context import View
from explorer.workspace import marks


def read(view: View) -> marks.Marks:
    """Return the pins, bans and named sets of the dataset."""
    assert view.samples is not None
    return marks.read(view.store, view.samples)


def mark(view: View, change: Callable[..., marks.Marks], ids: Iterable[int]) -> None:
    """Pin, ban or clear rows (`marks.pin`, `marks.ban`, `marks.clear`). For callbacks."""
    assert view.samples is not None
    try:
        change(view.store, view.samples, ids)
    except ExplorerError as error:
        st.toast(display.md(error, 300), icon=":material/error:")


def buttons(view: View, rows: Iterable[int], *, key: str) -> None:
    """Draw the buttons that pin, ban or clear `rows`, and how many of them are marked."""
    marked, ids = read(view), sorted({int(row) for row in rows})
    pinned, banned = len(set(ids) & set(marked.pinned)), len(set(ids) & set(marked.banned))
    these = "this row" if len(ids) == 1 else "these rows"
    for title, icon, change, help_text, offered in (
        ("Pin", ":material/keep:", marks.pin, f"Always select {these}.", pinned < len(ids)),
        ("Ban", ":material/block:", marks.ban, f"Never select {these}.", banned < len(ids)),
        ("Clear", ":material/undo:", marks.clear, f"Clear the pins and bans of {these}.", pinned + banned > 0),
    ):
        if offered:
            name = f"{key}_{title.lower()}"
            st.button(title, icon=icon, key=name, help=help_text, on_click=mark, args=(view, change, ids))
    if pinned or banned:
        st.caption(counts(len(ids), pinned, banned), width="content")


def counts(rows: int, pinned: int, banned: int) -> str:
    """`pinned` for one row; `3 rows pinned, 1 row banned` for more."""
    if rows == 1:
        return "pinned" if pinned else "banned"
    return f"{display.noun(pinned, 'row')} pinned, {display.noun(banned, 'row')} banned"
