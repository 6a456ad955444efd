"""The Length page: the scatter and its statistics at a threshold that moves, and the sections below them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from explorer.figures import length as figures
from explorer.figures.length import where
from explorer.length.analysis import UNITS, Stop
from explorer.length.statistics import Estimate, signed
from explorer.length.summary import PAPER_R, outlier_text, strength, warnings
from explorer.records import SEGMENTS
from explorer.ui import display, state
from explorer.ui.context import View
from explorer.ui.length import groups, keys, outliers_table, scatter, written
from explorer.ui.length import reads as length_reads
from explorer.ui.shell import header
from explorer.ui.widgets import table, threshold
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import plot, section

_TITLE = "Why does length work?"
_COLOURS = ("nothing", "source", "cluster", "quality")
_STATISTICS = (
    Column("statistic", "Statistic", width=330),
    Column("value", "Value", "number", digits=3, width=90),
    Column("low", "95% low", "number", "Bootstrap over rows.", digits=3, width=90),
    Column("high", "95% high", "number", digits=3, width=90),
)


def draw(view: View) -> None:
    """Draw the page: the scatter first, since it follows the slider."""
    top = st.container()
    left, right = st.columns([5, 2], gap="large")
    with left:
        picture, statistics, carrier = st.container(), st.container(), st.container()
    is_carried = state.get(keys.CARRIED) == scatter.place(view)
    if not is_carried:
        with carrier:
            scatter.carry(view)
    with right:
        value, segment, unit, colour = _controls(view)
    now = length_reads.at(view, value, segment, unit)
    with picture:
        scatter.draw(view, now, colour)
    with top:
        header(_TITLE, _answer(now))
        cautions = st.container()
    with statistics:
        _statistics(view, now)
    with right:
        _threshold_curve(view, now)
    with cautions:
        _cautions(view, now)
    written.draw(view, now)
    groups.draw(view, now)
    outliers_table.draw(view, now)
    if is_carried:  # the browser has the points; they only have to stay on the page
        with carrier:
            scatter.carry(view)


def _controls(view: View) -> tuple[float, str, str, str]:
    counts = length_reads.counts(view, str(state.get(keys.SEGMENT) or "response"))
    stops = counts.thresholds
    step = float(np.diff(stops).max()) if len(stops) > 1 else 0.1

    def choose() -> None:
        threshold.choose(view, float(stops[counts.stop(float(state.get(keys.THRESHOLD)))]))

    state.put(keys.THRESHOLD, min(threshold.current(view), float(stops[-1])))
    value = st.slider(
        "Threshold",
        0.0,
        float(stops[-1]),
        step=round(step, 10),
        key=keys.THRESHOLD,
        on_change=choose,
        help="A feature counts as active where its activation is above the threshold. One value for every page; it "
        f"starts at the SAE's default, {view.threshold:.4g}.",
    )
    segment = _choice("Count features of the", SEGMENTS, keys.SEGMENT)
    unit = _choice("Response length in", UNITS, keys.UNIT)
    known = {"nothing", *length_reads.inputs(view).groups} | ({"quality"} if view.quality is not None else set())
    colour = _choice("Colour by", [name for name in _COLOURS if name in known], keys.COLOUR)
    return float(value), segment, unit, colour


def _choice(label: str, options: Sequence[str], key: str) -> str:
    return str(
        st.segmented_control(label, options, default=options[0], required=True, key=key, persist_state="session")
    )


def _answer(now: Stop) -> str:
    r, off = now.pearson, now.shape.outliers
    if not np.isfinite(r.value):
        return f"Above threshold {now.threshold:.4g}, the number of features does not vary: lower the threshold."
    hidden = ""
    if off.pearson is not None and off.hide(r.value):
        hidden = f", or **{signed(off.pearson)}** without the {display.noun(off.total, 'outlier')}"
    return (
        f"Response length ({now.unit}) {strength(r)} how many features {where(now.counts.segment)} activates: "
        f"**r = {signed(r.value, 3)}** (95% interval {signed(r.low, 3)} to {signed(r.high, 3)}){hidden}; "
        f"the paper reports {PAPER_R}. At threshold {now.threshold:.4g}, the {display.noun(len(now.features), 'row')} "
        f"have {np.mean(now.features):,.0f} active features per row on average."
    )


def _cautions(view: View, now: Stop) -> None:
    """Warn where r misleads: outliers hide the relation, or groups make it."""
    r = now.pearson
    if not np.isfinite(r.value):
        return
    if now.shape.outliers.hide(r.value):
        outliers = length_reads.outliers(view, now.counts.segment, now.stop)
        sentences = [outlier_text(outliers, r.value, len(now.features))]
    else:
        sentences = warnings(r, now.grouped, now.inputs.groups)
    for sentence in sentences:
        st.warning(display.md(sentence, 600), icon=":material/warning:")


def _threshold_curve(view: View, now: Stop) -> None:
    section(
        "Sensitivity to the threshold",
        "How sensitive is r to the threshold? Correlation of response length and feature count at each threshold.",
    )
    fig = figures.r_curve(
        now.counts.thresholds,
        now.r_curve("value"),
        length_reads.rank_curve(view, now.counts.segment),
        threshold=now.threshold,
        interval=(now.r_curve("low"), now.r_curve("high")),
        partial=now.partial_curves(),
        height=330,
    )
    plot(fig, key="r_curve", alt="Correlation against threshold")


def _statistics(view: View, now: Stop) -> None:
    """Draw every correlation with its interval; ranks are resampled while the browser draws the scatter."""
    rho = length_reads.rank_correlation(view, now.counts.segment, now.stop, now.unit)
    rows = [
        _row("Pearson r", now.pearson),
        *(_row(f"Partial r given the {factor}", grouped.partial) for factor, grouped in now.grouped.items()),
        _row("Spearman's rho (ranks)", rho),
    ]
    off = now.shape.outliers
    if off.pearson is not None and off.total:
        name = f"Pearson r (tokens) without {display.noun(off.total, 'outlier')}"
        rows.append({"statistic": name, "value": off.pearson})
    table.draw(rows, _STATISTICS, alt="Correlations with their 95% bootstrap intervals")


def _row(name: str, estimate: Estimate) -> dict[str, str | float | None]:
    values = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {"statistic": name, **{key: value if np.isfinite(value) else None for key, value in values.items()}}
