"""The length laboratory: the scatter, r against the threshold, r inside each group, and the rows off the trend."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures import length as figures
from explorer.records import SEGMENTS
from explorer.ui import cache, length_numbers, state, words
from explorer.ui.components import row_table
from explorer.ui.components.page import header, plot, section
from explorer.ui.context import View

_TITLE = "Why does length work?"


def draw(view: View) -> None:
    """Draw the page."""
    table = cache.lengths(view)
    tokens = table["response_tokens"].fill_null(0).to_numpy().astype(float)
    top = st.container()
    left, right = st.columns([5, 2], gap="large")
    with right:
        threshold, segment, grouping, log = _controls(view)
    counts = cache.feature_counts(view, threshold, segment)
    with top:
        header(_TITLE, _answer(tokens, counts, threshold, segment))
    groups = _groups(view, grouping)
    with left:
        trend = length_numbers.binned_median(tokens, counts)
        fig = figures.scatter(
            tokens,
            counts,
            table["words"].to_pylist(),
            groups=groups,
            curves=[("median at that length", *trend)],
            log=log,
            height=520,
        )
        plot(fig, key="length_scatter", alt="Response tokens against active features, one point a row")
    with right:
        section("How much hangs on the threshold?", "Correlation of length and feature count, recomputed at each one.")
        curve = cache.r_curve(view, segment)
        fig = figures.r_curve(
            curve.thresholds,
            curve.pearson,
            curve.spearman,
            threshold=threshold,
            interval=(curve.low, curve.high),
            height=290,
        )
        plot(fig, key="r_curve", alt="Correlation against threshold")
    _written(view, threshold, segment)
    if groups is not None:
        _inside(tokens, counts, groups, grouping)
    _residuals(view, tokens, counts)


def _controls(view: View) -> tuple[float, str, str, bool]:
    curve = cache.r_curve(view, "response")
    most = float(max(curve.thresholds[-1], view.threshold * 2, 1.0))
    threshold = st.slider(
        "Threshold",
        0.0,
        round(most, 1),
        value=min(view.threshold, round(most, 1)),
        step=round(most / 100, 2) or 0.01,
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
    options = ["nothing", "source"] + (["cluster"] if view.clusters is not None else [])
    grouping = st.segmented_control(
        "Colour by", options, default="nothing", required=True, key=state.LENGTH_GROUPING, persist_state="session"
    )
    log = st.toggle("Length on a log scale", key=state.LENGTH_LOG, persist_state="session")
    return float(threshold), str(segment), str(grouping), log


def _answer(tokens: np.ndarray, counts: np.ndarray, threshold: float, segment: str) -> str:
    r = length_numbers.correlation(tokens, counts)
    if not np.isfinite(r):
        return f"Above the threshold {threshold:g} the number of features does not vary: lower it."
    low, high = length_numbers.interval(r, len(tokens))
    rho = length_numbers.correlation(length_numbers.ranks(tokens), length_numbers.ranks(counts))
    half = np.median(tokens)
    short, long = counts[tokens <= half], counts[tokens > half]
    grows = ""
    if len(short) and len(long):
        grows = (
            f"; the longer half of the rows shows {np.mean(long):,.0f} features in the mean, "
            f"the shorter {np.mean(short):,.0f}"
        )
    strength = "explains most of" if r > 0.8 else "explains part of" if r > 0.4 else "says little about"
    return (
        f"Response length {strength} the number of features ({segment}): **r = {r:.3f}** "
        f"({low:.3f} to {high:.3f}), rank correlation {rho:.3f}, at threshold {threshold:g}, "
        f"{words.noun(len(tokens), 'row')}{grows}."
    )


def _written(view: View, threshold: float, segment: str) -> None:
    """Draw the full analysis in sentences, on demand: bootstrap intervals, fits, and what length adds to coverage."""
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown("**What does it come to?** Intervals, cause, form, and how much of coverage is length alone.")
            asked = st.toggle("Write it out", key=state.LENGTH_WRITTEN, persist_state="session")
        if asked:
            result = cache.length_analysis(view, threshold, segment)
            for warning in result.warnings:
                st.warning(words.md(warning, 600), icon=":material/warning:")
            st.markdown(words.md(result.summary, 4_000))
            st.download_button(
                "Save as text", result.summary, file_name="length.txt", icon=":material/download:", on_click="ignore"
            )


def _groups(view: View, grouping: str) -> tuple[np.ndarray, list[str]] | None:
    if grouping == "cluster" and view.clusters is not None:
        cards = cache.cluster_cards(view)
        numbers = np.array(cards["cluster"].to_pylist())
        place = np.zeros(max(1, int(numbers.max()) + 1), dtype=int)
        place[numbers] = np.arange(len(numbers))
        return place[cache.cluster_of(view)], [str(name) for name in cards["name"].to_pylist()]
    if grouping == "source":
        sources = np.array([s or "" for s in cache.lengths(view)["source"].to_pylist()], dtype=str)
        names, codes, sizes = np.unique(sources, return_inverse=True, return_counts=True)
        order = np.argsort(-sizes, kind="stable")
        place = np.empty(len(names), dtype=int)
        place[order] = np.arange(len(names))
        return place[codes], [str(names[i]) for i in order]
    return None


def _inside(tokens: np.ndarray, counts: np.ndarray, groups: tuple[np.ndarray, list[str]], grouping: str) -> None:
    """R inside each group: where it falls well below the overall r, length stands in for the group."""
    numbers, names = groups
    section(f"Does it hold inside each {grouping}?", "If r is high overall and low inside, length stands in for it.")
    rows = []
    for place, name in enumerate(names[:30]):
        inside = numbers == place
        r = length_numbers.correlation(tokens[inside], counts[inside])
        rows.append(
            {
                grouping: words.clean(name or "(none)", 60),
                "rows": int(inside.sum()),
                "r": None if not np.isfinite(r) else r,
                "median tokens": float(np.median(tokens[inside])) if inside.any() else None,
                "median features": float(np.median(counts[inside])) if inside.any() else None,
            }
        )
    st.dataframe(
        rows,
        hide_index=True,
        height="content" if len(rows) <= 10 else 380,
        column_config={
            "r": st.column_config.NumberColumn("r inside", format="%.3f", width=90),
            "rows": st.column_config.NumberColumn("rows", format="localized", width=90),
        },
        alt=f"Correlation inside each {grouping}",
    )


@st.fragment
def _residuals(view: View, tokens: np.ndarray, counts: np.ndarray) -> None:
    section("Which rows are off the trend?", "More or fewer features than the median at that length.")
    chosen = st.segmented_control(
        "Rows",
        ["long but poor in features", "short but rich in features"],
        default="long but poor in features",
        required=True,
        key=state.LENGTH_RESIDUALS,
        label_visibility="collapsed",
    )
    off = length_numbers.residuals(tokens, counts)
    middle = np.median(tokens)
    if chosen == "long but poor in features":
        order = np.argsort(np.where(tokens > middle, off, np.inf), kind="stable")
        order = order[: int((tokens > middle).sum())][:200]
    else:
        order = np.argsort(np.where(tokens <= middle, -off, np.inf), kind="stable")
        order = order[: int((tokens <= middle).sum())][:200]
    row_table.draw(
        view,
        order.tolist(),
        key=f"residuals_{chosen[:4]}",
        page_size=10,
        columns=("sample_id", "features", "expected", "response_tokens", "prompt", "response", "source"),
        extra={"features": counts[order].tolist(), "expected": (counts - off)[order].tolist()},
    )
