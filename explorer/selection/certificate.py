"""How close a selection is to the best one of its size, without knowing the best one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.features.sets import FeatureSets
from explorer.selection.method import Ints


@dataclass(frozen=True)
class Certificate:
    """`value` = f(S); `bound` is at least f of every selection with as many samples as S; in units of the weights."""

    value: float
    bound: float

    @property
    def share(self) -> float:
        """The selection reaches at least this share of what any selection of its size could (1.0 if nothing can)."""
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
    """The same for the sum of weight_f * g(n_f), `step` int64 [S] being g(n+1) - g(n) (the last one for larger n)."""
    seen = np.bincount(sets.take(positions).indices, minlength=sets.width)
    last = len(step) - 1
    g = np.concatenate([[0], np.cumsum(step)])
    extra = np.where(seen > last, (seen - last - 1) * step[-1], 0)
    value = int((weight * (g[np.minimum(seen, last + 1)] + extra)).sum())
    return _certificate(sets, positions, weight * step[np.minimum(seen, last)], value, None)


def coverage_bounds(sets: FeatureSets, positions: Ints, rows: Ints) -> Ints:
    """For each budget in `rows`, the most features that any subset of that size can cover, int64 [len(rows)].

    The bound is taken from each of the prefixes `positions[:r]`, r in `rows` and 0, and the smallest one is kept.
    O(len(rows) * pairs).
    """
    from explorer.selection.kernels.rows import row_sums

    best = np.full(len(rows), int(np.count_nonzero(sets.counts)), np.int64)
    new = np.ones(sets.width, np.int64)
    gains = np.empty(sets.n, np.int64)
    done = 0
    for size in [0, *np.unique(rows).tolist()]:
        new[sets.take(positions[done:size]).indices] = 0
        done = size
        row_sums(sets.indptr, sets.indices, new, gains)
        largest = np.sort(gains)[::-1]
        reach = np.concatenate([[0], np.cumsum(largest)])
        best = np.minimum(best, sets.width - int(new.sum()) + reach[np.minimum(rows, sets.n)])
    return best


def _certificate(sets: FeatureSets, positions: Ints, gain: Ints, value: int, total: int | None) -> Certificate:
    from explorer.selection.kernels.rows import row_sums

    gains = np.empty(sets.n, np.int64)
    row_sums(sets.indptr, sets.indices, np.ascontiguousarray(gain, np.int64), gains)
    gains[positions] = 0
    most = min(len(positions), sets.n)
    largest = np.partition(gains, sets.n - most)[sets.n - most :] if most else gains[:0]
    bound = value + int(largest.sum())
    return Certificate(float(value), float(min(bound, total) if total is not None else bound))
