"""Sentences that state the findings of the length analysis, written from the numbers alone."""

from __future__ import annotations

from collections.abc import Mapping

from explorer.length.analysis import Analysis
from explorer.length.fits import Outliers
from explorer.length.statistics import Estimate, Grouped, Groups, signed

PAPER_R = 0.92  # Yang et al. 2025, figure on response length against activated features
_AMONG_OTHERS = "among the rows that are not outliers, "
_REMAINS = 0.5  # share of r that remains within groups where the correlation does not come from mixing them
_GAP = 0.2  # smallest difference between r of all samples and r within groups that is reported


def summary(analysis: Analysis) -> str:
    """Write the findings: strength, cause, form, what diversity adds, and which selection covers most."""
    r, rows = analysis.at.pearson, len(analysis.at.inputs.tokens)
    if not _known(r):
        return (
            f"On {rows:,} rows, the correlation between response length and feature count is undefined, because one of "
            "them does not vary."
        )
    parts = [_strength(analysis), outlier_text(analysis.outliers, r.value, rows), *_cause(analysis)]
    if abs(r.value) >= 0.3 or (analysis.outliers.pearson or 0.0) >= 0.3:
        parts.append(_form(analysis))
    parts += _diversity(analysis)
    if analysis.coverage.crossings:
        parts.append(f"At equal tokens, {'; '.join(analysis.coverage.crossings[:6])}.")
    return " ".join(part for part in parts if part)


def strength(r: Estimate) -> str:
    """Choose the verb for how well response length predicts the feature count."""
    size = abs(r.value)
    if r.low <= 0.0 <= r.high or size < 0.1:
        return "does not predict"
    verbs = ((0.9, "largely determines"), (0.7, "strongly predicts"), (0.3, "partly predicts"))
    return next((verb for least, verb in verbs if size >= least), "weakly predicts")


def warnings(
    r: Estimate, grouped: Mapping[str, Grouped], groups: Mapping[str, Groups], *, among: str = ""
) -> list[str]:
    """Say where the overall r misleads: it comes from, or is hidden by, a mixture of groups (Simpson 1951).

    `among` names the rows at the start of each sentence where they are not all rows.
    """
    sentences = []
    for factor, inside in grouped.items():
        partial = inside.partial
        if not _known(r) or not _known(partial) or len(groups[factor].names) < 2:
            continue
        apart = partial.high < r.low or partial.low > r.high
        if not apart or abs(r.value - partial.value) < _GAP:
            continue
        if r.value * partial.value < 0 and min(abs(r.value), abs(partial.value)) > 0.1:
            text = f"the sign of r reverses within {factor}s (Simpson's paradox)"
        elif abs(partial.value) < abs(r.value):
            text = f"much of the correlation comes from mixing {factor}s, not from length itself"
        else:
            text = f"mixing {factor}s hides a stronger correlation within them"
        numbers = f"r is {signed(r.value)} overall and {signed(partial.value)} within {factor}s"
        sentences.append(_capital(f"{among}{text}: {numbers}."))
    return sentences


def cautions(analysis: Analysis) -> list[str]:
    """`warnings`, of the rows that are not outliers where the outliers hide the relation."""
    groups = analysis.at.inputs.groups
    if analysis.core is None:
        return warnings(analysis.at.pearson, analysis.at.grouped, groups)
    return warnings(analysis.core.pearson, analysis.core.grouped, groups, among=_AMONG_OTHERS)


def outlier_text(outliers: Outliers, r: float, rows: int) -> str:
    """Say how many outliers there are, whether they repeat themselves, and what r is without them; "" for none."""
    poor, rich = outliers.feature_poor, outliers.feature_rich
    if not outliers.total:
        return ""
    text = " and ".join(
        f"{count:,} {size} {'response has' if count == 1 else 'responses have'} far {amount} features"
        for count, size, amount in ((poor, "long", "fewer"), (rich, "short", "more"))
        if count
    )
    text += " than the trend predicts for " + ("that length" if outliers.total == 1 else "their length")
    if outliers.read and outliers.repeat >= 0.25 * outliers.read:
        farthest = "" if outliers.read == poor else " farthest"
        text += f"; {outliers.repeat:,} of the {outliers.read:,}{farthest} long responses repeat themselves"
    without = f"without {'this outlier' if outliers.total == 1 else 'these outliers'}"
    if outliers.pearson is None:
        return f"{text}."
    if not outliers.hide(r):
        return f"{text}; {without}, r is {signed(outliers.pearson)}."
    return (
        f"{text}. {_capital(without)} ({outliers.total / rows:.1%} of the rows), r is {signed(outliers.pearson)} "
        f"instead of {signed(r)}: they hide the relation."
    )


