"""The length analysis in sentences to copy, the token budget, and the report to save."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from explorer.figures import length as figures
from explorer.figures import length_report, report
from explorer.ui import cache, context, display, state
from explorer.ui.context import View
from explorer.ui.length import reads as length_reads
from explorer.ui.length.live import Live
from explorer.ui.widgets.page import plot, section

if TYPE_CHECKING:
    from explorer.pipeline.length import LengthResult

_QUICK = 10_000  # rows: up to so many the analysis is written out without being asked


def draw(view: View, now: Live) -> None:
    """Draw the sentences and what a budget of tokens buys, on demand where the dataset is large."""
    section("What does it come to?", "Made from the numbers alone; the sentences can be copied into a report.")
    asked = st.toggle(
        "Write it out: cause, form, and what length and diversity each cover",
        value=view.rows <= _QUICK,
        key=state.LENGTH_WRITTEN,
        persist_state="session",
    )
    if not asked:
        return
    result = length_reads.analysis(view, now.threshold, now.segment)
    st.code(result.summary, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        st.download_button(
            "HTML report",
            lambda: report_text(view, now, result),
            file_name="length.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            help="One file with these sentences, all plots and tables; it opens without a network.",
        )
        st.download_button(
            "Sentences",
            result.summary,
            file_name="length.txt",
            mime="text/plain",
            icon=":material/download:",
            on_click="ignore",
        )
    if result.coverage:
        _token_budget(result)


def report_text(view: View, now: Live, result: LengthResult) -> str:
    """Return the report of what the page shows as one HTML file."""
    first_words = cache.lengths(view)["words"].fill_null("").to_pylist()
    source = length_reads.factors(view).get("source")
    blocks = length_report.blocks(asdict(result), now.tokens, now.counts, first_words, source)
    return report.page("Why does length work?", blocks, subtitle=f"{context.name()}, {display.noun(view.rows, 'row')}")


def _token_budget(result: LengthResult) -> None:
    section("What does a budget of tokens buy?", "Coverage: the share of the active features that some picked row has.")
    if result.crossings:
        st.markdown("At equal tokens: " + "; ".join(display.md(text, 200) for text in result.crossings) + ".")
    else:
        st.markdown("At equal tokens no method overtakes another.")
    part = result.decomposition
    left, right = st.columns([3, 2], gap="large")
    with left:
        fig = figures.token_coverage(result.coverage, rows=part["rows"] if part else None, height=400)
        plot(fig, key="token_coverage", alt="Coverage against response tokens spent, by method")
        if part:
            st.caption(f"A dot: the first {part['rows']:,} rows (5 %) of a method. Random curves are means of 5 draws.")
    with right:
        plot(
            figures.growth(result.growth, height=400),
            key="length_growth",
            alt="New features per 1,000 tokens as responses grow",
        )
        st.caption(
            "What the next 1,000 tokens of a response bring, and what all its tokens brought in the mean. Below zero, "
            "longer responses have fewer features than shorter ones: repetition and boilerplate do that."
        )
    table = length_report.decomposition_table(result.decompositions)
    rows = [dict(zip(table.head, row, strict=True)) for row in table.rows]
    st.dataframe(rows, hide_index=True, height="content", alt="Coverage by choice at some numbers of rows")
    st.caption(table.caption)
