"""Small multiples of the Length page: the same picture within each source or cluster."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures import length as figures
from explorer.figures.theme import Figure
from explorer.length.analysis import Stop
from explorer.length.statistics import LOWEST_GROUP, signed
from explorer.ui import display, state
from explorer.ui.context import View
from explorer.ui.length import scatter
from explorer.ui.widgets.page import one_of, plot, section

_BY_THRESHOLD, _SCATTER = "r by threshold", "scatter"


def draw(view: View, now: Stop) -> None:
    """Draw a panel for each of the largest groups, and r within every group that is large enough."""
    if not now.inputs.groups:
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        section(
            "Within each group",
            "Where r is high overall and low within groups, length only stands for the group (Simpson's paradox).",
        )
        with st.container(horizontal=True, width="content"):
            factor = one_of("Groups", list(now.inputs.groups), key=state.LENGTH_INSIDE)
            kind = one_of("Panels", (_BY_THRESHOLD, _SCATTER), key=state.LENGTH_INSIDE_KIND)
    st.markdown(_sentence(now, factor))
    names, each = now.inputs.groups[factor].names, now.grouped[factor].each
    codes = sorted(each, key=lambda code: (-each[code].n, code))
    shown = codes[: figures.PANELS]
    if not shown:
        st.caption(f"No group has the {LOWEST_GROUP} rows that a correlation of its own needs.")
        return
    if kind == _BY_THRESHOLD:
        key = (*view.key("activations", "clusters"), now.counts.segment, now.unit, factor)
        fig = _curves(key, tuple(shown), now)
    else:
        fig = figures.small_multiples(
            now.inputs.tokens,
            now.features,
            [
                (names[code], np.flatnonzero(now.inputs.groups[factor].codes == code), _r(now, factor, code))
                for code in shown
            ],
            curve=scatter.curves(now)[0],
            log=now.unit.startswith("log"),
        )
    plot(fig, key="length_groups", alt=f"The same within each {factor}")
    if len(each) > len(shown):
        st.caption(
            f"The {len(shown)} largest of {len(each):,} groups with at least {LOWEST_GROUP} rows; the table lists all."
        )
    _table(now, factor, codes)


@st.cache_resource(max_entries=8, show_spinner=False)
def _curves(key: tuple[str, ...], shown: tuple[int, ...], _now: Stop) -> Figure:
    factor = key[-1]
    names = _now.inputs.groups[factor].names
    curves = [(names[c], [_now.group_curve(factor, c, end) for end in ("value", "low", "high")]) for c in shown]
    return figures.r_curves(_now.counts.thresholds, curves)


def _r(now: Stop, factor: str, code: int) -> str:
    r = now.grouped[factor].each[code]
    return f"r = {signed(r.value)} ({signed(r.low)} to {signed(r.high)})"


def _sentence(now: Stop, factor: str) -> str:
    partial = now.grouped[factor].partial
    inside = [r.value for r in now.grouped[factor].each.values() if np.isfinite(r.value)]
    if not inside or not np.isfinite(partial.value):
        return "No group is large enough, or length or feature count does not vary."
    return (
        f"Given the {factor}, r is **{signed(partial.value, 3)}** "
        f"({signed(partial.low, 3)} to {signed(partial.high, 3)}); overall it is {signed(now.pearson.value, 3)}. "
        f"Within the {display.noun(len(inside), factor)} with at least {LOWEST_GROUP} rows, r ranges from "
        f"{signed(min(inside))} to {signed(max(inside))} (median {signed(float(np.median(inside)))})."
    )


def _table(now: Stop, factor: str, codes: list[int]) -> None:
    groups = now.inputs.groups[factor]
    rows = []
    for code in codes:
        r, inside = now.grouped[factor].each[code], groups.codes == code
        rows.append(
            {
                factor: display.clean(groups.names[code] or "(none)", 60),
                "rows": r.n,
                "r": r.value if np.isfinite(r.value) else None,
                "low": r.low if np.isfinite(r.low) else None,
                "high": r.high if np.isfinite(r.high) else None,
                "median tokens": float(np.median(now.inputs.tokens[inside])),
                "median features": float(np.median(now.features[inside])),
            }
        )
    st.dataframe(
        rows,
        hide_index=True,
        placeholder="–",
        height="content" if len(rows) <= 8 else 300,
        column_config={
            "r": st.column_config.NumberColumn(f"r ({now.unit})", format="%.3f"),
            "low": st.column_config.NumberColumn("95% low", format="%.3f"),
            "high": st.column_config.NumberColumn("95% high", format="%.3f"),
            "rows": st.column_config.NumberColumn("rows", format="localized"),
        },
        alt=f"Correlation within each {factor}",
    )
