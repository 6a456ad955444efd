"""Sentences that say what the length analysis found on this dataset, made from the numbers alone."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.length.coverage import Decomposition
from explorer.length.fits import Fit
from explorer.length.statistics import Estimate, Grouped, signed

PAPER_R = 0.92  # Yang et al. 2025, figure on response length against activated features
_GAP = 0.2  # difference of r that counts as one
_HIDDEN = 0.05  # rise of r without the rows off the trend that is worth a sentence of its own


@dataclass(frozen=True)
class OffTrend:
    """Rows more than 3 local spreads off the trend: `repeat` of the `read` long ones repeat themselves.

    `pearson` is r without any of them.
    """

    feature_poor: int
    feature_rich: int
    read: int
    repeat: int
    pearson: float | None


@dataclass(frozen=True)
class Core:
    """r, and r inside groups, of the samples that are not off the trend."""

    pearson: Estimate
    grouped: dict[str, Grouped]


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
    trend: Fit
    off: OffTrend
    core: Core | None  # where the rows off the trend hide the relation
    decomposition: Decomposition | None
    crossings: tuple[str, ...] = ()


def hides(off: OffTrend, r: float) -> bool:
    """Whether the rows off the trend hide the relation of the others."""
    return off.pearson is not None and off.pearson - r >= _HIDDEN


def warnings(r: Estimate, grouped: dict[str, Grouped], names: dict[str, list[str]]) -> list[str]:
    """Where the overall correlation misleads: it comes from, or is hidden by, a mixture of groups (Simpson 1951)."""
    said = []
    for factor, found in grouped.items():
        inside = found.partial
        if not _known(r) or not _known(inside) or len(names[factor]) < 2:
            continue
        apart = inside.high < r.low or inside.low > r.high
        if not apart or abs(r.value - inside.value) < _GAP:
            continue
        numbers = f"r = {signed(r.value)} over all samples, {signed(inside.value)} within {factor}s"
        if r.value * inside.value < 0 and min(abs(r.value), abs(inside.value)) > 0.1:
            said.append(f"Simpson's paradox: the sign turns round inside {factor}s ({numbers})")
        elif abs(inside.value) < abs(r.value):
            said.append(f"Much of the correlation comes from mixing {factor}s, not from length itself ({numbers})")
        else:
            said.append(f"Mixing {factor}s hides a stronger correlation inside them ({numbers})")
    return said


def cautions(facts: Facts) -> list[str]:
    """`warnings`, of the samples that are not off the trend where those that are hide the relation."""
    if facts.core is None:
        return warnings(facts.pearson, facts.grouped, facts.names)
    said = warnings(facts.core.pearson, facts.core.grouped, facts.names)
    return [text.replace("over all samples", "over these samples") for text in said]


def summary(facts: Facts) -> str:
    """Sentences for a report: strength, cause, form, what diversity adds, and where to look."""
    r = facts.pearson
    if not _known(r):
        return (
            f"On {facts.samples:,} samples the correlation of response length and features is undefined: "
            "one of them does not vary."
        )
    parts = [_strength(facts), *off_sentences(facts.off, r.value, facts.samples), *_cause(facts)]
    if abs(r.value) >= 0.3 or (facts.off.pearson or 0.0) >= 0.3:
        parts.append(_form(facts))
    parts += _diversity(facts)
    if facts.crossings:
        parts.append(f"At equal tokens {'; '.join(facts.crossings[:6])}.")
    return " ".join(parts)


def off_sentences(off: OffTrend, r: float, samples: int) -> list[str]:
    """Say how many rows are off the trend, whether they repeat themselves, and what r is without them."""
    if not off.feature_poor + off.feature_rich:
        return []
    rows = f"{off.feature_poor:,} long {'response has' if off.feature_poor == 1 else 'responses have'}"
    said = f"{rows} far fewer features than the trend at that length, {off.feature_rich:,} short ones far more"
    if off.read and off.repeat >= 0.25 * off.read:
        said += f"; {off.repeat:,} of the {off.read:,} long ones repeat themselves"
    if off.pearson is not None and hides(off, r):
        share = (off.feature_poor + off.feature_rich) / samples
        said += f". Without these {share:.1%} of the samples r is {signed(off.pearson)}, not {signed(r)}: "
        said += "they hide the relation"
    elif off.pearson is not None:
        said += f"; without them r is {signed(off.pearson)}"
    return [f"{said}."]


def _known(estimate: Estimate) -> bool:
    return estimate.value == estimate.value and estimate.low == estimate.low


def _strength(facts: Facts) -> str:
    r = facts.pearson
    size = abs(r.value)
    where = {"response": "response", "prompt": "prompt", "all": "prompt and response"}[facts.segment]
    numbers = (
        f"r = {signed(r.value)} (95 % interval {signed(r.low)} to {signed(r.high)}; "
        f"rank correlation {signed(facts.spearman.value)}; the paper reports {PAPER_R})"
    )
    over = f"On {facts.samples:,} samples, at threshold {facts.threshold:g},"
    if r.low <= 0.0 <= r.high or size < 0.1:
        return f"{over} response length says nothing about how many features the {where} activates: {numbers}."
    word = "almost fixes" if size >= 0.9 else "strongly predicts" if size >= 0.7 else "partly predicts"
    word = "weakly predicts" if size < 0.3 else word
    turn = " (longer responses have fewer)" if r.value < 0 else ""
    return f"{over} response length {word} how many features the {where} activates{turn}: {numbers}."


def _cause(facts: Facts) -> list[str]:
    warned = cautions(facts)
    among = "" if facts.core is None else "Among the others: "
    if warned:
        return [f"{among}{text}." for text in warned]
    r, grouped = (facts.pearson, facts.grouped) if facts.core is None else (facts.core.pearson, facts.core.grouped)
    held = [
        f"{signed(found.partial.value)} given the {factor}"
        for factor, found in grouped.items()
        if _known(found.partial) and len(facts.names[factor]) > 1
    ]
    if held and abs(r.value) >= 0.1 and not r.low <= 0.0 <= r.high:
        return [f"{among or ''}{'i' if among else 'I'}t is not an artefact of mixing groups: {' and '.join(held)}."]
    return []


def _form(facts: Facts) -> str:
    linear, curved = facts.linear, facts.saturating
    usual = facts.trend
    if usual.kind == "saturating" and curved.r2 > linear.r2 + 0.005:
        return (
            f"The relation levels off: a saturating curve explains {curved.r2:.0%} of the variance (a line "
            f"{linear.r2:.0%}); for most rows it has a plateau near {usual.a:,.0f} features, half of it reached at "
            f"{usual.b * 0.6931:,.0f} tokens."
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
    said = [f"{sentence} So length alone gives {share:.0%} of greedy's advantage, diversity the other {1 - share:.0%}."]
    if d.random - d.longest >= 0.01:
        said.append("The longest cover less than as many random ones.")
    elif d.longest - d.random >= 0.01:
        said.append(
            f"As many random rows as spend the tokens of the longest cover {d.random_same_tokens:.1%}: "
            + (
                "per token the longest are no better than random."
                if d.random_same_tokens >= d.longest - 0.005
                else "per token too the longest are better than random."
            )
        )
    return said
