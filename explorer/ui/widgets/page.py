"""The frame of every page: a question as title, its answer for this data, and plots with one behaviour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import streamlit as st

from explorer.figures.theme import Figure
from explorer.ui import state
from explorer.ui.widgets import workspace_menu
from explorer.workspace import Artifact

_TOOLS = ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d"]


def header(question: str, answer: str) -> None:
    """Draw the page's question and its answer for this data (Markdown; text of the dataset escaped with `words.md`)."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(question, anchor=False, width="content")
        workspace_menu.draw()
    if answer:
        st.markdown(answer)


def section(title: str, help_text: str = "") -> None:
    """Draw a heading inside a page; a term met for the first time is explained in its help."""
    st.subheader(title, anchor=False, help=help_text or None)


def plot(
    fig: Figure,
    *,
    key: str,
    alt: str,
    on_select: Literal["ignore", "rerun"] = "ignore",
    selection_mode: str | Sequence[str] = ("points", "box", "lasso"),
) -> Any:
    """Draw a figure in the app's theme; its camera button saves PNG or SVG as set in the workspace menu."""
    config = {
        "displaylogo": False,
        "displayModeBar": "hover",
        "modeBarButtonsToRemove": [] if on_select != "ignore" else _TOOLS,
        "toImageButtonOptions": {"format": state.get(state.IMAGE_FORMAT), "filename": key, "scale": 2},
    }
    modes: Any = selection_mode
    return st.plotly_chart(fig, key=key, config=config, alt=alt, on_select=on_select, selection_mode=modes)


def choose(known: Sequence[Artifact], label: str, *, key: str, called: Callable[[Artifact], str]) -> Artifact:
    """Draw a box to choose one of several artifacts, newest first; its choice stands in the address."""
    by_id = {artifact.id: artifact for artifact in known}
    if len(known) == 1:
        return known[0]
    chosen = st.selectbox(label, list(by_id), format_func=lambda one: called(by_id[one]), key=key, bind="query-params")
    return by_id.get(chosen, known[0])


def one_of(label: str, options: Sequence[str], *, key: str) -> str:
    """Draw a control in which one option is always chosen, at first the first; `label` is for screen readers only."""
    chosen = st.segmented_control(
        label,
        options,
        default=options[0],
        required=True,
        key=key,
        label_visibility="collapsed",
        persist_state="session",
    )
    return str(chosen)


def figures_row(values: Sequence[tuple[str, str, str]]) -> None:
    """Draw a row of numbers with their unit: (name, value, help)."""
    for column, (name, value, help_text) in zip(st.columns(len(values)), values, strict=True):
        column.metric(name, value, help=help_text or None)
