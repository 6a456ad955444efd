"""Saved selections side by side: coverage, overlap, distributions, cost, and a report of it all."""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from explorer.figures import comparison as figures
from explorer.figures import report, theme
from explorer.figures.comparison import Side
from explorer.ui import cache, display, links, state
from explorer.ui.compare import keys, side_by_side
from explorer.ui.compare import reads as compare_reads
from explorer.ui.context import View
from explorer.ui.map import reads as map_reads
from explorer.ui.select import studio
from explorer.ui.shell import header
from explorer.ui.widgets import columns, table, threshold
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import plot, section
from explorer.workspace import Artifact

_FIRST = 4  # selections that are shown until the user chooses
_SEGMENT = "response"
_SECTION_HELP = {
    "Clusters": "Share of each cluster among all rows (bar) and in each selection (dots).",
    "Quality": "The newest quality score; rows without one are ignored.",
}
_COLUMNS = tuple(
    dataclasses.replace(column, title=figures.HEAD[column.name][:1].upper() + figures.HEAD[column.name][1:])
    for column in (
        Column("selection", "", width=165),
        columns.ROWS,
        Column("tokens", "", "number", width=110),
        dataclasses.replace(columns.COVERAGE, width=120),
        Column("certificate", "", "percent", "Share of an upper bound for any subset of as many rows.", width=175),
        Column("redundancy", "", "number", "Mean cosine between the feature sets of two picks.", digits=3, width=90),
        Column("quality", "", "number", digits=3, width=95),
        Column("seconds", "", "number", "Time of the ranking alone.", digits=3, width=70),
        Column("memory", "", "number", "Peak memory of the whole process while it ranked.", width=100),
        Column("seed", "", "id", width=50),
        Column("rules", "", width=90),
    )
)


def draw(view: View) -> None:
    """Draw the page."""
    if len(view.selections) < 2:
        number = "one saved selection" if view.selections else "no saved selections"
        header(figures.TITLE, f"There {'is' if view.selections else 'are'} {number} yet; comparing needs two.")
        links.draw(links.SELECT, "Make one on the Select page", ":material/arrow_forward:")
        return
    top = st.container()
    runs = _choose(view)
    if len(runs) < 2:
        with top:
            header(figures.TITLE, "Choose two or more selections.", counts=view)
        return
    sides = sides_of(view, runs, threshold.current(view))
    with top:
        header(figures.TITLE, answer(sides), counts=view)
    coverage = _coverage(view, runs, sides)
    plots = {"Coverage by number of rows": coverage, **_overlap(sides), **_profiles(view, sides)}
    numbers = _numbers(view, runs)
    side_by_side.draw(view, runs)
    _report(view, runs, sides, plots, numbers)


def _choose(view: View) -> list[Artifact]:
    by_id = {run.id: run for run in reversed(view.selections)}
    linked = st.query_params.get("runs", "")
    if linked and linked != ",".join(state.get(keys.RUNS) or ()):
        state.put(keys.RUNS, [run for run in dict.fromkeys(linked.split(",")) if run in by_id])
    if keys.RUNS in st.session_state:
        state.put(keys.RUNS, [run for run in state.get(keys.RUNS) or () if run in by_id])
    chosen = st.multiselect(
        "Selections",
        list(by_id),
        default=None if keys.RUNS in st.session_state else list(by_id)[:_FIRST],
        format_func=lambda key: display.run_name(by_id[key]),
        key=keys.RUNS,
        persist_state="session",
        on_change=_write_address,
    )
    return [by_id[key] for key in chosen]


def _write_address() -> None:
    """Write the chosen selections to the address, so that it can be shared."""
    st.query_params["runs"] = ",".join(state.get(keys.RUNS) or ())


def sides_of(view: View, runs: list[Artifact], cut: float) -> list[Side]:
    """The selections as the figures take them, without bands."""
    sides = []
    for run in runs:
        curve = cache.run_curve(view, run, cut, _SEGMENT)
        rows = cache.picks(view, run)["sample_id"].to_numpy()
        method = str(run.manifest.parameters.get("method", ""))
        sides.append(Side(display.run_name(run), method, rows, curve.covered / max(1, curve.present)))
    return sides


