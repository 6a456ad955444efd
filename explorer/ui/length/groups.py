"""Small multiples of the length laboratory: the same picture inside each source or cluster."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures import length as figures
from explorer.figures.theme import Figure
from explorer.length.statistics import signed
from explorer.ui import display, state
from explorer.ui.context import View
from explorer.ui.length import reads as length_reads
from explorer.ui.length.live import Live
from explorer.ui.widgets.page import plot, section

_KINDS = ("r by threshold", "scatter")


def draw(view: View, now: Live) -> None:
    """Draw a panel for each of the largest groups, and r inside every group that is large enough."""
    factors = length_reads.factors(view)
    if not factors:
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        section(
            "Does it hold inside each group?",
            "Where r is high overall and low inside, length only stands in for the group (Simpson's paradox).",
        )
        with st.container(horizontal=True, width="content"):
            factor = st.segmented_control(
                "Groups",
                list(factors),
                default=next(iter(factors)),
                required=True,
                key=state.LENGTH_INSIDE,
                label_visibility="collapsed",
                persist_state="session",
            )
            kind = st.segmented_control(
                "Panels",
                _KINDS,
                default=_KINDS[0],
                required=True,
                key=state.LENGTH_INSIDE_KIND,
                label_visibility="collapsed",
                persist_state="session",
            )
    numbers, names = factors[str(factor)]
    each = now.grouped[str(factor)].each
    st.markdown(_said(now, str(factor)))
    shown = [code for code in range(len(names)) if code in each][: figures.PANELS]
    if not shown:
        st.caption("No group has the 20 rows that a correlation of its own needs.")
        return
    if kind == _KINDS[0]:
        fig = _curves(
            (*view.key("activations", "clusters"), now.segment, now.unit, str(factor)), tuple(shown), now, names
        )
    else:
        panels = [
            (
                names[c],
                np.flatnonzero(numbers == c),
                f"r = {signed(each[c].value)} ({signed(each[c].low)} to {signed(each[c].high)})",
            )
            for c in shown
        ]
        fig = figures.small_multiples(
            now.tokens, now.counts, panels, curve=now.curves[0], log=now.unit.startswith("log")
        )
    plot(fig, key="length_groups", alt=f"The same inside each {factor}")
    if len(each) > len(shown):
        st.caption(
            f"The {len(shown)} largest of {len(each):,} groups with at least 20 rows; the table has all of them."
        )
    _table(now, str(factor), numbers, names)


@st.cache_resource(max_entries=8, show_spinner=False)
def _curves(key: tuple[str, ...], shown: tuple[int, ...], _now: Live, _names: list[str]) -> Figure:
    ends = ("value", "low", "high")
    return figures.r_curves(
        _now.thresholds, [(_names[c], [_now.group_along(key[-1], c, end) for end in ends]) for c in shown]
    )


def _said(now: Live, factor: str) -> str:
    found = now.grouped[factor]
    inside = [one.value for one in found.each.values() if np.isfinite(one.value)]
    if not inside or not np.isfinite(found.partial.value):
        return "No group is large enough, or one side does not vary."
    return (
        f"Given the {factor}, r is **{signed(found.partial.value, 3)}** "
        f"({signed(found.partial.low, 3)} to {signed(found.partial.high, 3)}), "
        f"over all rows {signed(now.pearson.value, 3)}. "
        f"Inside the {display.noun(len(inside), factor)} with at least 20 rows it "
        f"runs from {signed(min(inside))} to {signed(max(inside))}, in the median {signed(float(np.median(inside)))}."
    )


def _table(now: Live, factor: str, numbers: np.ndarray, names: list[str]) -> None:
    rows = []
    for code, one in sorted(now.grouped[factor].each.items()):
        inside = numbers == code
        rows.append(
            {
                factor: display.clean(names[code] or "(none)", 60),
                "rows": one.n,
                "r": one.value if np.isfinite(one.value) else None,
                "low": one.low if np.isfinite(one.low) else None,
                "high": one.high if np.isfinite(one.high) else None,
                "median tokens": float(np.median(now.tokens[inside])),
                "median features": float(np.median(now.counts[inside])),
            }
        )
    st.dataframe(
        rows,
        hide_index=True,
        placeholder="–",
        height="content" if len(rows) <= 8 else 300,
        column_config={
            "r": st.column_config.NumberColumn(f"r inside ({now.unit})", format="%.3f"),
            "low": st.column_config.NumberColumn("95 % from", format="%.3f"),
            "high": st.column_config.NumberColumn("to", format="%.3f"),
            "rows": st.column_config.NumberColumn("rows", format="localized"),
        },
        alt=f"Correlation inside each {factor}",
    )
