"""The parts of the overview: the answer in one sentence, the numbers, lengths, sources, dropped rows."""

from __future__ import annotations

import numpy as np
import streamlit as st

from explorer.figures import dataset as figures
from explorer.ui import cache, display
from explorer.ui.context import View
from explorer.ui.widgets import threshold
from explorer.ui.widgets.elements import figures_row, plot, section


def answer(view: View) -> str:
    """One sentence with what this data shows, made from the numbers."""
    summary = cache.summary(view)
    rows = display.noun(summary["rows"], "row")
    if view.activations is None:
        median = display.count(summary["median_chars"])
        return f"**{rows}**, median length {median} characters; the model has not been run over them yet."
    cut = threshold.current(view)
    counts = cache.feature_counts(view, cut, "response")
    tokens = display.count((summary["response_tokens"] or 0) + (summary["prompt_tokens"] or 0))
    text = f"{rows} ({tokens} tokens): median **{np.median(counts):,.0f} active features** per response"
    if view.features is None:
        return f"{text}."
    active = cache.landscape(view, cut)
    if not active.num_rows:
        return f"{text}; no feature is above the threshold {cut:.4g}."
    shares = active["share"].to_numpy()
    top = int(np.argmax(shares))
    label = display.md(active["label"][top].as_py(), 60)
    width = view.activations.manifest.info["d_sae"]
    return (
        f"{text}; {active.num_rows:,} of {width:,} features occur in this data above the threshold {cut:.4g}. "
        f"The most common, *{label}*, is in {display.share(float(shares[top]))} of the responses."
    )


def numbers(view: View) -> None:
    """Draw the row of figures under the answer."""
    summary = cache.summary(view)
    assert view.samples is not None  # the page ends before this without samples
    dropped = sum(view.samples.manifest.dropped.values())
    shown = [
        ("Rows", f"{summary['rows']:,}", "A row is one prompt with its response."),
        (
            "Exact duplicates",
            f"{summary['duplicates']:,}",
            "Rows with the prompt, response and system text of an earlier row; they stay in the data, marked.",
        ),
        ("Dropped at import", f"{dropped:,}", "Source rows that could not be read as a prompt with a response."),
    ]
    if view.activations is not None:
        info = view.activations.manifest.info
        shown += [
            (
                "Median response",
                f"{display.count(summary['median_tokens'])} tokens",
                f"95% of responses have at most {display.count(summary['p95_tokens'])} tokens.",
            ),
            (
                "Truncated",
                f"{int(summary['truncated'] or 0):,}",
                "Rows longer than the token limit of the extraction: what is past the limit is ignored.",
            ),
            ("Active per token (L0)", display.decimal(info.get("l0")), "Active features per token, on average."),
            (
                "Unexplained (FVU)",
                display.share(info.get("fvu")),
                "Share of the variance of the model's activations that the SAE does not reconstruct.",
            ),
        ]
    figures_row(shown)


def lengths(view: View) -> None:
    """Histogram of response lengths, in tokens where they were counted."""
    if view.activations is not None:
        unit, values = "tokens", cache.response_tokens(view)
    else:
        unit, values = "characters", cache.response_characters(view)
    section("Response length")
    plot(figures.length_histogram(values, unit=unit), key="lengths", alt=f"Histogram of response lengths in {unit}")


def sources(view: View) -> None:
    """Rows by source and rows dropped by reason."""
    summary = cache.summary(view)
    assert view.samples is not None  # as above
    if summary["sources"] > 1:
        section("Sources")
        names, values = zip(*summary["by_source"][:8], strict=True)
        plot(figures.bars(names, values, unit="rows"), key="sources", alt="Rows by source")
        if summary["sources"] > 8:
            st.caption(f"The largest 8 of {summary['sources']:,} sources.")
    dropped = view.samples.manifest.dropped
    if dropped:
        reasons = ", ".join(f"{display.md(reason)}: {n:,}" for reason, n in dropped.items())
        st.caption(f"Dropped at import: {reasons}.")
