"""Means of held-out losses with 95 % intervals, and paired differences from a baseline.

Two things are uncertain: which rows were held out, and what another seed (other random picks, another order of
training) would have given. Each alone would give a Student interval; half widths are added as squares (Howe 1974),
so they hold even where one of them has few degrees of freedom. Three seeds have two: intervals are wide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Losses = NDArray[np.float64]  # [seeds, held-out rows], nats a token
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval and two-sided p-value of being 0; None where the data do not give one."""

    value: float
    low: float | None
    high: float | None
    p: float | None
    seeds: int
    rows: int


@dataclass(frozen=True)
class Strata:
    """The source of each held-out row (as a code) and the share of the data that each source is; shares sum to 1."""

    codes: NDArray[np.int64]
    shares: NDArray[np.float64]

    @classmethod
    def of(cls, sources: Sequence[str], shares: Mapping[str, float]) -> Strata:
        """Of the rows' sources; `shares` may name sources without a held-out row, which are left out."""
        names = sorted(set(sources))
        known = np.array([shares.get(name, 0.0) for name in names])
        known = known / known.sum() if known.sum() > 0 else np.full(len(names), 1 / len(names))
        place = {name: code for code, name in enumerate(names)}
        return cls(np.array([place[source] for source in sources], dtype=np.int64), known)

    def means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted mean over rows of values [..., rows] -> [...]."""
        counts = np.bincount(self.codes, minlength=len(self.shares))
        return values @ (self.shares[self.codes] / counts[self.codes])

    def row_variance(self, values: NDArray[np.float64]) -> float:
        """Variance of the weighted mean of values [rows] under drawing the rows again within each source."""
        total = 0.0
        for code, share in enumerate(self.shares):
            inside = values[self.codes == code]
            if len(inside) > 1:
                total += share**2 * float(inside.var(ddof=1)) / len(inside)
        return total


def mean_loss(losses: Losses, strata: Strata) -> Estimate:
    """Mean held-out loss over seeds and rows; the p-value is meaningless here and left out."""
    found = _estimate(losses, strata)
    return Estimate(found.value, found.low, found.high, None, found.seeds, found.rows)


def difference(losses: Losses, baseline: Losses, strata: Strata) -> Estimate:
    """Mean of `losses - baseline`, paired by held-out row and, where both have as many seeds, by seed."""
    if len(losses) == len(baseline):
        return _estimate(losses - baseline, strata)
    rows = losses.mean(axis=0) - baseline.mean(axis=0)
    parts = [(strata.row_variance(rows), losses.shape[1] - len(strata.shares))]
    parts += [_seed_variance(strata.means(each)) for each in (losses, baseline)]
    return _interval(float(strata.means(rows)), parts, min(len(losses), len(baseline)), losses.shape[1])


def holm(p: Sequence[float | None]) -> list[float | None]:
    """p-values corrected for testing several methods at once (Holm 1979); None stays None."""
    known = sorted((value, i) for i, value in enumerate(p) if value is not None)
    out: list[float | None] = [None] * len(p)
    highest = 0.0
    for rank, (value, i) in enumerate(known):
        highest = max(highest, min(1.0, value * (len(known) - rank)))
        out[i] = highest
    return out


def _estimate(values: Losses, strata: Strata) -> Estimate:
    rows = values.mean(axis=0)
    parts = [(strata.row_variance(rows), values.shape[1] - len(strata.shares)), _seed_variance(strata.means(values))]
    return _interval(float(strata.means(rows)), parts, len(values), values.shape[1])


def _seed_variance(means: NDArray[np.float64]) -> tuple[float, int]:
    return (float(means.var(ddof=1)) / len(means), len(means) - 1) if len(means) > 1 else (0.0, 0)


def _interval(value: float, parts: Sequence[tuple[float, int]], seeds: int, rows: int) -> Estimate:
    known = [(variance, df) for variance, df in parts if variance > 0 and df > 0]
    if not known or not math.isfinite(value):
        return Estimate(value, None, None, None, seeds, rows)
    half = _half(LEVEL, known)
    return Estimate(value, value - half, value + half, _p_value(abs(value), known), seeds, rows)


def _half(level: float, parts: Sequence[tuple[float, int]]) -> float:
    """Half an interval's width: the half widths that each part alone would give, added as squares."""
    from scipy import stats

    return math.sqrt(sum(float(stats.t.ppf(0.5 + level / 2, df)) ** 2 * variance for variance, df in parts))


def _p_value(distance: float, parts: Sequence[tuple[float, int]]) -> float:
    """1 less the level of the interval that just reaches 0."""
    from scipy.optimize import brentq

    highest = 1 - 1e-9
    if _half(highest, parts) <= distance:
        return 1 - highest
    level: Any = brentq(lambda level: _half(level, parts) - distance, 0.0, highest)
    return 1 - float(level)
