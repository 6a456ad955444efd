"""Why "pick the longest responses" works: response length against the number of active features, with intervals.

Everything here takes arrays: `length` is the response length of each sample, `count` its |F_i|. Intervals are 95 %
percentile bootstrap intervals over samples (Efron & Tibshirani 1993); all resamples are counted at once as weights, so
that a statistic of a thousand resamples is one matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.features.sets import FeatureSets

Floats = NDArray[np.float64]
Numbers = NDArray[np.integer] | NDArray[np.floating]
RESAMPLES = 1_000
_CELLS = 4_000_000  # of a block of weights
_WORK = 60_000_000  # samples times resamples: above it fewer resamples are drawn, never under 200
LOWEST_GROUP = 20  # samples a source or cluster needs for a correlation of its own


@dataclass(frozen=True)
class Estimate:
    """A statistic with its 95 % bootstrap interval; NaN where one side does not vary."""

    value: float
    low: float
    high: float
    n: int


def resamples(n: int) -> int:
    """How many bootstrap resamples are drawn for n samples."""
    return int(np.clip(_WORK // max(n, 1), 200, RESAMPLES))


def weights(n: int, count: int, rng: np.random.Generator) -> Iterator[Floats]:
    """`count` bootstrap resamples as blocks float64 [rows, n]: how often each sample was drawn."""
    rows = max(1, min(count, _CELLS // max(n, 1)))
    for start in range(0, count, rows):
        block = np.empty((min(rows, count - start), n))
        for row in block:
            row[:] = np.bincount(rng.integers(n, size=n, dtype=np.int32), minlength=n)
        yield block


def counts_above(sets: FeatureSets, thresholds: Floats) -> NDArray[np.int64]:
    """|F_i| at every threshold, int64 [T, N], from one pass over the pairs. `thresholds` ascend."""
    bins = np.searchsorted(thresholds, sets.values.astype(np.float64), side="left")
    width = len(thresholds) + 1
    owner = np.repeat(np.arange(sets.n, dtype=np.int64), sets.sizes)
    table = np.bincount(owner * width + bins, minlength=sets.n * width).reshape(sets.n, width)
    return table[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:].T


def default_thresholds(sets: FeatureSets, *, steps: int = 25) -> Floats:
    """Make an even grid from 0 to the 99th percentile of all activations."""
    top = float(np.quantile(sets.values, 0.99)) if sets.nnz else 1.0
    return np.linspace(0.0, top, steps)


def pearson(length: Numbers, counts: Numbers, *, rng: np.random.Generator) -> list[Estimate]:
    """Pearson r of `length` [N] with each row of `counts` [T, N], with intervals from the same resamples."""
    x, ys = _scaled(length), [_scaled(row) for row in np.atleast_2d(counts)]
    columns = np.column_stack([x, x * x, *ys, *[y * y for y in ys], *[x * y for y in ys]])
    t, n = len(ys), len(x)

    def correlate(sums: Floats) -> Floats:
        sx, sxx = sums[:, :1], sums[:, 1:2]
        sy, syy, sxy = (sums[:, 2 + t * i : 2 + t * (i + 1)] for i in range(3))
        return _ratio(n * sxy - sx * sy, (n * sxx - sx * sx) * (n * syy - sy * sy))

    values = correlate(columns.sum(axis=0, keepdims=True))[0]
    drawn = np.concatenate([correlate(block @ columns) for block in weights(n, resamples(n), rng)])
    return [_estimate(values[i], drawn[:, i], n) for i in range(t)]


def spearman(length: Numbers, count: Numbers, *, rng: np.random.Generator) -> Estimate:
    """Spearman's rho (mid-ranks for ties); every resample is ranked anew."""
    n = len(length)
    x, y = _Ranker(length), _Ranker(count)

    def correlate(w: Floats) -> Floats:
        return _weighted_r(x.ranks(w), y.ranks(w), w)

    value = float(correlate(np.ones((1, n)))[0])
    drawn = [correlate(block) for block in weights(n, resamples(n), rng)]
    return _estimate(value, np.concatenate(drawn), n)


@dataclass(frozen=True)
class Grouped:
    """Correlation inside groups: `partial` given the group, and `each` (group code -> r) of groups large enough."""

    partial: Estimate
    each: dict[int, Estimate]


