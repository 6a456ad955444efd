"""The parts of the overview: the answer in one sentence, the numbers, lengths, sources, what was dropped."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures import dataset as figures
from explorer.ui import cache, display
from explorer.ui.context import View
from explorer.ui.widgets.page import figures_row, plot, section


def answer(view: View) -> str:
    """One sentence with what this data shows, made from the numbers."""
    summary = cache.summary(view)
    rows = display.noun(summary["rows"], "row")
    if view.activations is None:
        median = display.count(summary["median_chars"])
        return f"{rows} are here, {median} characters long in the median; the model has not read them yet."
    info = view.activations.manifest.info
    counts = cache.feature_counts(view, view.threshold, "response")
    tokens = display.count((summary["response_tokens"] or 0) + (summary["prompt_tokens"] or 0))
    text = f"In {rows} ({tokens} tokens) a typical response shows **{np.median(counts):,.0f} features**"
    if view.features is None:
        return f"{text}."
    active = cache.landscape(view)
    if not active.num_rows:
        return f"{text}; no feature passes the threshold {view.threshold:g}."
    shares = active["share"].to_numpy()
    top = int(np.argmax(shares))
    label = display.md(active["label"][top].as_py(), 60)
    return (
        f"{text} out of {active.num_rows:,} above the threshold {view.threshold:g} anywhere "
        f"({display.share(active.num_rows / info['d_sae'])} of the dictionary); the most common, *{label}*, is in "
        f"{display.share(float(shares[top]))} of the responses."
    )


def numbers(view: View) -> None:
    """Draw the row of figures under the answer."""
    summary = cache.summary(view)
    assert view.samples is not None  # the page ends before this without samples
    dropped = sum(view.samples.manifest.dropped.values())
    shown = [
        ("Rows", f"{summary['rows']:,}", "Samples in the workspace: one prompt with its response each."),
        (
            "Exact duplicates",
            f"{summary['duplicates']:,}",
            "Rows with the same prompt, response and system text as an earlier one; kept and marked.",
        ),
        ("Dropped at ingest", f"{dropped:,}", "Source rows that make no sample; by reason further down."),
    ]
    if view.activations is not None:
        info = view.activations.manifest.info
        truncated = int(summary["truncated"] or 0)
        shown += [
            (
                "Median response",
                f"{display.count(summary['median_tokens'])} tokens",
                f"95 % are at most {display.count(summary['p95_tokens'])} tokens.",
            ),
            (
                "Truncated",
                f"{truncated:,}",
                "Rows longer than the token limit of the extraction: the rest of them was not read.",
            ),
            (
                "Active per token (L0)",
                display.decimal(info.get("l0")),
                "Features that are active on one token, on average.",
            ),
            (
                "Unexplained (FVU)",
                display.share(info.get("fvu")),
                "Fraction of the variance of the model's activations that the SAE does not reconstruct.",
            ),
        ]
    figures_row(shown)


def lengths(view: View) -> None:
    """Histogram of response lengths, in tokens where they were counted."""
    table = cache.lengths(view)
    unit = "tokens" if view.activations is not None else "characters"
    column = "response_tokens" if view.activations is not None else "response_chars"
    section("How long are the responses?")
    values = table[column].drop_null().to_numpy()
    plot(figures.length_histogram(values, unit=unit), key="lengths", alt=f"Histogram of response lengths in {unit}")


def sources(view: View) -> None:
    """Rows by source and rows dropped by reason."""
    summary = cache.summary(view)
    assert view.samples is not None  # as above
    if summary["sources"] > 1:
        section("Where do they come from?")
        names, values = zip(*summary["by_source"][:8], strict=True)
        plot(figures.bars(names, values, unit="rows"), key="sources", alt="Rows by source")
        if summary["sources"] > 8:
            st.caption(f"The largest 8 of {summary['sources']:,} sources.")
    dropped = view.samples.manifest.dropped
    if dropped:
        reasons = ", ".join(f"{display.md(reason)}: {n:,}" for reason, n in dropped.items())
        st.caption(f"Dropped at ingest: {reasons}.")
