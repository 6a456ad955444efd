"""What the Length page works out while its slider moves; the full analysis is `explorer.pipeline.length`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.features import length
from explorer.features.sets import FeatureSets


@dataclass(frozen=True)
class RCurve:
    """Correlation of length and feature count at each threshold; NaN where a side does not vary."""

    thresholds: np.ndarray
    pearson: np.ndarray
    low: np.ndarray
    high: np.ndarray
    spearman: np.ndarray


def ranks(values: np.ndarray) -> np.ndarray:
    """Average ranks, as Spearman's correlation takes them."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[inverse]


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson's r; NaN where a side does not vary."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def interval(r: float, n: int) -> tuple[float, float]:
    """Return the 95 % interval of Pearson's r by Fisher's transformation, for the picture while a slider moves."""
    if not np.isfinite(r) or n < 4 or abs(r) >= 1:
        return r, r
    middle, half = np.arctanh(r), 1.959964 / np.sqrt(n - 3)
    return float(np.tanh(middle - half)), float(np.tanh(middle + half))


def r_curve(sets: FeatureSets, tokens: np.ndarray) -> RCurve:
    """Correlations along thresholds, Pearson's with a bootstrap interval; `sets` holds every activation above 0."""
    thresholds = length.default_thresholds(sets)
    counts = length.counts_above(sets, thresholds)
    found = length.pearson(tokens, counts.astype(float), rng=np.random.default_rng(0))
    ranked = ranks(tokens)
    return RCurve(
        thresholds=thresholds,
        pearson=np.array([one.value for one in found]),
        low=np.array([one.low for one in found]),
        high=np.array([one.high for one in found]),
        spearman=np.array([correlation(ranked, ranks(row)) for row in counts]),
    )


def binned_median(x: np.ndarray, y: np.ndarray, *, bins: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Median of y in bins of equally many x: the trend without assuming a line."""
    if len(x) < bins * 2:
        bins = max(2, len(x) // 8)
    order = np.argsort(x, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return np.array([np.median(x[p]) for p in parts]), np.array([np.median(y[p]) for p in parts])


def residuals(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How many more features a sample has than the trend at its length says (negative: fewer)."""
    at, trend = binned_median(x, y)
    return y - np.interp(x, at, trend)
