"""Correlation of response length with the number of active features, with bootstrap intervals.

In this module, `length` is the response length of each sample and `count` its |F_i|. Intervals are 95% percentile
bootstrap intervals over samples (Efron & Tibshirani 1993). A resample is a vector of weights (how often each sample was
drawn), so the correlations of a thousand resamples at every threshold are one matrix product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.features.sets import FeatureSets

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Numbers = NDArray[np.integer] | NDArray[np.floating]
RESAMPLES = 1_000
LOWEST_GROUP = 20  # samples that a group needs for a correlation of its own
_CELLS = 4_000_000  # size of a block of weights
_WORK = 20_000_000  # samples times resamples: above it fewer resamples are drawn, but at least 200
_RANK_WORK = 10_000_000  # the same for ranks, which are sorted again for every resample
_ROUNDING = 1e-6  # share of a sum of squares in single precision: a smaller spread is rounding


@dataclass(frozen=True)
class Estimate:
    """A statistic over `n` samples with its 95% bootstrap interval; NaN where one side does not vary."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Groups:
    """The group of each sample, int64 [N] with -1 for none, and the group names by code."""

    codes: Ints
    names: list[str]

    @classmethod
    def of(cls, names: Sequence[str]) -> Groups:
        """Group samples by the name of each."""
        known, codes = np.unique(np.asarray(names, dtype=object).astype(str), return_inverse=True)
        return cls(codes.astype(np.int64), [str(name) for name in known])

    def largest_first(self) -> Groups:
        """Number the groups by size, the largest 0 (ties: smaller code)."""
        sizes = np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))
        order = np.argsort(-sizes, kind="stable")
        rank = np.empty(len(self.names), dtype=np.int64)
        rank[order] = np.arange(len(self.names))
        return Groups(np.where(self.codes >= 0, rank[self.codes], -1), [self.names[int(i)] for i in order])


def signed(value: float, digits: int = 2) -> str:
    """Format a correlation for a sentence: with a minus sign instead of a hyphen, and none before zero."""
    text = f"{value:.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}" if float(text) else "")


def generator(seed: int, stream: int) -> np.random.Generator:
    """Return one of the independent random streams of a seed."""
    return np.random.default_rng([seed, stream])


