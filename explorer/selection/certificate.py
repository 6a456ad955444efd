"""Lower bound on the share of the optimum that a selection reaches, without knowing the optimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.features.sets import FeatureSets
from explorer.selection.method import Ints


@dataclass(frozen=True)
class Certificate:
    """`value` = f(S), and `bound`, an upper bound on f of every selection of the same size; in units of the weights."""

    value: float
    bound: float

    @property
    def share(self) -> float:
        """Lower bound on f(S) / OPT (1.0 where every selection has the value 0)."""
        return self.value / self.bound if self.bound > 0 else 1.0


def certify_coverage(sets: FeatureSets, positions: Ints, weight: Ints | None = None) -> Certificate:
    """Certificate for (weighted) coverage: OPT(b) <= f(S) + the b largest gains given S, and <= f(all samples).

    Args:
        sets: The pool, N samples.
        positions: S, b picks, int64 [b].
        weight: int64 [width]; None counts features.

    Returns:
        The certificate; cost O(pairs). Source: Minoux 1978; Leskovec et al. 2007.
    """
    weight = np.ones(sets.width, np.int64) if weight is None else weight
    covered = np.zeros(sets.width, bool)
    covered[sets.take(positions).indices] = True
    value = int(weight[covered].sum())
    total = int(weight[sets.counts > 0].sum())
    return _certificate(sets, positions, np.where(covered, 0, weight), value, total)


def certify_concave(sets: FeatureSets, positions: Ints, weight: Ints, step: Ints) -> Certificate:
    """Certificate for the sum of weight_f * g(n_f).

    `step` int64 [S] is g(n+1) - g(n) for n below S; its last entry holds for larger n.
    """
    counts = np.bincount(sets.take(positions).indices, minlength=sets.width)
    last = len(step) - 1
    g = np.concatenate([[0], np.cumsum(step)])
    beyond = np.where(counts > last, (counts - last - 1) * step[-1], 0)
    value = int((weight * (g[np.minimum(counts, last + 1)] + beyond)).sum())
    return _certificate(sets, positions, weight * step[np.minimum(counts, last)], value, None)


def coverage_bounds(sets: FeatureSets, positions: Ints, rows: Ints) -> Ints:
    """Upper bound on the features that any subset of each size in `rows` covers, int64 [len(rows)].

    The smallest of the bounds given the prefixes `positions[:r]`, r in `rows` and 0. O(len(rows) * pairs).
    """
    from explorer.selection.kernels.rows import row_sums

    bound = np.full(len(rows), int(np.count_nonzero(sets.counts)), np.int64)
    new = np.ones(sets.width, np.int64)
    gains = np.empty(sets.n, np.int64)
    previous = 0
    for size in [0, *np.unique(rows).tolist()]:
        new[sets.take(positions[previous:size]).indices] = 0
        previous = size
        row_sums(sets.indptr, sets.indices, new, gains)
        largest = np.concatenate([[0], np.cumsum(np.sort(gains)[::-1])])
        bound = np.minimum(bound, sets.width - int(new.sum()) + largest[np.minimum(rows, sets.n)])
    return bound


def _certificate(sets: FeatureSets, positions: Ints, gain: Ints, value: int, total: int | None) -> Certificate:
    from explorer.selection.kernels.rows import row_sums

    gains = np.empty(sets.n, np.int64)
    row_sums(sets.indptr, sets.indices, np.ascontiguousarray(gain, np.int64), gains)
    gains[positions] = 0
    size = min(len(positions), sets.n)
    largest = np.partition(gains, sets.n - size)[sets.n - size :] if size else gains[:0]
    bound = value + int(largest.sum())
    return Certificate(float(value), float(min(bound, total) if total is not None else bound))
