"""Features that separate one group of rows from another: counts, lift, log-odds and statistical significance.

For feature f, with n_a of N_a rows of A and n_b of N_b rows of B above the threshold:
    log_odds = log((n_a + s) / (N_a - n_a + s)) - log((n_b + s) / (N_b - n_b + s)),  s = 1/2
    z        = log_odds / sqrt(1/(n_a+s) + 1/(N_a-n_a+s) + 1/(n_b+s) + 1/(N_b-n_b+s))
    lift     = ((n_a + s) / (N_a + 2 s)) / ((n_b + s) / (N_b + 2 s))
s is Jeffreys' half count (Haldane 1956, Anscombe 1956): a feature that B never has gets a finite, conservative value.
The procedure of Benjamini and Hochberg (1995) controls the false discovery rate over all features. Rows in both groups
count on both sides, which makes z conservative.

At equal length: long responses have more features of every kind, so groups of different length differ in nearly all of
them. Rows of B are then weighted so that B's lengths follow A's over ten bins; N_b is the effective number of weighted
rows, (sum w)^2 / sum w^2 (Kish 1965), and rows of A in bins without a row of B are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.features.sets import FeatureSets

HALF = 0.5
FALSE_DISCOVERY_RATE = 0.05
BINS = 10  # of length


@dataclass(frozen=True)
class Contrast:
    """Parallel arrays over features 0..F-1, positive `log_odds` and `z` where A has the feature more often.

    Attributes:
        n_a, n_b: int64 [F], rows of each group that have the feature.
        share_a, share_b: float64 [F], the same as shares (at equal length: weighted in B).
        size_a, size_b: rows of each group that were compared; `shared` of them are in both.
        lift: float64 [F], share in A over share in B, smoothed.
        log_odds, z: float64 [F].
        significant: bool [F], at a false discovery rate of `FALSE_DISCOVERY_RATE`.
    """

    n_a: NDArray[np.int64]
    n_b: NDArray[np.int64]
    share_a: NDArray[np.float64]
    share_b: NDArray[np.float64]
    size_a: int
    size_b: int
    shared: int
    lift: NDArray[np.float64]
    log_odds: NDArray[np.float64]
    z: NDArray[np.float64]
    significant: NDArray[np.bool_]

    def strongest(self, *, more_in_a: bool, limit: int | None = None) -> NDArray[np.int64]:
        """Features that are significantly more common on one side, largest |z| first (ties: smaller id)."""
        sign = 1.0 if more_in_a else -1.0
        features = np.flatnonzero(self.significant & (sign * self.z > 0))
        return features[np.lexsort((features, -sign * self.z[features]))][:limit]


def contrast(
    sets: FeatureSets,
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    *,
    lengths: NDArray[np.float64] | None = None,
) -> Contrast:
    """Compare rows `a` with rows `b` of `sets`, at least one row each. O(active pairs of both groups).

    `lengths` float64 [N] (tokens of every row) compares at equal length.
    """
    if not len(a) or not len(b):
        refuse("both groups need at least one row", got=f"{len(a)} and {len(b)} rows")
    weights = np.ones(len(b))
    if lengths is not None:
        a, weights = match_lengths(lengths, a, b)
        if not len(a):
            refuse("the two groups have no response length in common")
        b, weights = b[weights > 0], weights[weights > 0]
    in_a, in_b = sets.take(a), sets.take(b)
    n_a, n_b = in_a.counts, in_b.counts
    share_a = n_a / len(a)
    spread = np.repeat(weights, in_b.sizes)
    share_b = np.bincount(in_b.indices, weights=spread, minlength=sets.width) / weights.sum()
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    with_a, without_a = n_a + HALF, len(a) - n_a + HALF
    with_b, without_b = share_b * effective + HALF, (1 - share_b) * effective + HALF
    log_odds = np.log(with_a / without_a) - np.log(with_b / without_b)
    z = log_odds / np.sqrt(1 / with_a + 1 / without_a + 1 / with_b + 1 / without_b)
    lift = (with_a / (len(a) + 2 * HALF)) / (with_b / (effective + 2 * HALF))
    p = p_values(n_a, len(a), share_b * effective, effective, z)
    significant = discoveries(p, (n_a + n_b) > 0)
    shared = len(np.intersect1d(a, b, assume_unique=True))
    return Contrast(n_a, n_b, share_a, share_b, len(a), len(b), shared, lift, log_odds, z, significant)


def match_lengths(
    lengths: NDArray[np.float64], a: NDArray[np.int64], b: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows of `a` with a row of `b` in their length bin, and a weight for each row of `b`."""
    edges = np.unique(np.quantile(lengths[a], np.linspace(0, 1, BINS + 1)[1:-1]))
    bin_a, bin_b = np.searchsorted(edges, lengths[a], side="right"), np.searchsorted(edges, lengths[b], side="right")
    count_a = np.bincount(bin_a, minlength=len(edges) + 1)
    count_b = np.bincount(bin_b, minlength=len(edges) + 1)
    return a[count_b[bin_a] > 0], count_a[bin_b] / count_b[bin_b]


def p_values(
    n_a: NDArray[np.int64], size_a: int, n_b: NDArray[np.float64], size_b: float, z: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Two-sided p values [F] of counts `n_a` of `size_a` rows against `n_b` of `size_b` rows.

    From `z` where every cell of the two-by-two table has an expected count of at least 5; else from the binomial tail
    of the count in the first group given the count in both, which is conservative.
    """
    from scipy.special import bdtr, bdtrc, ndtr

    both = np.rint(n_a + n_b)
    part = size_a / (size_a + size_b)
    fewest = np.minimum(both, size_a + size_b - both) * min(part, 1 - part)
    above = np.where(n_a > 0, bdtrc(np.maximum(n_a - 1, 0), both, part), 1.0)
    below = np.where(n_a < both, bdtr(np.minimum(n_a, both), both, part), 1.0)
    return np.where(fewest >= 5, 2 * ndtr(-np.abs(z)), np.minimum(1.0, 2 * np.minimum(above, below)))


def discoveries(p: NDArray[np.float64], tested: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mask of the `tested` p values that are significant at the false discovery rate (Benjamini & Hochberg 1995)."""
    p = np.where(tested, p, 1.0)
    order = np.argsort(p, kind="stable")
    count = max(1, int(tested.sum()))
    passing = np.flatnonzero(p[order] <= FALSE_DISCOVERY_RATE * np.arange(1, len(p) + 1) / count)
    significant = np.zeros(len(p), dtype=bool)
    if len(passing):
        significant[order[: passing[-1] + 1]] = True
    return significant & tested
