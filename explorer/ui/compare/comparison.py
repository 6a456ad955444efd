"""Stored selections side by side: coverage, overlap, profiles, cost, and the report of it all."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from explorer.figures import comparison as figures
from explorer.figures import report, theme
from explorer.figures.comparison import Side
from explorer.ui import cache, display, links, state
from explorer.ui.compare import reads as compare_reads
from explorer.ui.compare import side_by_side
from explorer.ui.context import View
from explorer.ui.map import reads as map_reads
from explorer.ui.select import studio
from explorer.ui.widgets.page import header, plot, section
from explorer.workspace import Artifact

_FIRST = 4  # runs that are shown until the user chooses
_SEGMENT = "response"


def draw(view: View) -> None:
    """Draw the page."""
    if len(view.selections) < 2:
        header(figures.TITLE, "Two stored selections are needed to compare; there " + _stored(len(view.selections)))
        st.page_link(links.SELECT, label="Make one on the Select page", icon=":material/arrow_forward:")
        return
    top = st.container()
    runs = _choose(view)
    if len(runs) < 2:
        with top:
            header(figures.TITLE, "Choose two selections or more.")
        return
    sides = sides_of(view, runs)
    with top:
        header(figures.TITLE, answer(sides))
    coverage = _coverage(view, runs, sides)
    plots = {"Coverage by number of rows": coverage, **_overlap(sides), **_profiles(view, sides)}
    numbers = _numbers(view, runs)
    side_by_side.draw(view, runs)
    _report(view, runs, plots, numbers)


def _stored(number: int) -> str:
    return "is one so far." if number else "is none yet."


def _choose(view: View) -> list[Artifact]:
    by_id = {run.id: run for run in reversed(view.selections)}
    asked = st.query_params.get("runs", "")
    if asked and asked != ",".join(state.get(state.COMPARE_RUNS) or ()):
        state.put(state.COMPARE_RUNS, [one for one in dict.fromkeys(asked.split(",")) if one in by_id])
    kept = [run for run in state.get(state.COMPARE_RUNS) or () if run in by_id]
    if state.COMPARE_RUNS in st.session_state:
        state.put(state.COMPARE_RUNS, kept)
    chosen = st.multiselect(
        "Selections",
        list(by_id),
        default=None if state.COMPARE_RUNS in st.session_state else list(by_id)[:_FIRST],
        format_func=lambda key: display.run_name(by_id[key].manifest),
        key=state.COMPARE_RUNS,
        persist_state="session",
        on_change=_address,
    )
    return [by_id[key] for key in chosen]


def _address() -> None:
    """Write the chosen selections to the address, so that it can be shared."""
    st.query_params["runs"] = ",".join(state.get(state.COMPARE_RUNS) or ())


def sides_of(view: View, runs: list[Artifact]) -> list[Side]:
    """The selections as the figures take them, without bands."""
    found = []
    for run in runs:
        curve = cache.run_curve(view, run.id, view.threshold, _SEGMENT)
        rows = cache.picks(view, run.id)["sample_id"].to_numpy()
        method = str(run.manifest.parameters.get("method", ""))
        found.append(Side(display.run_name(run.manifest), method, rows, curve.covered / max(1, curve.present)))
    return found


def answer(sides: list[Side]) -> str:
    """One sentence: who covers most at the size that all reach, and how little they share."""
    return figures.answer(sides, [f"*{display.md(side.name, 50)}*" for side in sides])


def _coverage(view: View, runs: list[Artifact], sides: list[Side]) -> theme.Figure:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(
            "How much do they cover?",
            anchor=False,
            width="content",
            help=f"Features above the threshold {view.threshold:g} in the responses of the first rows of each.",
        )
        wanted = st.toggle(
            f"Band of {compare_reads.SEEDS} seeds",
            value=True,
            key=state.COMPARE_SEEDS,
            persist_state="session",
            help="Lowest and highest coverage when a method that draws at random is run with other seeds. "
            "Methods without a draw give the same rows for every seed and have no band.",
        )
    if wanted:
        bands = [compare_reads.seed_band(view, run.id, view.threshold, _SEGMENT) for run in runs]
        sides = [dataclasses.replace(side, band=band) for side, band in zip(sides, bands, strict=True)]
    fig = figures.coverage(sides)
    plot(fig, key="compare_coverage", alt="Coverage of each selection by rows")
    return fig


def _overlap(sides: list[Side]) -> dict[str, theme.Figure]:
    found = figures.overlap(sides)
    matrix, bars = found.values()
    left, right = st.columns([2, 3], gap="medium")
    with left:
        section("How much do they share?", "Share of the row's selection that is also in the column's.")
        plot(matrix, key="overlap", alt="Overlap matrix")
    with right:
        section("Which rows are in which?", "Rows that are in exactly the selections with a dot; the largest groups.")
        plot(bars, key="upset", alt="Rows by the selections that hold them")
    return found


_PROFILE_HELP = {
    "Clusters": "Share of each cluster among all rows (bar) and in each selection (dots).",
    "Quality": "The newest quality score; rows without one are left out.",
}


def _profiles(view: View, sides: list[Side]) -> dict[str, theme.Figure]:
    tokens = cache.lengths(view)["response_tokens"].fill_null(0).to_numpy()
    groups = studio.groups(view) if view.clusters is not None else None
    quality = None
    if view.quality is not None:
        quality = (map_reads.quality(view), str(view.quality.manifest.parameters.get("scorer", "")))
    found = figures.profiles(sides, tokens, groups, quality)
    columns: list[Any] = st.columns(len(found), gap="medium")
    for number, (column, (title, fig)) in enumerate(zip(columns, found.items(), strict=True)):
        with column:
            section(title, _PROFILE_HELP.get(title, ""))
            plot(fig, key=f"compare_profile_{number}", alt=title)
    return found


_COLUMNS = {  # width in pixels, and format
    "selection": (190, None),
    "rows": (60, "localized"),
    "tokens": (115, "localized"),
    "coverage": (120, "percent"),
    "certificate": (185, "percent"),
    "redundancy": (90, "%.3f"),
    "quality": (95, "%.3f"),
    "seconds": (70, "%.3f"),
    "memory": (100, "localized"),
    "seed": (50, "%d"),
    "rules": (110, None),
}
_HELP = {
    "certificate": "How close the coverage is to the most that any choice of as many rows could reach, at least.",
    "redundancy": "Mean cosine between the feature sets of two picks.",
    "memory": "The peak of the whole process while it was ranked.",
}


def _numbers(view: View, runs: list[Artifact]) -> list[dict[str, Any]]:
    section("What do they cost?", "Time is that of the ranking alone; memory is the peak of the whole process then.")
    rows = [
        figures.numbers(
            display.run_name(run.manifest), run, compare_reads.metrics(view, run.id, view.threshold, _SEGMENT)
        )
        for run in runs
    ]
    head, column = figures.HEAD, st.column_config.NumberColumn
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        column_config={
            key: column(head[key], width=width, format=how, help=_HELP.get(key))
            if how
            else st.column_config.TextColumn(head[key], width=width)
            for key, (width, how) in _COLUMNS.items()
        },
        alt="Numbers of each selection",
    )
    return rows


def _report(view: View, runs: list[Artifact], plots: dict[str, theme.Figure], numbers: list[dict[str, Any]]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Report as one HTML file",
            data=lambda: report_of(view, runs, plots, numbers),
            file_name="comparison.html",
            mime="text/html",
            icon=":material/description:",
            on_click="ignore",
            key="comparison_report",
        )
        st.caption("Opens without a network; every plot in it saves as PNG or SVG.", width="content")


def report_of(view: View, runs: list[Artifact], plots: dict[str, theme.Figure], numbers: list[dict[str, Any]]) -> str:
    """Return the comparison as a self-contained HTML page: the answer, the plots, the numbers, the parameters."""
    note = figures.note(view.store.name, view.threshold, _SEGMENT)
    blocks = figures.blocks(sides_of(view, runs), runs, plots, numbers, note)
    return report.page(figures.TITLE, blocks, subtitle=f"{len(runs)} selections of {view.rows:,} rows")
