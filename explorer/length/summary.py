"""Sentences that state the findings of the length analysis, written from the numbers alone."""

from __future__ import annotations

from collections.abc import Mapping

from explorer.length.analysis import Analysis
from explorer.length.fits import Outliers
from explorer.length.statistics import Estimate, Grouped, Groups, signed

PAPER_R = 0.92  # Yang et al. 2025, figure on response length against activated features
_GAP = 0.2  # smallest difference between r of all samples and r within groups that is reported


def summary(analysis: Analysis) -> str:
    """Sentences for a report: strength, cause, form, what diversity adds, and which selection leads."""
    r, rows = analysis.at.pearson, len(analysis.at.inputs.tokens)
    if not _known(r):
        return (
            f"On {rows:,} samples the correlation of response length and features is undefined: "
            "one of them does not vary."
        )
    parts = [_strength(analysis), *outlier_sentences(analysis.outliers, r.value, rows), *_cause(analysis)]
    if abs(r.value) >= 0.3 or (analysis.outliers.pearson or 0.0) >= 0.3:
        parts.append(_form(analysis))
    parts += _diversity(analysis)
    if analysis.coverage.crossings:
        parts.append(f"At equal tokens {'; '.join(analysis.coverage.crossings[:6])}.")
    return " ".join(parts)


def strength(r: Estimate) -> str:
    """Say in a verb how strongly response length is related to the feature count."""
    size = abs(r.value)
    if r.low <= 0.0 <= r.high or size < 0.1:
        return "says nothing about"
    return (
        "almost fixes"
        if size >= 0.9
        else "strongly predicts"
        if size >= 0.7
        else "partly predicts"
        if size >= 0.3
        else "weakly predicts"
    )


def warnings(r: Estimate, grouped: Mapping[str, Grouped], groups: Mapping[str, Groups]) -> list[str]:
    """Where the overall correlation misleads: it comes from, or is hidden by, a mixture of groups (Simpson 1951)."""
    sentences = []
    for factor, inside in grouped.items():
        partial = inside.partial
        if not _known(r) or not _known(partial) or len(groups[factor].names) < 2:
            continue
        apart = partial.high < r.low or partial.low > r.high
        if not apart or abs(r.value - partial.value) < _GAP:
            continue
        numbers = f"r = {signed(r.value)} over all samples, {signed(partial.value)} within {factor}s"
        if r.value * partial.value < 0 and min(abs(r.value), abs(partial.value)) > 0.1:
            sentences.append(f"Simpson's paradox: the sign turns round inside {factor}s ({numbers})")
        elif abs(partial.value) < abs(r.value):
            sentences.append(f"Much of the correlation comes from mixing {factor}s, not from length itself ({numbers})")
        else:
            sentences.append(f"Mixing {factor}s hides a stronger correlation inside them ({numbers})")
    return sentences


def cautions(analysis: Analysis) -> list[str]:
    """`warnings`, of the samples that are not outliers where the outliers hide the relation."""
    groups = analysis.at.inputs.groups
    if analysis.core is None:
        return warnings(analysis.at.pearson, analysis.at.grouped, groups)
    sentences = warnings(analysis.core.pearson, analysis.core.grouped, groups)
    return [text.replace("over all samples", "over these samples") for text in sentences]


def outlier_sentences(outliers: Outliers, r: float, rows: int) -> list[str]:
    """Say how many outliers there are, whether they repeat themselves, and what r is without them."""
    if not outliers.total:
        return []
    poor = outliers.feature_poor
    text = (
        f"{poor:,} long {'response has' if poor == 1 else 'responses have'} far fewer features than the trend at that "
        f"length, {outliers.feature_rich:,} short ones far more"
    )
    if outliers.read and outliers.repeat >= 0.25 * outliers.read:
        text += f"; {outliers.repeat:,} of the {outliers.read:,} long ones repeat themselves"
    if outliers.pearson is not None and outliers.hide(r):
        text += f". Without these {outliers.total / rows:.1%} of the samples r is {signed(outliers.pearson)}, "
        text += f"not {signed(r)}: they hide the relation"
    elif outliers.pearson is not None:
        text += f"; without them r is {signed(outliers.pearson)}"
    return [f"{text}."]


def _known(estimate: Estimate) -> bool:
    return estimate.value == estimate.value and estimate.low == estimate.low


def _strength(analysis: Analysis) -> str:
    at, r = analysis.at, analysis.at.pearson
    where = {"response": "response", "prompt": "prompt", "all": "prompt and response"}[at.counts.segment]
    numbers = (
        f"r = {signed(r.value)} (95 % interval {signed(r.low)} to {signed(r.high)}; "
        f"rank correlation {signed(analysis.spearman.value)}; the paper reports {PAPER_R})"
    )
    over = f"On {len(at.inputs.tokens):,} samples, at threshold {at.threshold:g},"
    verb = strength(r)
    turn = " (longer responses have fewer)" if r.value < 0 and not verb.startswith("says") else ""
    return f"{over} response length {verb} how many features the {where} activates{turn}: {numbers}."


def _cause(analysis: Analysis) -> list[str]:
    among = "" if analysis.core is None else "Among the others: "
    if warned := cautions(analysis):
        return [f"{among}{text}." for text in warned]
    source = analysis.at if analysis.core is None else analysis.core
    r = source.pearson
    partial = [
        f"{signed(grouped.partial.value)} given the {factor}"
        for factor, grouped in source.grouped.items()
        if _known(grouped.partial) and len(analysis.at.inputs.groups[factor].names) > 1
    ]
    if partial and abs(r.value) >= 0.1 and not r.low <= 0.0 <= r.high:
        return [f"{among}{'i' if among else 'I'}t is not an artefact of mixing groups: {' and '.join(partial)}."]
    return []


def _form(analysis: Analysis) -> str:
    linear, curve, trend = analysis.at.shape.linear, analysis.saturating, analysis.at.shape.trend
    if trend.kind == "saturating" and curve.r2 > linear.r2 + 0.005:
        return (
            f"The relation levels off: a saturating curve explains {curve.r2:.0%} of the variance (a line "
            f"{linear.r2:.0%}); for most rows it has a plateau near {trend.a:,.0f} features, half of it reached at "
            f"{trend.b * 0.6931:,.0f} tokens."
        )
    return (
        f"The relation is close to a line: {1000 * linear.a:,.0f} further features per 1,000 tokens "
        f"({linear.r2:.0%} of the variance)."
    )


def _diversity(analysis: Analysis) -> list[str]:
    d = analysis.coverage.decomposition
    if d is None:
        return []
    sentence = (
        f"{d.rows:,} samples cover {d.greedy:.1%} of the features when picked greedily, {d.longest:.1%} when they are "
        f"the longest, {d.random:.1%} at random, and {d.greedy_matched:.1%} at random with the lengths of greedy's."
    )
    if d.length_share is None:
        return [f"{sentence} Greedy is no better than random at this size."]
    share = min(max(d.length_share, 0.0), 1.0)
    sentences = [
        f"{sentence} So length alone gives {share:.0%} of greedy's advantage, diversity the other {1 - share:.0%}."
    ]
    if d.random - d.longest >= 0.01:
        sentences.append("The longest cover less than as many random ones.")
    elif d.longest - d.random >= 0.01:
        sentences.append(
            f"As many random rows as spend the tokens of the longest cover {d.random_same_tokens:.1%}: "
            + (
                "per token the longest are no better than random."
                if d.random_same_tokens >= d.longest - 0.005
                else "per token too the longest are better than random."
            )
        )
    return sentences
