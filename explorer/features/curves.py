"""What a ranking covers, pick by pick, and how far any other choice of the same size could get.

Coverage of a prefix S is f(S) = |union of F_i over S|. The bound: for every S and every b,
OPT(b) <= f(S) + the sum of the b largest marginal gains given S (Minoux 1978; Leskovec et al. 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.features.sets import FeatureSets

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """Coverage along a ranking: `covered` int64 [n], features that the first i+1 picks have; `present` in the pool."""

    covered: Ints
    present: int

    def share(self, rows: int) -> float:
        """Coverage of the first `rows` picks, as a share of the features that any sample has."""
        if not self.present or not len(self.covered):
            return 1.0
        return float(self.covered[min(rows, len(self.covered)) - 1]) / self.present if rows else 0.0

    def rows_for(self, share: float) -> int | None:
        """Return the smallest number of picks that covers `share`; None where the whole ranking does not."""
        place = int(np.searchsorted(self.covered, share * self.present - 1e-9))
        return place + 1 if place < len(self.covered) else None


def coverage_curve(sets: FeatureSets, positions: Ints) -> Curve:
    """Coverage after every pick of `positions`, in O(pairs of the picks)."""
    taken = sets.take(positions)
    owner = np.repeat(np.arange(len(positions)), taken.sizes)
    first = np.full(sets.width, -1, dtype=np.int64)
    first[taken.indices[::-1]] = owner[::-1]  # the earliest pick is written last
    new = np.bincount(first[first >= 0], minlength=len(positions))
    return Curve(np.cumsum(new).astype(np.int64), int(np.count_nonzero(sets.counts)))


def upper_bounds(sets: FeatureSets, positions: Ints, rows: Ints) -> Ints:
    """For each budget in `rows`, the most features that any subset of that size can cover, int64 [len(rows)].

    The bound is taken from each of the prefixes `positions[:r]`, r in `rows` and 0, and the smallest one is kept.
    O(len(rows) * pairs).
    """
    present = int(np.count_nonzero(sets.counts))
    best = np.full(len(rows), present, dtype=np.int64)
    owner = np.repeat(np.arange(sets.n), sets.sizes)
    covered = np.zeros(sets.width, dtype=bool)
    done = 0
    for size in [0, *np.unique(rows).tolist()]:
        covered[sets.take(positions[done:size]).indices] = True
        done = size
        gains = np.bincount(owner[~covered[sets.indices]], minlength=sets.n)
        gains.sort()
        reach = np.concatenate([[0], np.cumsum(gains[::-1])])
        best = np.minimum(best, int(covered.sum()) + reach[np.minimum(rows, sets.n)])
    return best
