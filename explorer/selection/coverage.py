"""Shared parts of the coverage methods: feature weights, costs, scan orders, and samples that are picked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.errors import refuse
from explorer.features.sets import FeatureSets
from explorer.selection.method import Floats, Ints, Pool, Ranking

UNIT = 1 << 20  # fixed point of feature weights: sums of integers do not depend on their order
WEIGHTS = ("uniform", "idf", "activation")


def feature_weights(sets: FeatureSets, kind: str, unit: int = UNIT) -> Ints:
    """Weight of every feature in units of 1/`unit`, int64 [width], at least 1.

    uniform: 1. idf: ln(1 + N / n_f), n_f the samples that have f. activation: the mean of a[i,f] over those samples,
    divided by the mean over all pairs.
    """
    if kind == "uniform":
        return np.full(sets.width, unit, np.int64)
    counts = np.maximum(sets.counts, 1)
    if kind == "idf":
        weight = np.log1p(sets.n / counts)
    else:
        sums = np.bincount(sets.indices, weights=sets.values, minlength=sets.width)
        overall = float(sums.sum()) / max(1, sets.nnz)
        weight = sums / counts / (overall or 1.0)
    return np.maximum(1, np.rint(weight * unit)).astype(np.int64)


def row_cost(pool: Pool, kind: str) -> Floats:
    """What every sample costs, float64 [N]: 1 (`rows`), or its response tokens, at least 1 (`tokens`)."""
    if kind == "rows":
        return np.ones(pool.n)
    assert pool.response_tokens is not None
    return np.maximum(pool.response_tokens, 1).astype(np.float64)


def by_size(sets: FeatureSets, eligible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eligible samples by falling |F_i|, then rising id: those with features, and those without any (int32 each)."""
    ids = np.flatnonzero(eligible).astype(np.int32)
    sizes = sets.sizes[ids]
    order = ids[np.argsort(-sizes, kind="stable")]
    full = int(np.count_nonzero(sizes))
    return order[:full], order[full:]


def scan_by_overlap(sets: FeatureSets, limit: int, *, max_overlap: float, some_new: bool) -> tuple[Ranking, int]:
    """Rank `limit` samples by passes in `by_size` order, each accepting those that bring enough new features.

    A sample is accepted when |F_i & C| / |F_i| <= `max_overlap`, C the features of those accepted in this pass, and,
    with `some_new`, F_i adds a feature to C. The round is the number of the pass. Samples with an empty set come last.

    Returns:
        The ranking, and how many of its samples have an empty set.
    """
    from explorer.selection.kernels.scan import scan

    order, empty = by_size(sets, np.ones(sets.n, bool))
    searched = min(limit, len(order))
    picks, gains, rounds = (np.empty(searched, np.int32) for _ in range(3))
    scan(sets.indptr, sets.indices, order, sets.width, max_overlap, some_new, searched, picks, gains, rounds)
    rest = empty[: limit - searched]
    info = {"rounds": int(rounds.max(initial=0))}
    ranking = Ranking(picks.astype(np.int64), gains.astype(np.float64), rounds, info)
    return ranking.then(Ranking.without_gain(rest)), len(rest)


@dataclass(frozen=True)
class Prefix:
    """Samples that are picked before the search begins, with their gains, and the features that they cover."""

    positions: Ints
    gain: Ints
    covered: np.ndarray  # uint8 [width]


def check_ids(name: str, ids: Sequence[int], below: int, what: str) -> Ints:
    """The ids as int64 array, each once, in the order given; InputError for one out of range."""
    array = np.asarray(list(dict.fromkeys(ids)), dtype=np.int64)
    outside = array[(array < 0) | (array >= below)]
    if len(outside):
        refuse(f"{name}: there is no {what} {outside[0]}", allowed=f"0 to {below - 1}")
    return array


def prefix(sets: FeatureSets, weight: Ints, cost: Floats, pinned: Ints, must: Ints, eligible: np.ndarray) -> Prefix:
    """Pinned samples in the order given, then the fewest-first greedy cover of the features that must be covered.

    A sample for a must-cover feature is the one that covers most of those still missing, then the one with the
    largest gain per cost, then the largest |F_i|, then the smallest id. Features that no sample has are ignored.
    """
    from explorer.selection.kernels.rows import row_sums

    covered = np.zeros(sets.width, np.uint8)
    positions: list[int] = []
    gains: list[int] = []

    def gain(position: int) -> int:
        row = sets.row(position)
        return int(weight[row[covered[row] == 0]].sum())

    def take(position: int) -> None:
        positions.append(position)
        gains.append(gain(position))
        covered[sets.row(position)] = 1

    for position in pinned.tolist():
        take(position)
    free = eligible.copy()
    free[pinned] = False
    required = np.zeros(sets.width, bool)
    required[must] = True
    hits = np.empty(sets.n, np.int64)
    while len(must):
        row_sums(sets.indptr, sets.indices, (required & (covered == 0)).astype(np.int64), hits)
        hits[~free] = 0
        if not hits.any():
            break
        candidates = np.flatnonzero(hits == hits.max())
        key = np.array([float(gain(int(position))) / cost[position] for position in candidates])
        best = int(candidates[np.lexsort((candidates, -sets.sizes[candidates], -key))[0]])
        take(best)
        free[best] = False
    return Prefix(np.asarray(positions, np.int64), np.asarray(gains, np.int64), covered)
