"""The written summary of the length analysis, coverage per token, and the report to download."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from explorer.figures import length as figures
from explorer.figures import length_report, report
from explorer.length.analysis import Stop
from explorer.length.result import LengthResult
from explorer.ui import context, display
from explorer.ui.context import View
from explorer.ui.length import keys
from explorer.ui.length import reads as length_reads
from explorer.ui.map import reads as map_reads
from explorer.ui.widgets.elements import plot, section

_QUICK = 10_000  # rows up to which the summary is shown at once


def draw(view: View, now: Stop) -> None:
    """Draw the summary and the coverage per token, on demand where the dataset is large."""
    section("Summary", "Written from the numbers alone, to copy into a report.")
    shown = st.toggle(
        "Show the written summary and the coverage of each selection",
        value=view.rows <= _QUICK,
        key=keys.SUMMARY,
        persist_state="session",
    )
    if not shown:
        return
    result = length_reads.result(view, now.counts.segment, now.stop)
    st.code(result.summary, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        st.download_button(
            "HTML report",
            lambda: report_text(view, now, result),
            file_name="length.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            help="One file with the summary and all plots and tables; it opens without a network.",
        )
        st.download_button(
            "Summary as text",
            result.summary,
            file_name="length.txt",
            mime="text/plain",
            icon=":material/download:",
            on_click="ignore",
        )
    if result.coverage:
        _token_budget(result)


def report_text(view: View, now: Stop, result: LengthResult) -> str:
    """The report of what the page shows, as one HTML file."""
    groups = length_reads.largest_first(view, "source")
    source = None if groups is None else (groups.codes, groups.names)
    words = map_reads.words(view).fill_null("").to_pylist()
    blocks = length_report.blocks(asdict(result), now.inputs.tokens, now.features, words, source)
    return report.page("Why does length work?", blocks, subtitle=f"{context.name()}, {display.noun(view.rows, 'row')}")


def _token_budget(result: LengthResult) -> None:
    section("Coverage per token", "Coverage is the share of the active features that at least one selected row has.")
    if result.crossings:
        st.markdown("At equal tokens, " + "; ".join(display.md(text, 200) for text in result.crossings) + ".")
    else:
        st.markdown("At equal tokens, no method overtakes another.")
    part = result.decomposition
    left, right = st.columns([3, 2], gap="large")
    with left:
        fig = figures.token_coverage(result.coverage, rows=part["rows"] if part else None, height=400)
        plot(fig, key="token_coverage", alt="Coverage against response tokens spent, by method")
        if part:
            st.caption(f"A dot marks the first {part['rows']:,} rows (5%) of a method. Random curves average 5 draws.")
    with right:
        plot(
            figures.growth(result.growth, height=400),
            key="length_growth",
            alt="New features per 1,000 tokens as responses grow",
        )
        st.caption(
            "Features that the next 1,000 tokens of a response add, and the average over all its tokens. Below zero, "
            "longer responses have fewer features than shorter ones, as with repetition and boilerplate."
        )
    table = length_report.decomposition_table(result.decompositions)
    rows = [dict(zip(table.head, row, strict=True)) for row in table.rows]
    st.dataframe(rows, hide_index=True, height="content", alt="Coverage by selection at several numbers of rows")
    st.caption(table.caption)
