"""Small multiples of the Length page: the same picture within each source or cluster."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures import length as figures
from explorer.figures.theme import Figure
from explorer.length.analysis import Stop
from explorer.length.statistics import LOWEST_GROUP, signed
from explorer.ui import display
from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.ui.length import keys, scatter
from explorer.ui.widgets import columns, table
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import one_of, plot, section

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
            factor = one_of("Groups", list(now.inputs.groups), key=keys.FACTOR)
            kind = one_of("Panels", (_BY_THRESHOLD, _SCATTER), key=keys.PANELS)
    st.markdown(_sentence(now, factor))
    names, each = now.inputs.groups[factor].names, now.grouped[factor].each
    codes = sorted(each, key=lambda code: (-each[code].n, code))
    shown = codes[: figures.PANELS]
    if not shown:
        st.caption(f"No group has the {LOWEST_GROUP} rows that a correlation of its own needs.")
        return
    if kind == _BY_THRESHOLD:
        fig = _curves(view, now.counts.segment, now.unit, factor, tuple(shown), now)
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


@cached("samples", "activations", "clusters", entries=8)
def _curves(view: View, segment: str, unit: str, factor: str, shown: tuple[int, ...], _now: Stop) -> Figure:
    del view, segment, unit  # with the rest, they say which curves these are
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
                "group": display.clean(groups.names[code] or "(none)", 60),
                "rows": r.n,
                "r": r.value if np.isfinite(r.value) else None,
                "low": r.low if np.isfinite(r.low) else None,
                "high": r.high if np.isfinite(r.high) else None,
                "tokens": float(np.median(now.inputs.tokens[inside])),
                "features": float(np.median(now.features[inside])),
            }
        )
    shown = (
        Column("group", factor.capitalize()),
        columns.ROWS,
        Column("r", f"r ({now.unit})", "number", digits=3),
        Column("low", "95% low", "number", digits=3),
        Column("high", "95% high", "number", digits=3),
        Column("tokens", "Median tokens", "number", digits=0),
        Column("features", "Median features", "number", digits=0),
    )
    height = "content" if len(rows) <= 8 else 300
    table.draw(rows, shown, height=height, alt=f"Correlation within each {factor}")
