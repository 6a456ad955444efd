"""The numbers of the Length page, kept small and live: correlation at a threshold, and along thresholds. No Streamlit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.features.sets import FeatureSets


@dataclass(frozen=True)
class RCurve:
    """Correlation of length and feature count at each threshold; NaN where a side does not vary."""

    thresholds: np.ndarray
    pearson: np.ndarray
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
    """The 95 % interval of Pearson's r by Fisher's transformation, for the picture while a slider moves."""
    if not np.isfinite(r) or n < 4 or abs(r) >= 1:
        return r, r
    middle, half = np.arctanh(r), 1.959964 / np.sqrt(n - 3)
    return float(np.tanh(middle - half)), float(np.tanh(middle + half))


def r_curve(sets: FeatureSets, tokens: np.ndarray, *, points: int = 25) -> RCurve:
    """Correlations at `points` thresholds from 0 to where only one pair in a hundred is left; `sets` at threshold 0."""
    top = float(np.quantile(sets.values, 0.99)) if sets.nnz else 1.0
    thresholds = np.linspace(0, top, points)
    owner = np.repeat(np.arange(sets.n), sets.sizes)
    ranked = ranks(tokens)
    pearson, spearman = np.empty(points), np.empty(points)
    for place, threshold in enumerate(thresholds):
        counts = np.bincount(owner[sets.values > threshold], minlength=sets.n)
        pearson[place] = correlation(tokens, counts)
        spearman[place] = correlation(ranked, ranks(counts))
    return RCurve(thresholds, pearson, spearman)


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
