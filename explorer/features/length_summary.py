"""Sentences that say what the length analysis found on this dataset, made from the numbers alone."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.features.length import Estimate, Grouped
from explorer.features.length_coverage import Decomposition
from explorer.features.length_fits import Fit

PAPER_R = 0.92  # Yang et al. 2025, figure on response length against activated features
_GAP = 0.2  # difference of r that counts as one


@dataclass(frozen=True)
class Facts:
    """What the sentences are made from; `partial` and `groups` by factor ('source', 'cluster')."""

    samples: int
    threshold: float
    segment: str
    pearson: Estimate
    spearman: Estimate
    grouped: dict[str, Grouped]
    names: dict[str, list[str]]
    linear: Fit
    saturating: Fit
    decomposition: Decomposition | None
    feature_poor: int
    feature_rich: int
    crossings: tuple[str, ...] = ()


def warnings(facts: Facts) -> list[str]:
    """Where the overall correlation misleads: it comes from, or is hidden by, a mixture of groups (Simpson 1951)."""
    said = []
    r = facts.pearson
    for factor, grouped in facts.grouped.items():
        inside = grouped.partial
        if not _known(r) or not _known(inside) or len(facts.names[factor]) < 2:
            continue
        apart = inside.high < r.low or inside.low > r.high
        if not apart or abs(r.value - inside.value) < _GAP:
            continue
        numbers = f"r = {r.value:.2f} over all samples, {inside.value:.2f} within {factor}s"
        if r.value * inside.value < 0 and min(abs(r.value), abs(inside.value)) > 0.1:
            said.append(f"Simpson's paradox: the sign turns round inside {factor}s ({numbers})")
        elif abs(inside.value) < abs(r.value):
            said.append(f"Much of the correlation comes from mixing {factor}s, not from length itself ({numbers})")
        else:
            said.append(f"Mixing {factor}s hides a stronger correlation inside them ({numbers})")
    return said


def summary(facts: Facts) -> str:
    """Sentences for a report: strength, cause, form, what diversity adds, and where to look."""
    r = facts.pearson
    if not _known(r):
        return (
            f"On {facts.samples:,} samples the correlation of response length and features is undefined: "
            "one of them does not vary."
        )
    parts = [_strength(facts), *_cause(facts)]
    if abs(r.value) >= 0.3:
        parts.append(_form(facts))
    parts += _diversity(facts)
    if facts.crossings:
        parts.append(f"At equal tokens, {'; '.join(facts.crossings[:3])}.")
    if facts.feature_poor or facts.feature_rich:
        parts.append(
            f"{facts.feature_poor:,} long responses have far fewer features than their length suggests, "
            f"{facts.feature_rich:,} short ones far more."
        )
    return " ".join(parts)


def _known(estimate: Estimate) -> bool:
    return estimate.value == estimate.value and estimate.low == estimate.low


def _strength(facts: Facts) -> str:
    r = facts.pearson
    size = abs(r.value)
    where = {"response": "response", "prompt": "prompt", "all": "prompt and response"}[facts.segment]
    numbers = (
        f"r = {r.value:.2f} (95 % interval {r.low:.2f} to {r.high:.2f}; rank correlation {facts.spearman.value:.2f}; "
        f"the paper reports {PAPER_R})"
    )
    over = f"On {facts.samples:,} samples, at threshold {facts.threshold:g},"
    if r.low <= 0.0 <= r.high or size < 0.1:
        return f"{over} response length says nothing about how many features the {where} activates: {numbers}."
    word = "almost fixes" if size >= 0.9 else "strongly predicts" if size >= 0.7 else "partly predicts"
    word = "weakly predicts" if size < 0.3 else word
    turn = " (longer responses have fewer)" if r.value < 0 else ""
    return f"{over} response length {word} how many features the {where} activates{turn}: {numbers}."


def _cause(facts: Facts) -> list[str]:
    warned = warnings(facts)
    if warned:
        return [f"{text}." for text in warned]
    held = [
        f"{grouped.partial.value:.2f} given the {factor}"
        for factor, grouped in facts.grouped.items()
        if _known(grouped.partial) and len(facts.names[factor]) > 1
    ]
    if held and abs(facts.pearson.value) >= 0.1:
        return [f"It is not an artefact of mixing groups: {' and '.join(held)}."]
    return []


def _form(facts: Facts) -> str:
    linear, curved = facts.linear, facts.saturating
    if curved.r2 > linear.r2 + 0.005:
        return (
            f"The relation levels off: a saturating curve explains {curved.r2:.0%} of the variance (a line "
            f"{linear.r2:.0%}), with a plateau near {curved.a:,.0f} features and half of it reached at "
            f"{curved.b * 0.6931:,.0f} tokens."
        )
    return (
        f"The relation is close to a line: {1000 * linear.a:,.0f} further features per 1,000 tokens "
        f"({linear.r2:.0%} of the variance)."
    )


def _diversity(facts: Facts) -> list[str]:
    d = facts.decomposition
    if d is None:
        return []
    sentence = (
        f"{d.rows:,} samples cover {d.greedy:.1%} of the features when picked greedily, {d.longest:.1%} when they are "
        f"the longest, {d.random:.1%} at random, and {d.greedy_matched:.1%} at random with the lengths of greedy's."
    )
    if d.length_share is None:
        return [f"{sentence} Greedy is no better than random at this size."]
    share = min(max(d.length_share, 0.0), 1.0)
    return [f"{sentence} So length alone gives {share:.0%} of greedy's advantage, diversity the other {1 - share:.0%}."]