def within(length: Numbers, count: Numbers, group: NDArray[np.integer], *, rng: np.random.Generator) -> Grouped:
    """Partial correlation given a category (both sides less their group's mean), and r inside each group.

    `group` holds codes 0..G-1, a negative one means no group (left out).
    """
    kept = np.flatnonzero(group >= 0)
    order = kept[np.argsort(group[kept], kind="stable")]
    codes, starts, sizes = np.unique(group[order], return_index=True, return_counts=True)
    n = len(order)
    if n < 3:
        return Grouped(Estimate(np.nan, np.nan, np.nan, n), {})
    x, y = _centred(length[order], starts, sizes), _centred(count[order], starts, sizes)

    def moments(block: Floats) -> tuple[Floats, Floats, Floats]:
        total = np.add.reduceat(block, starts, axis=1)
        sx, sy, sxx, syy, sxy = (
            np.add.reduceat(block * column, starts, axis=1) for column in (x, y, x * x, y * y, x * y)
        )
        safe = np.maximum(total, 1.0)
        return sxy - sx * sy / safe, sxx - sx * sx / safe, syy - sy * sy / safe

    def correlate(block: Floats) -> tuple[Floats, Floats]:
        cross, xx, yy = moments(block)
        return _ratio(cross.sum(axis=1), xx.sum(axis=1) * yy.sum(axis=1)), _ratio(cross, xx * yy)

    value, own = correlate(np.ones((1, n)))
    drawn = [correlate(block) for block in weights(n, max(200, resamples(n) // 2), rng)]
    partial = _estimate(float(value[0]), np.concatenate([d[0] for d in drawn]), n)
    groups = np.concatenate([d[1] for d in drawn])
    large = np.flatnonzero(sizes >= LOWEST_GROUP)
    each = {int(codes[g]): _estimate(float(own[0, g]), groups[:, g], int(sizes[g])) for g in large}
    return Grouped(partial, each)


def quantile_bins(length: Floats, most: int = 20) -> NDArray[np.int64]:
    """Bin 0..B-1 of each sample: about equally many samples a bin, equal lengths in one bin."""
    edges = np.unique(np.quantile(length, np.linspace(0, 1, most + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, length, side="left"), return_inverse=True)[1].astype(np.int64)


def codes_of(names: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Integer codes of category names, and the names by code."""
    known, codes = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)
    return codes.astype(np.int64), [str(name) for name in known]


class _Ranker:
    """Mid-ranks of one column under many weightings."""

    def __init__(self, values: Numbers) -> None:
        _, self.inverse = np.unique(values, return_inverse=True)
        self.order = np.argsort(self.inverse, kind="stable")
        self.starts = np.flatnonzero(np.diff(self.inverse[self.order], prepend=-1))

    def ranks(self, block: Floats) -> Floats:
        heavy = np.add.reduceat(block[:, self.order], self.starts, axis=1)
        return (heavy.cumsum(axis=1) - heavy / 2.0)[:, self.inverse]


def _weighted_r(x: Floats, y: Floats, w: Floats) -> Floats:
    n = w.sum(axis=1, keepdims=True)
    x = x - (w * x).sum(axis=1, keepdims=True) / n
    y = y - (w * y).sum(axis=1, keepdims=True) / n
    return _ratio((w * x * y).sum(axis=1), (w * x * x).sum(axis=1) * (w * y * y).sum(axis=1))


def _ratio(cross: Floats, product: Floats) -> Floats:
    good = product > 1e-12 * max(1.0, float(np.max(product, initial=0.0)))
    return np.where(good, np.clip(cross / np.sqrt(np.where(good, product, 1.0)), -1.0, 1.0), np.nan)


def _scaled(values: Numbers) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    spread = numbers.std()
    return (numbers - numbers.mean()) / (spread if spread > 0 else 1.0)


def _centred(values: Numbers, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> Floats:
    scaled = _scaled(values)
    return scaled - np.repeat(np.add.reduceat(scaled, starts) / sizes, sizes)


def _estimate(value: float, drawn: Floats, n: int) -> Estimate:
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(drawn):
        return Estimate(np.nan, np.nan, np.nan, n)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(float(value), float(low), float(high), n)
