"""Features covered as a token budget grows: the longest responses against greedy, SimScale and random orders."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.features.sets import FeatureSets
from explorer.length.curves import CoverageCurve, crossings, leaders, mean_curve
from explorer.length.statistics import Ints, generator, quantile_bins

SHARE = 0.05  # of the rows: the size at which the summary compares selections
SHARES = (0.005, 0.01, 0.02, SHARE, 0.1)
_SCANNED = 0.1  # of the rows: SimScale is followed this far (beyond, it scans again and again)
_ORDERS: dict[str, tuple[str, float, dict[str, str]]] = {  # method, share of the rows ranked, its parameters
    "longest": ("longest", 1.0, {}),
    "sae-greedselect": ("sae-greedselect", 1.0, {}),
    "sae-greedselect-per-token": ("sae-greedselect", 1.0, {"cost": "tokens"}),
    "sae-simscale": ("sae-simscale", _SCANNED, {}),
}
_CURVE_DRAWS = 5  # random orders that a curve averages
_DRAWS = 20  # random selections that a comparison averages


@dataclass(frozen=True)
class Decomposition:
    """Coverage of `rows` rows by each selection, and how much of its advantage over random rows is due to length.

    `length_share` = (greedy_matched - random) / (greedy - random), where `greedy_matched` are random rows of the same
    lengths as greedy's. `longest_remains` = (longest - longest_matched) / (longest - random). Both are None where the
    selection has no advantage. `random_same_tokens`: as many random rows as have the tokens of the longest.
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


@dataclass(frozen=True)
class Coverage:
    """Curves by method, comparisons at each of `SHARES` and the one at `SHARE`, and crossings at equal tokens."""

    curves: dict[str, CoverageCurve]
    decompositions: tuple[Decomposition, ...]
    decomposition: Decomposition | None
    crossings: tuple[str, ...]


def measure_coverage(sets: FeatureSets, tokens: Ints, *, seed: int = 0) -> Coverage:
    """Follow each order through the whole dataset and compare selections of equal size. Empty where no feature is."""
    from explorer.selection.budget import Budget
    from explorer.selection.method import Pool
    from explorer.selection.methods import METHODS

    if not sets.nnz:
        return Coverage({}, (), None, ())
    n = sets.n
    pool = Pool(n=n, features=sets, response_tokens=tokens.astype(np.int32))
    orders: dict[str, Ints] = {}
    for name, (slug, share, params) in _ORDERS.items():
        method = METHODS[slug]
        rng = generator(seed, 11)
        orders[name] = method.rank(pool, Budget(share, "share"), method.Params(**params), rng).positions
    sizes = [_rows(share, n) for share in SHARES]
    grid = tuple(sorted({round(rows) for rows in np.geomspace(1, n, 60)} | set(sizes)))
    curves = {name: coverage_curve(sets, tokens, name, order, grid) for name, order in orders.items()}
    rng, greedy = generator(seed, 10), orders["sae-greedselect"]
    shuffled = [rng.permutation(n) for _ in range(_CURVE_DRAWS)]
    curves["random"] = mean_curve([coverage_curve(sets, tokens, "random", order, grid) for order in shuffled])
    comparisons = {
        rows: decompose(sets, tokens, orders["longest"][:rows], greedy[:rows], rng=generator(seed, 12 + rows))
        for rows in sorted(set(sizes))
    }
    best = leaders(curves)
    sentences = ([best] if best else []) + crossings(curves)
    rng, reference = generator(seed, 9), greedy[: _rows(SHARE, n)]
    matched = [matched_order(tokens, reference, rng) for _ in range(_CURVE_DRAWS)]
    name = "length-matched-random"
    curves[name] = mean_curve([coverage_curve(sets, tokens, name, order, grid) for order in matched])
    return Coverage(curves, tuple(comparisons.values()), comparisons[_rows(SHARE, n)], tuple(sentences))


def coverage_curve(
    sets: FeatureSets, tokens: NDArray[np.integer], method: str, order: Ints, rows: Sequence[int]
) -> CoverageCurve:
    """Measure the first `rows` of an order, for several numbers of rows; those beyond its end are left out."""
    from explorer.selection import metrics

    curve = metrics.coverage_curve(sets, order)
    spent = np.cumsum(tokens[order], dtype=np.int64)
    at = np.array([r for r in rows if 1 <= r <= len(order)], dtype=np.int64)
    return CoverageCurve(
        method,
        tuple(int(r) for r in at),
        tuple(float(c) for c in curve.covered[at - 1] / max(1, curve.present)),
        tuple(int(t) for t in spent[at - 1]),
    )


def matched_order(tokens: NDArray[np.integer], reference: Ints, rng: np.random.Generator) -> Ints:
    """Draw as many random rows with the length histogram (20 quantile bins) of `reference`."""
    bins = quantile_bins(tokens.astype(np.float64))
    wanted = np.bincount(bins[reference], minlength=int(bins.max()) + 1)
    shuffled = rng.permutation(len(tokens))
    place = np.empty(len(tokens), dtype=np.int64)
    for code in range(len(wanted)):
        members = np.flatnonzero(bins[shuffled] == code)
        place[members] = np.arange(len(members))
    chosen = shuffled[place < wanted[bins[shuffled]]]
    return rng.permutation(chosen)


def decompose(
    sets: FeatureSets, tokens: NDArray[np.integer], longest: Ints, greedy: Ints, *, rng: np.random.Generator
) -> Decomposition:
    """Compare two selections of equal size with random rows, and with random rows of the same lengths."""
    from explorer.selection import metrics

    rows = len(longest)

    def mean_coverage(orders: Sequence[Ints]) -> float:
        return float(np.mean([metrics.coverage(sets, order) for order in orders]))

    chance = [rng.permutation(sets.n)[:rows] for _ in range(_DRAWS)]
    greedy_matched, longest_matched = (
        mean_coverage([matched_order(tokens, reference, rng) for _ in range(_DRAWS)]) for reference in (greedy, longest)
    )
    spent = int(tokens[longest].sum())
    orders = [rng.permutation(sets.n) for _ in range(_DRAWS)]
    same_tokens = [order[: int(np.searchsorted(tokens[order].cumsum(), spent, side="right"))] for order in orders]
    random = mean_coverage(chance)
    by_longest, by_greedy = metrics.coverage(sets, longest), metrics.coverage(sets, greedy)
    greedy_ahead, longest_ahead = by_greedy - random, by_longest - random
    return Decomposition(
        rows=rows,
        longest=by_longest,
        greedy=by_greedy,
        random=random,
        greedy_matched=greedy_matched,
        longest_matched=longest_matched,
        longest_tokens=spent,
        greedy_tokens=int(tokens[greedy].sum()),
        random_tokens=int(np.mean([tokens[order].sum() for order in chance])),
        random_same_tokens=mean_coverage(same_tokens),
        length_share=(greedy_matched - random) / greedy_ahead if greedy_ahead > 1e-9 else None,
        longest_remains=(by_longest - longest_matched) / longest_ahead if longest_ahead > 1e-9 else None,
    )


def _rows(share: float, n: int) -> int:
    return max(1, math.floor(share * n + 0.5))
