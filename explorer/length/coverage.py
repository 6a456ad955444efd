"""What the longest responses cover, against greedy, random and length-matched choices of the same size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from explorer.features.sets import FeatureSets
from explorer.length.statistics import Floats, quantile_bins

Order = NDArray[np.int64]
_LEAD = 0.01
_LASTING = 0.15  # of a budget: a lead that is gone before the budget has grown by so much is no lead
NAMES = {
    "longest": "the longest rows",
    "random": "random rows",
    "length-matched-random": "random rows of greedy's lengths",
    "sae-greedselect": "greedy",
    "sae-greedselect-per-token": "greedy per token",
    "sae-simscale": "SimScale",
}


@dataclass(frozen=True)
class CoverageCurve:
    """Coverage (share of the pool's active features) and response tokens of the first `rows[j]` of an order."""

    method: str
    rows: tuple[int, ...]
    coverage: tuple[float, ...]
    tokens: tuple[int, ...]


def first_cover(sets: FeatureSets, order: Order) -> NDArray[np.int64]:
    """How many features are covered after each pick, int64 [len(order)]. O(pairs of those samples)."""
    rows = sets.take(order)
    place = np.repeat(np.arange(len(order), dtype=np.int64), rows.sizes)
    first = np.full(sets.width, len(order), dtype=np.int64)
    first[rows.indices[::-1]] = place[::-1]  # the last assignment stays: that of the earliest pick
    return np.bincount(first[first < len(order)], minlength=len(order)).cumsum()


def coverage_curve(
    sets: FeatureSets, tokens: NDArray[np.integer], method: str, order: Order, rows: tuple[int, ...]
) -> CoverageCurve:
    """Measure one order at some numbers of rows (those beyond its end are left out)."""
    covered = first_cover(sets, order)
    active = max(1, int((sets.counts > 0).sum()))
    spent = np.cumsum(tokens[order], dtype=np.int64)
    at = np.array([r for r in rows if 1 <= r <= len(order)], dtype=np.int64)
    return CoverageCurve(
        method,
        tuple(int(r) for r in at),
        tuple(float(c) for c in covered[at - 1] / active),
        tuple(int(t) for t in spent[at - 1]),
    )


def mean_curve(curves: Sequence[CoverageCurve]) -> CoverageCurve:
    """Average the curves of several draws of one method, measured at the same numbers of rows."""
    return CoverageCurve(
        curves[0].method,
        curves[0].rows,
        tuple(float(c) for c in np.mean([curve.coverage for curve in curves], axis=0)),
        tuple(round(float(t)) for t in np.mean([curve.tokens for curve in curves], axis=0)),
    )


def longest_order(tokens: NDArray[np.integer]) -> Order:
    """Longest response first; ties: smaller position."""
    return np.argsort(-tokens.astype(np.int64), kind="stable")


def matched_order(tokens: NDArray[np.integer], reference: Order, rng: np.random.Generator) -> Order:
    """Draw a random choice of as many samples with the same histogram of lengths (20 quantile bins) as `reference`."""
    bins = quantile_bins(tokens.astype(np.float64))
    wanted = np.bincount(bins[reference], minlength=int(bins.max()) + 1)
    shuffled = rng.permutation(len(tokens))
    place = np.empty(len(tokens), dtype=np.int64)
    for code in range(len(wanted)):
        members = np.flatnonzero(bins[shuffled] == code)
        place[members] = np.arange(len(members))
    chosen = shuffled[place < wanted[bins[shuffled]]]
    return rng.permutation(chosen)


@dataclass(frozen=True)
class Decomposition:
    """Coverage of `rows` rows by each choice, and what of an advantage over random rows is length.

    `length_share` = (greedy_matched - random) / (greedy - random): `greedy_matched`: random rows as long as greedy's.
    `longest_remains` = (longest - longest_matched) / (longest - random): what of the longest rows' advantage remains
    against random rows of the same lengths. Both are None where the choice is not ahead of random rows.
    `random_same_tokens`: as many random rows as spend the tokens of the longest.
    """

    rows: int
    longest: float
    greedy: float
    random: float
    greedy_matched: float
    longest_matched: float
    longest_tokens: int
    greedy_tokens: int
    random_tokens: int
    random_same_tokens: float
    length_share: float | None
    longest_remains: float | None


def decompose(
    sets: FeatureSets,
    tokens: NDArray[np.integer],
    greedy: Order,
    rows: int,
    *,
    rng: np.random.Generator,
    draws: int = 20,
) -> Decomposition:
    """Compare the first `rows` of each choice; random ones are means over `draws`."""
    active = max(1, int((sets.counts > 0).sum()))
    longest = longest_order(tokens)[:rows]
    greedy = greedy[:rows]

    def cover(order: Order) -> float:
        return float(first_cover(sets, order)[-1]) / active if len(order) else 0.0

    chance = [rng.permutation(sets.n)[:rows] for _ in range(draws)]
    random = float(np.mean([cover(order) for order in chance]))
    matched = [
        float(np.mean([cover(matched_order(tokens, reference, rng)) for _ in range(draws)]))
        for reference in (greedy, longest)
    ]
    spent = int(tokens[longest].sum())
    orders = [rng.permutation(sets.n) for _ in range(draws)]
    same = [order[: int(np.searchsorted(tokens[order].cumsum(), spent, side="right"))] for order in orders]
    ahead, longest_ahead = cover(greedy) - random, cover(longest) - random
    return Decomposition(
        rows=rows,
        longest=cover(longest),
        greedy=cover(greedy),
        random=random,
        greedy_matched=matched[0],
        longest_matched=matched[1],
        longest_tokens=spent,
        greedy_tokens=int(tokens[greedy].sum()),
        random_tokens=int(np.mean([tokens[order].sum() for order in chance])),
        random_same_tokens=float(np.mean([cover(order) for order in same])),
        length_share=(matched[0] - random) / ahead if ahead > 1e-9 else None,
        longest_remains=(cover(longest) - matched[1]) / longest_ahead if longest_ahead > 1e-9 else None,
    )


def crossings(curves: Mapping[str, CoverageCurve]) -> list[str]:
    """Where, at equal response tokens, one curve overtakes another, in words. Curves are joined by straight lines.

    Only leads of at least `_LEAD` that last count, so that curves that run side by side do not cross.
    """
    said = []
    names = list(curves)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            a, b = curves[one], curves[other]
            if len(a.rows) < 2 or len(b.rows) < 2:
                continue
            low, high = max(a.tokens[0], b.tokens[0], 1), min(a.tokens[-1], b.tokens[-1])
            if high <= low:
                continue
            at: Floats = np.geomspace(low, high, 400)
            gap = np.interp(at, a.tokens, a.coverage) - np.interp(at, b.tokens, b.coverage)
            for place, ahead in _turns(at, np.sign(np.where(np.abs(gap) < _LEAD, 0.0, gap))):
                winner, loser = (one, other) if ahead > 0 else (other, one)
                verb = "overtake" if NAMES.get(winner, winner).endswith("rows") else "overtakes"
                said.append(
                    (
                        place,
                        f"{NAMES.get(winner, winner)} {verb} {NAMES.get(loser, loser)} at about "
                        f"{_round(place):,} response tokens",
                    )
                )
    return [sentence for _, sentence in sorted(said)]


def leaders(curves: Mapping[str, CoverageCurve]) -> str:
    """Say which choice covers most at each budget of tokens, "" where there are none to compare."""
    known = {name: curve for name, curve in curves.items() if len(curve.rows) > 1}
    if len(known) < 2:
        return ""
    start, end = (edge(curve.tokens[at] for curve in known.values()) for edge, at in ((min, 0), (max, -1)))
    at: Floats = np.geomspace(max(start, 1), max(end, 2), 400)
    table = np.stack(
        [
            np.where((at >= c.tokens[0]) & (at <= c.tokens[-1]), np.interp(at, c.tokens, c.coverage), -1.0)
            for c in known.values()
        ]
    )
    rivals = (table >= 0).sum(axis=0) > 1
    at, first = at[rivals], table[:, rivals].argmax(axis=0)
    if not len(at):
        return ""
    edges = np.flatnonzero(np.diff(first, prepend=-1))
    ends = np.append(edges[1:], len(at)) - 1
    names = list(known)
    parts = [
        (names[first[a]], at[a], at[b]) for a, b in zip(edges, ends, strict=True) if at[b] >= (1 + _LASTING) * at[a]
    ]
    merged: list[tuple[str, float]] = []
    for name, low, _ in parts:
        if not merged or merged[-1][0] != name:
            merged.append((name, float(low)))
    if not merged:
        return ""
    said = [f"{NAMES.get(merged[0][0], merged[0][0])}"]
    said += [f"from about {_round(low):,} tokens {NAMES.get(name, name)}" for name, low in merged[1:]]
    return f"most is covered by {', '.join(said)}"


def _turns(at: Floats, sign: Floats) -> list[tuple[float, float]]:
    """Where the lead changes hands for good or for long: (tokens, sign of the new lead)."""
    seen = np.flatnonzero(sign)
    if not len(seen):
        return []
    edges = np.flatnonzero(np.diff(sign[seen], prepend=0.0))  # where a run of one sign begins
    ends = np.append(edges[1:], len(seen)) - 1
    runs = [
        (float(at[seen[start]]), float(sign[seen[start]]))
        for start, end in zip(edges, ends, strict=True)
        if end == len(seen) - 1 or at[seen[end]] >= (1 + _LASTING) * at[seen[start]]
    ]
    return [(place, ahead) for (_, before), (place, ahead) in pairwise(runs) if before != ahead]


def _round(value: float) -> int:
    digits = max(0, len(str(int(value))) - 2)
    return int(round(value, -digits))
