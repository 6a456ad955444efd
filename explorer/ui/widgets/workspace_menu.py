"""The small menu beside every title: which workspace this is, another one, and how plots are saved."""

from __future__ import annotations

import streamlit as st

from explorer.errors import ExplorerError
from explorer.ui import context, display, state
from explorer.workspace import Store


def _switch() -> None:
    text = str(state.get(state.OPEN_PATH) or "").strip()
    try:
        Store.open(text)
    except ExplorerError as error:
        st.toast(display.md(error, 300), icon=":material/error:")
        return
    state.choose_workspace(text)
    context.remember(text)


def draw() -> None:
    """Draw the menu."""
    path = context.path()
    with st.popover(display.md(context.name(), 32), icon=":material/database:", type="tertiary"):
        st.caption("This workspace")
        st.code(str(path), language=None, wrap_lines=True)
        st.text_input("Open another workspace", key=state.OPEN_PATH, placeholder="path of a workspace folder")
        st.button("Open", key="open_workspace", on_click=_switch)
        st.segmented_control(
            "Plots are saved as",
            ["png", "svg"],
            key=state.IMAGE_FORMAT,
            required=True,
            default="png",
            persist_state="session",
        )