def answer(sides: list[Side]) -> str:
    """One sentence: which covers most at the largest common size, and how many rows all share."""
    return figures.answer(sides, [f"*{display.md(side.name, 50)}*" for side in sides])


def _coverage(view: View, runs: list[Artifact], sides: list[Side]) -> theme.Figure:
    cut = threshold.current(view)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(
            "Coverage",
            anchor=False,
            width="content",
            help=f"Features above the threshold {cut:.4g} in the responses of the first rows of each selection.",
        )
        with_bands = st.toggle(
            f"Range over {compare_reads.SEEDS} seeds",
            value=True,
            key=keys.SEEDS,
            persist_state="session",
            help="Lowest and highest coverage when a randomised method runs with other seeds. A deterministic method "
            "has no range.",
        )
    if with_bands:
        bands = [compare_reads.seed_band(view, run, cut, _SEGMENT) for run in runs]
        sides = [dataclasses.replace(side, band=band) for side, band in zip(sides, bands, strict=True)]
    fig = figures.coverage(sides)
    plot(fig, key="compare_coverage", alt="Coverage of each selection by number of rows")
    return fig


def _overlap(sides: list[Side]) -> dict[str, theme.Figure]:
    plots = figures.overlap(sides)
    matrix, bars = plots.values()
    left, right = st.columns([2, 3], gap="medium")
    with left:
        section("Overlap", "Share of the row's selection that is also in the column's.")
        plot(matrix, key="overlap", alt="Overlap matrix")
    with right:
        section("Shared rows", "Rows in exactly the selections with a dot; the largest groups.")
        plot(bars, key="upset", alt="Rows by combination of selections")
    return plots


def _profiles(view: View, sides: list[Side]) -> dict[str, theme.Figure]:
    tokens = cache.response_tokens(view)
    groups = studio.groups(view) if view.clusters is not None else None
    quality = None
    if view.quality is not None:
        quality = (map_reads.quality(view), str(view.quality.manifest.parameters.get("scorer", "")))
    plots = figures.profiles(sides, tokens, groups, quality)
    cells: list[Any] = st.columns(len(plots), gap="medium")
    for number, (cell, (title, fig)) in enumerate(zip(cells, plots.items(), strict=True)):
        with cell:
            section(title, _SECTION_HELP.get(title, ""))
            plot(fig, key=f"compare_profile_{number}", alt=title)
    return plots


def _numbers(view: View, runs: list[Artifact]) -> list[dict[str, Any]]:
    section("Cost and coverage")
    cut = threshold.current(view)
    rows = [
        figures.numbers(display.run_name(run), run, compare_reads.metrics(view, run, cut, _SEGMENT)) for run in runs
    ]
    table.draw(rows, _COLUMNS, alt="Numbers of each selection")
    return rows


def _report(
    view: View, runs: list[Artifact], sides: list[Side], plots: dict[str, theme.Figure], numbers: list[dict[str, Any]]
) -> None:
    note = figures.note(view.store.name, threshold.current(view), _SEGMENT)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download report (HTML)",
            data=lambda: report_of(view, runs, sides, plots, numbers, note),
            file_name="comparison.html",
            mime="text/html",
            icon=":material/description:",
            on_click="ignore",
            key="comparison_report",
        )
        st.caption("One file that opens offline; every plot in it can be saved as PNG or SVG.", width="content")


def report_of(
    view: View,
    runs: list[Artifact],
    sides: list[Side],
    plots: dict[str, theme.Figure],
    numbers: list[dict[str, Any]],
    note: str,
) -> str:
    """Return the comparison as a self-contained HTML page: the answer, the plots, the numbers, the parameters."""
    blocks = figures.blocks(sides, runs, plots, numbers, note)
    return report.page(figures.TITLE, blocks, subtitle=f"{len(runs)} selections of {view.rows:,} rows")
