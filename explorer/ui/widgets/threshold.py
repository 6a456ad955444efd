"""The threshold above which a feature counts as active: one for the whole session, in the address as `?threshold=`.

The address wins over the session, so a link opens with its threshold; where the address has none, it gets that of the
session.
"""

from __future__ import annotations

import math

import streamlit as st

from explorer.ui import links, state
from explorer.ui.context import View

_INPUT = "threshold_input"
_MOST = 1e9


def current(view: View) -> float:
    """Return the threshold in force: of the address, else of this session, else the SAE's default."""
    text = st.query_params.get(state.THRESHOLD)
    if text is not None:
        value = parse(text)
        if value is None:
            del st.query_params[state.THRESHOLD]
            links.warn_ignored(state.THRESHOLD, text)
        elif value != state.get(state.THRESHOLD):
            choose(view, value)
    chosen = state.get(state.THRESHOLD)
    if chosen is None:
        return view.threshold
    if state.THRESHOLD not in st.query_params:
        st.query_params[state.THRESHOLD] = written(chosen)
    return float(chosen)


def choose(view: View, value: float) -> None:
    """Count with `value` on every page from now on; the SAE's default leaves the address."""
    if math.isclose(value, view.threshold, rel_tol=1e-6):
        state.forget(state.THRESHOLD)
        st.query_params.pop(state.THRESHOLD, None)
    else:
        state.put(state.THRESHOLD, value)
        st.query_params[state.THRESHOLD] = written(value)


def parse(text: str) -> float | None:
    """Read a threshold as an address has it; None for anything that is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < _MOST else None


def written(value: float) -> str:
    """Return a threshold as an address has it."""
    return f"{value:.6g}"


def draw(view: View) -> None:
    """Draw the threshold in force as a button that opens the input to change it."""
    if view.activations is None:
        return
    value = current(view)
    state.put(_INPUT, value)
    with st.popover(f"Threshold {value:.4g}", icon=":material/filter_list:", type="tertiary"):
        st.number_input(
            "Threshold",
            min_value=0.0,
            max_value=_MOST,
            step=0.5,
            key=_INPUT,
            format="%.6g",
            on_change=lambda: choose(view, float(state.get(_INPUT))),
            help="A feature counts as active where its activation is above the threshold. One value for every page.",
        )
        st.button(
            "Reset to the SAE's default",
            key="threshold_reset",
            disabled=state.get(state.THRESHOLD) is None,
            on_click=choose,
            args=(view, view.threshold),
        )
        st.caption(f"The SAE's default is {view.threshold:.4g}.")