def _known(estimate: Estimate) -> bool:
    return estimate.value == estimate.value and estimate.low == estimate.low


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _strength(analysis: Analysis) -> str:
    at, r = analysis.at, analysis.at.pearson
    verb = strength(r)
    negative = " (longer responses activate fewer)" if r.value < 0 and verb != "does not predict" else ""
    where = {"response": "the response activates", "prompt": "the prompt activates"}.get(
        at.counts.segment, "the prompt and response activate"
    )
    return (
        f"On {len(at.inputs.tokens):,} rows, at threshold {at.threshold:g}, response length {verb} how many features "
        f"{where}{negative}: r = {signed(r.value)} (95% interval {signed(r.low)} to {signed(r.high)}; "
        f"Spearman's rho {signed(analysis.spearman.value)}; the paper reports r = {PAPER_R})."
    )


def _cause(analysis: Analysis) -> list[str]:
    if misleading := cautions(analysis):
        return misleading
    among, part = ("", analysis.at) if analysis.core is None else (_AMONG_OTHERS, analysis.core)
    r = part.pearson
    partial = {factor: inside.partial.value for factor, inside in part.grouped.items() if _known(inside.partial)}
    if not partial or abs(r.value) < 0.1 or r.low <= 0.0 <= r.high:
        return []
    numbers = " and ".join(f"{signed(value)} given the {factor}" for factor, value in partial.items())
    if all(value / r.value >= _REMAINS for value in partial.values()):
        return [_capital(f"{among}the correlation is not an artefact of mixing groups: r is {numbers}.")]
    return [_capital(f"{among}r is {numbers}, and {signed(r.value)} overall.")]


def _form(analysis: Analysis) -> str:
    linear, curve, trend = analysis.at.shape.linear, analysis.saturating, analysis.at.shape.trend
    if trend.kind == "saturating" and curve.r2 > linear.r2 + 0.005:
        return (
            f"The relation levels off: a saturating curve explains {curve.r2:.0%} of the variance, a line "
            f"{linear.r2:.0%}. The trend of most rows has its plateau near {trend.a:,.0f} features and reaches half of "
            f"it at {trend.b * 0.6931:,.0f} tokens."
        )
    amount = "more" if linear.a >= 0 else "fewer"
    return (
        f"The relation is close to linear: {1000 * abs(linear.a):,.0f} {amount} features per 1,000 tokens "
        f"({linear.r2:.0%} of the variance explained)."
    )


def _diversity(analysis: Analysis) -> list[str]:
    d = analysis.coverage.decomposition
    if d is None:
        return []
    coverage = (
        f"Of the active features, {d.rows:,} rows cover {d.greedy:.1%} if picked greedily, {d.longest:.1%} if they are "
        f"the longest, {d.random:.1%} at random, and {d.greedy_matched:.1%} at random with the lengths of the greedy "
        "picks."
    )
    if d.length_share is None:
        return [coverage, "Greedy is no better than random at this size."]
    share = min(max(d.length_share, 0.0), 1.0)
    sentences = [
        coverage,
        f"So length alone explains {share:.0%} of greedy's advantage over random, and diversity the other "
        f"{1 - share:.0%}.",
    ]
    if d.random - d.longest >= 0.01:
        sentences.append("The longest rows cover less than the same number of random rows.")
    elif d.longest - d.random >= 0.01:
        better = "no better" if d.random_same_tokens >= d.longest - 0.005 else "better"
        sentences.append(
            f"Random rows with as many tokens as the longest rows cover {d.random_same_tokens:.1%}, so per token the "
            f"longest rows are {better} than random."
        )
    return sentences