def resamples(n: int, work: int = _WORK) -> int:
    """Return how many bootstrap resamples are drawn for n samples."""
    return int(np.clip(work // max(n, 1), 200, RESAMPLES))


def weights(n: int, count: int, rng: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    """`count` bootstrap resamples as blocks float32 [rows, n]: how often each sample was drawn."""
    rows = max(1, min(count, _CELLS // max(n, 1)))
    for start in range(0, count, rows):
        block = np.empty((min(rows, count - start), n), dtype=np.float32)
        for row in block:
            row[:] = np.bincount(rng.integers(n, size=n, dtype=np.int32), minlength=n)
        yield block


def default_thresholds(sets: FeatureSets, default: float | None = None, *, most: int = 100) -> Floats:
    """Make a grid of round steps (1, 2 or 5 times a power of ten) from 0 to over the 99th percentile of activations.

    The grid has at most `most` steps, and `default`, the threshold of the extraction, is one more stop.
    """
    stride = max(1, sets.nnz // 2_000_000)  # a quantile of so many is exact enough for the end of a slider
    top = float(np.quantile(sets.values[::stride], 0.99)) if sets.nnz else 1.0
    top = max(top, 1.5 * (default or 0.0), 1e-6)
    power = 10.0 ** np.floor(np.log10(top / most))
    step = next(power * factor for factor in (1, 2, 5, 10) if top / (power * factor) <= most)
    grid = np.arange(int(np.ceil(top / step - 1e-9)) + 1) * step
    return np.union1d(np.round(grid, 10), [] if default is None else [default]).astype(np.float64)


@dataclass(frozen=True)
class Grouped:
    """Correlation within groups: `partial` given the group, and `each` (group code -> r) of groups large enough."""

    partial: Estimate
    each: dict[int, Estimate]


@dataclass(frozen=True)
class Correlations:
    """Pearson r at each of T thresholds: over all samples, and within the groups of each factor."""

    overall: list[Estimate]
    grouped: dict[str, list[Grouped]]


def correlations(
    length: Numbers, counts: Numbers, groups: Mapping[str, Ints], *, rng: np.random.Generator
) -> Correlations:
    """Pearson r of `length` [N] with each row of `counts` [T, N]: overall, partial given a factor, within each group.

    The partial correlation subtracts the mean of the group from both sides. All intervals are from the same resamples.

    Args:
        length: Response length of each sample, in any unit.
        counts: |F_i| at T thresholds.
        groups: Group codes of each sample by factor; a negative code leaves the sample out of that factor.
        rng: Draws the resamples; the same seed gives the same intervals for the same samples, whatever T is.

    Cost: O(resamples * N * T), one matrix product per factor.
    """
    table = np.atleast_2d(np.asarray(counts))
    n = len(length)
    whole = _Slices(length, table, np.zeros(n, dtype=np.int64))
    factors = {factor: _Slices(length, table, codes) for factor, codes in groups.items()}
    drawn: list[Floats] = []
    partial: dict[str, list[Floats]] = {factor: [] for factor in factors}
    each: dict[str, list[Floats]] = {factor: [] for factor in factors}
    for block in weights(n, resamples(n), rng):
        drawn.append(whole.correlate(block)[0])
        for factor, slices in factors.items():
            pooled, inside = slices.correlate(block)
            partial[factor].append(pooled)
            each[factor].append(inside)
    overall = _estimates(whole.exact()[0], np.concatenate(drawn), n)
    return Correlations(overall, {factor: s.grouped(partial[factor], each[factor]) for factor, s in factors.items()})


def pearson(length: Numbers, count: Numbers) -> float:
    """Pearson r of two columns [N], without an interval; NaN where one does not vary."""
    return float(_Slices(length, np.atleast_2d(np.asarray(count)), np.zeros(len(length), dtype=np.int64)).exact()[0][0])


def spearman(length: Numbers, count: Numbers, *, rng: np.random.Generator) -> Estimate:
    """Spearman's rho (mid-ranks for ties); every resample is ranked anew."""
    n = len(length)
    x, y = _Ranker(length), _Ranker(count)
    value = _rank_r(x, y, np.ones(n))
    drawn = [_rank_r(x, y, w) for block in weights(n, resamples(n, _RANK_WORK), rng) for w in block.astype(np.float64)]
    return _estimates(np.array([value]), np.array(drawn)[:, None], n)[0]


def rank_correlations(length: Numbers, counts: Numbers) -> Floats:
    """Spearman's rho of `length` [N] with each row of `counts` [T, N], without intervals: [T]."""
    x, ones = _Ranker(length), np.ones(len(length))
    return np.array([_rank_r(x, _Ranker(row), ones) for row in np.atleast_2d(np.asarray(counts))])


def quantile_bins(length: Floats, most: int = 20) -> Ints:
    """Bin 0..B-1 of each sample: about equally many samples per bin, equal lengths in one bin."""
    edges = np.unique(np.quantile(length, np.linspace(0, 1, most + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, length, side="left"), return_inverse=True)[1].astype(np.int64)


class _Slices:
    """Samples in the order of their group, and the columns whose weighted sums give every correlation."""

    def __init__(self, length: Numbers, counts: NDArray[Any], codes: NDArray[np.integer]) -> None:
        kept = np.flatnonzero(codes >= 0)
        order = kept[np.argsort(codes[kept], kind="stable")]
        self.codes, starts, self.sizes = np.unique(codes[order], return_index=True, return_counts=True)
        self.n, self.steps = len(order), len(counts)
        self.order = None if np.array_equal(order, np.arange(len(codes))) else order
        self.edges = np.append(starts, self.n)
        self.large = np.flatnonzero(self.sizes >= LOWEST_GROUP)
        t = self.steps
        self.columns = np.empty((self.n, 3 + 3 * t), dtype=np.float32)
        self.sums = np.empty((len(self.codes), 3 + 3 * t))  # over the samples themselves, in double precision
        x = self._centred(length[order])
        self._put(0, np.ones(self.n))
        self._put(1, x)
        self._put(2, x * x)
        for step, row in enumerate(counts):
            y = self._centred(row[order])
            self._put(3 + step, y)
            self._put(3 + t + step, y * y)
            self._put(3 + 2 * t + step, x * y)

    def exact(self) -> tuple[Floats, Floats]:
        """Pooled r [T] and r of each large group [G, T]."""
        pooled, inside = self._ratios([self.sums[g : g + 1] for g in range(len(self.codes))])
        return pooled[0], inside[0]

    def correlate(self, block: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Pooled r [rows, T] and r of each large group [rows, G, T] under the weightings of `block` [rows, N]."""
        w = block if self.order is None else block[:, self.order]
        return self._ratios([w[:, a:b] @ self.columns[a:b] for a, b in pairwise(self.edges)])

    def grouped(self, partial: list[Floats], each: list[Floats]) -> list[Grouped]:
        """Estimates at every step, from the drawn pooled r and the drawn r of each large group."""
        pooled, inside = self.exact()
        partials = _estimates(pooled, np.concatenate(partial), self.n)
        drawn = np.concatenate(each)
        groups = {
            int(self.codes[g]): _estimates(inside[k], drawn[:, k], int(self.sizes[g])) for k, g in enumerate(self.large)
        }
        return [
            Grouped(partials[t], {code: estimates[t] for code, estimates in groups.items()}) for t in range(self.steps)
        ]

    def _ratios(self, sums: Sequence[NDArray[np.floating]]) -> tuple[Floats, Floats]:
        rows, t = sums[0].shape[0] if sums else 1, self.steps
        total = np.zeros((3, rows, t))
        inside = np.empty((rows, len(self.large), t))
        places = {int(g): k for k, g in enumerate(self.large)}
        for g, group in enumerate(sums):
            part = group.astype(np.float64)
            n = np.maximum(part[:, :1], 1.0)
            sx, sxx = part[:, 1:2], part[:, 2:3]
            sy, syy, sxy = (part[:, 3 + t * i : 3 + t * (i + 1)] for i in range(3))
            cross, xx, yy = sxy - sx * sy / n, _spread(sxx, sx, n), _spread(syy, sy, n)
            total += np.stack([cross, np.broadcast_to(xx, cross.shape), yy])
            if g in places:
                inside[:, places[g]] = _ratio(cross, xx, yy)
        return _ratio(*total), inside

    def _centred(self, values: Numbers) -> Floats:
        """Scaled to a spread of 1, less the mean of the group."""
        numbers = np.asarray(values, dtype=np.float64)
        if not len(numbers):
            return numbers
        spread = numbers.std()
        scaled = (numbers - numbers.mean()) / (spread if spread > 0 else 1.0)
        return scaled - np.repeat(np.add.reduceat(scaled, self.edges[:-1]) / self.sizes, self.sizes)

    def _put(self, column: int, values: Floats) -> None:
        self.columns[:, column] = values
        self.sums[:, column] = np.add.reduceat(values, self.edges[:-1]) if len(values) else 0.0


class _Ranker:
    """Mid-ranks of one column under any weighting."""

    def __init__(self, values: Numbers) -> None:
        known, self.codes = np.unique(values, return_inverse=True)
        self.levels = len(known)

    def ranks(self, w: Floats) -> tuple[Floats, Floats]:
        """Weight of each level, and its mid-rank less the mean rank, under weights [N]."""
        level_weight: Floats = np.bincount(self.codes, weights=w, minlength=self.levels).astype(np.float64)
        return level_weight, np.cumsum(level_weight) - level_weight / 2.0 - w.sum() / 2.0


def _rank_r(x: _Ranker, y: _Ranker, w: Floats) -> float:
    (wx, rx), (wy, ry) = x.ranks(w), y.ranks(w)
    cross = float(np.dot(w * rx[x.codes], ry[y.codes]))
    product = float((wx * rx * rx).sum()) * float((wy * ry * ry).sum())
    return float(np.clip(cross / np.sqrt(product), -1.0, 1.0)) if product > 0 else float("nan")


def _spread(squares: Floats, total: Floats, n: Floats) -> Floats:
    """Sum of squares around the mean; 0 where only rounding is left."""
    spread = squares - total * total / n
    return np.where(spread > _ROUNDING * squares, spread, 0.0)


def _ratio(cross: Floats, xx: Floats, yy: Floats) -> Floats:
    """Correlation; NaN where a side does not vary."""
    product = np.where((xx > 1e-12) & (yy > 1e-12), xx * yy, np.nan)
    return np.clip(cross / np.sqrt(product), -1.0, 1.0)


def _estimates(values: Floats, drawn: Floats, n: int) -> list[Estimate]:
    """Estimates of `values` [T] with percentile intervals of `drawn` [resamples, T]."""
    known = np.isfinite(drawn)
    ends = np.full((2, len(values)), np.nan)
    full = known.all(axis=0)
    ends[:, full] = np.quantile(drawn[:, full], [0.025, 0.975], axis=0)
    for t in np.flatnonzero(~full & known.any(axis=0)):
        ends[:, t] = np.quantile(drawn[known[:, t], t], [0.025, 0.975])
    return [
        Estimate(float(v), float(low), float(high), n) if np.isfinite(v) else Estimate(np.nan, np.nan, np.nan, n)
        for v, low, high in zip(values, *ends, strict=True)
    ]
