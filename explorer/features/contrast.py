"""Which features separate one group of rows from another: counts, lift, log-odds, and how sure that is.

For feature f, with n_a of N_a rows of A and n_b of N_b rows of B above the threshold:
    log_odds = log((n_a + s) / (N_a - n_a + s)) - log((n_b + s) / (N_b - n_b + s)),  s = 1/2
    z        = log_odds / sqrt(1/(n_a+s) + 1/(N_a-n_a+s) + 1/(n_b+s) + 1/(N_b-n_b+s))
    lift     = ((n_a + s) / (N_a + 2 s)) / ((n_b + s) / (N_b + 2 s))
s is Jeffreys' half count (Haldane 1956, Anscombe 1956): a feature that B never has gets a finite, cautious value. The
false discovery rate over all features is held by Benjamini and Hochberg's procedure (1995). Rows in both groups count
on both sides, which makes z too careful.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.features.sets import FeatureSets

HALF = 0.5
FALSE_DISCOVERIES = 0.05


@dataclass(frozen=True)
class Contrast:
    """Parallel arrays over features 0..F-1, positive `log_odds` and `z` where A has the feature more often.

    Attributes:
        n_a, n_b: int64 [F], rows of each group that have the feature.
        size_a, size_b: rows of each group; `shared` of them are in both.
        lift: float64 [F], share in A over share in B, smoothed.
        log_odds, z: float64 [F].
        sure: bool [F], differs at a false discovery rate of `FALSE_DISCOVERIES`.
    """

    n_a: NDArray[np.int64]
    n_b: NDArray[np.int64]
    size_a: int
    size_b: int
    shared: int
    lift: NDArray[np.float64]
    log_odds: NDArray[np.float64]
    z: NDArray[np.float64]
    sure: NDArray[np.bool_]

    @property
    def share_a(self) -> NDArray[np.float64]:
        """Share of A's rows that have each feature."""
        return self.n_a / self.size_a

    @property
    def share_b(self) -> NDArray[np.float64]:
        """Share of B's rows that have each feature."""
        return self.n_b / self.size_b

    def strongest(self, *, more_in_a: bool, limit: int | None = None) -> NDArray[np.int64]:
        """Features that are surely more common on one side, clearest first (largest |z|, then the smaller id)."""
        sign = 1.0 if more_in_a else -1.0
        found = np.flatnonzero(self.sure & (sign * self.z > 0))
        return found[np.lexsort((found, -sign * self.z[found]))][:limit]


def contrast(sets: FeatureSets, a: NDArray[np.int64], b: NDArray[np.int64]) -> Contrast:
    """Compare rows `a` with rows `b` of `sets`; both need a row. O(active pairs of both groups)."""
    if not len(a) or not len(b):
        refuse("both groups need a row to be compared", got=f"{len(a)} and {len(b)} rows")
    n_a, n_b = sets.take(a).counts, sets.take(b).counts
    with_a, without_a = n_a + HALF, len(a) - n_a + HALF
    with_b, without_b = n_b + HALF, len(b) - n_b + HALF
    log_odds = np.log(with_a / without_a) - np.log(with_b / without_b)
    z = log_odds / np.sqrt(1 / with_a + 1 / without_a + 1 / with_b + 1 / without_b)
    lift = (with_a / (len(a) + 2 * HALF)) / (with_b / (len(b) + 2 * HALF))
    sure = discoveries(z, (n_a + n_b) > 0)
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return Contrast(n_a, n_b, len(a), len(b), shared, lift, log_odds, z, sure)


def discoveries(z: NDArray[np.float64], tested: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the `tested` z values hold at the false discovery rate (two-sided, Benjamini & Hochberg 1995)."""
    from scipy.special import ndtr

    p = np.where(tested, 2 * ndtr(-np.abs(z)), 1.0)
    order = np.argsort(p, kind="stable")
    count = max(1, int(tested.sum()))
    passing = np.flatnonzero(p[order] <= FALSE_DISCOVERIES * np.arange(1, len(p) + 1) / count)
    kept = np.zeros(len(z), dtype=bool)
    if len(passing):
        kept[order[: passing[-1] + 1]] = True
    return kept & tested
