"""What coverage methods share: which features count and how much, who may be picked, and who is picked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.errors import refuse
from explorer.features.sets import FeatureSets
from explorer.selection.method import Floats, Ints

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


def by_size(sets: FeatureSets, eligible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eligible samples by falling |F_i|, then rising id: those with features, and those without any (int32 each)."""
    ids = np.flatnonzero(eligible).astype(np.int32)
    sizes = sets.sizes[ids]
    order = ids[np.argsort(-sizes, kind="stable")]
    full = int(np.count_nonzero(sizes))
    return order[:full], order[full:]


@dataclass(frozen=True)
class Prefix:
    """Samples that are picked before the search begins, with their gains, and the features they cover."""

    positions: Ints
    gain: Ints
    covered: np.ndarray  # uint8 [width]


def check_ids(name: str, ids: Sequence[int], below: int, what: str) -> Ints:
    """The ids as int64 array, each once, in the order given; one out of range is refused."""
    array = np.asarray(list(dict.fromkeys(ids)), dtype=np.int64)
    wrong = array[(array < 0) | (array >= below)]
    if len(wrong):
        refuse(f"{name}: there is no {what} {wrong[0]}", allowed=f"0 to {below - 1}")
    return array


def prefix(sets: FeatureSets, weight: Ints, cost: Floats, pinned: Ints, must: Ints, eligible: np.ndarray) -> Prefix:
    """Pinned samples in the order given, then the fewest-first greedy cover of the features that must be covered.

    A sample for a must-cover feature is the one that covers most of those still missing, then the one with the
    largest gain per cost, then the largest |F_i|, then the smallest id. Features that no sample has are left out.
    """
    covered = np.zeros(sets.width, np.uint8)
    positions: list[int] = []
    gains: list[int] = []

    def take(position: int) -> None:
        row = sets.row(int(position))
        positions.append(position)
        gains.append(int(weight[row[covered[row] == 0]].sum()))
        covered[row] = 1

    for position in pinned:
        take(int(position))
    free = eligible.copy()
    free[pinned] = False
    if len(must):
        wanted = np.zeros(sets.width, bool)
        wanted[must] = True
        owner = np.repeat(np.arange(sets.n), sets.sizes)
        while True:
            missing = wanted & (covered == 0)
            hits = np.bincount(owner[missing[sets.indices]], minlength=sets.n) * free
            best = int(hits.max())
            if best == 0:
                break
            candidates = np.flatnonzero(hits == best)
            keys = []
            for position in candidates:
                row = sets.row(int(position))
                keys.append(float(weight[row[covered[row] == 0]].sum()) / cost[position])
            order = np.lexsort((candidates, -sets.sizes[candidates], -np.asarray(keys)))
            position = int(candidates[order[0]])
            take(position)
            free[position] = False
    return Prefix(np.asarray(positions, np.int64), np.asarray(gains, np.int64), covered)
