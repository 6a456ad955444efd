"""Section heads, plots with one behaviour, and small controls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import streamlit as st

from explorer.figures.theme import Figure
from explorer.ui import state
from explorer.workspace import Artifact

_TOOLS = ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d"]


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


def choose(artifacts: Sequence[Artifact], label: str, *, key: str, label_of: Callable[[Artifact], str]) -> Artifact:
    """Draw a box to choose one of several artifacts, the first at first; the choice is part of the address."""
    by_id = {artifact.id: artifact for artifact in artifacts}
    if len(artifacts) == 1:
        return artifacts[0]
    chosen = st.selectbox(label, list(by_id), format_func=lambda id: label_of(by_id[id]), key=key, bind="query-params")
    return by_id.get(chosen, artifacts[0])


def one_of(label: str, options: Sequence[str], *, key: str) -> str:
    """Draw a control with exactly one option chosen, the first at first; only screen readers see `label`."""
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
