"""The length laboratory: the scatter and its statistics under a threshold that moves, and what stands below them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures import length as figures
from explorer.figures.length import where
from explorer.length.statistics import Estimate, signed
from explorer.length.summary import OffTrend, hides, off_sentences, warnings
from explorer.records import SEGMENTS
from explorer.ui import display, state
from explorer.ui.context import View
from explorer.ui.length import groups, numbers, residuals, scatter, written
from explorer.ui.length import reads as length_reads
from explorer.ui.length.live import Live, live
from explorer.ui.shell import header
from explorer.ui.widgets.page import plot, section

_TITLE = "Why does length work?"
_COLOURS = ("nothing", "source", "cluster", "quality")


def draw(view: View) -> None:
    """Draw the page: the scatter first, since it follows the slider."""
    top = st.container()
    left, right = st.columns([5, 2], gap="large")
    with left:
        picture, statistics, carrier = st.container(), st.container(), st.container()
    late = state.get(state.LENGTH_CARRIED) == scatter.place(view)
    if not late:
        with carrier:
            scatter.carry(view)
    with right:
        threshold, segment, unit, colour = _controls(view)
    now = live(view, threshold, segment, unit)
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
    residuals.draw(view, now)
    if late:  # the browser has the points; they only have to stay on the page
        with carrier:
            scatter.carry(view)


def _controls(view: View) -> tuple[float, str, str, str]:
    segment = str(st.session_state.get(state.LENGTH_SEGMENT) or "response")
    stops = length_reads.grid(view, segment).thresholds
    step = float(np.diff(stops).max()) if len(stops) > 1 else 0.1
    threshold = st.slider(
        "Threshold",
        0.0,
        float(stops[-1]),
        value=float(min(view.threshold, stops[-1])),
        step=round(step, 10),
        key=state.LENGTH_THRESHOLD,
        persist_state="session",
        help="A feature counts as active in a row where its activation is above this. The start is the SAE's own.",
    )
    segment = st.segmented_control(
        "Count the features of the",
        SEGMENTS,
        default="response",
        required=True,
        key=state.LENGTH_SEGMENT,
        persist_state="session",
    )
    unit = st.segmented_control(
        "Measure the response in",
        numbers.UNITS,
        default="tokens",
        required=True,
        key=state.LENGTH_UNIT,
        persist_state="session",
    )
    known = set(length_reads.factors(view)) | {"nothing"} | ({"quality"} if view.quality is not None else set())
    colour = st.segmented_control(
        "Colour by",
        [name for name in _COLOURS if name in known],
        default="nothing",
        required=True,
        key=state.LENGTH_GROUPING,
        persist_state="session",
    )
    return float(threshold), str(segment), str(unit), str(colour)


def _answer(now: Live) -> str:
    r = now.pearson
    if not np.isfinite(r.value):
        return f"Above the threshold {now.threshold:g} the number of features does not vary: lower it."
    off = now.off
    if hides(off, r.value) and off.pearson is not None:
        strength = "partly predicts" if r.value < 0.7 else "predicts"
        hidden = (
            f", and **{signed(off.pearson)}** without the {off.feature_poor + off.feature_rich:,} rows off the trend"
        )
    else:
        strength = "almost fixes" if r.value >= 0.9 else "predicts" if r.value >= 0.7 else "partly predicts"
        strength = "says little about" if r.value < 0.3 else strength
        hidden = ""
    return (
        f"Response length ({now.unit}) {strength} how many features {where(now.segment)} activates: "
        f"**r = {signed(r.value, 3)}** "
        f"(95 % interval {signed(r.low, 3)} to {signed(r.high, 3)}){hidden}; the paper reports {figures.PAPER_R}. "
        f"At threshold {now.threshold:g}, {display.noun(len(now.x), 'row')}, "
        f"{np.mean(now.counts):,.0f} features a row in the mean."
    )


def _cautions(view: View, now: Live) -> None:
    """Say where the one number misleads: rows off the trend hide the relation, or groups make it."""
    r = now.pearson
    if not np.isfinite(r.value):
        return
    if hides(now.off, r.value):
        for text in off_sentences(length_reads.repeating(view, now.segment, now.stop), r.value, len(now.x)):
            st.warning(display.md(text, 600), icon=":material/warning:")
        return
    for text in warnings(r, now.grouped, now.names):
        st.warning(display.md(text, 600), icon=":material/warning:")


def _threshold_curve(view: View, now: Live) -> None:
    section("How much hangs on the threshold?", "Correlation of length and feature count, recomputed at each one.")
    fig = figures.r_curve(
        now.thresholds,
        now.r_along("value"),
        length_reads.rank_curve(view, now.segment),
        threshold=now.threshold,
        interval=(now.r_along("low"), now.r_along("high")),
        partial=now.partial_along(),
        height=330,
    )
    plot(fig, key="r_curve", alt="Correlation against threshold")


def _statistics(view: View, now: Live) -> None:
    """Draw every correlation with its interval; ranks are resampled while the browser draws the scatter."""
    rows = [_row("Pearson r", now.pearson)]
    rows += [_row(f"r given the {factor} (partial)", found.partial) for factor, found in now.grouped.items()]
    rows.append(_row("Spearman's rho (ranks)", length_reads.spearman(view, now.segment, now.stop, now.unit)))
    off: OffTrend = now.off
    if off.pearson is not None and off.feature_poor + off.feature_rich:
        count = off.feature_poor + off.feature_rich
        rows.append({"statistic": f"Pearson r (tokens) without the {count:,} rows off the trend", "value": off.pearson})
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={
            "statistic": st.column_config.TextColumn("Statistic", width=330),
            "value": st.column_config.NumberColumn("Value", format="%.3f", width=90),
            "low": st.column_config.NumberColumn("95 % from", format="%.3f", width=90, help="Bootstrap over rows."),
            "high": st.column_config.NumberColumn("to", format="%.3f", width=90),
        },
        alt="Correlations with their 95 % bootstrap intervals",
    )


def _row(name: str, estimate: Estimate) -> dict[str, str | float | None]:
    values = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {"statistic": name, **{key: value if np.isfinite(value) else None for key, value in values.items()}}
