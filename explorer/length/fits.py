"""Feature count as a function of response length: fitted curves, outliers, and features added per token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.length.statistics import Floats, Ints, quantile_bins

OUTLYING = 3.0  # local spreads from the trend beyond which a row is an outlier
_HIDING = 0.05  # rise of r without the outliers from which they hide the relation of the other rows


@dataclass(frozen=True)
class Fit:
    """`kind` linear: y = a x + b; saturating: y = a (1 - exp(-x / b)). `r2` is the share of variance explained."""

    kind: str
    a: float
    b: float
    r2: float
    rmse: float

    def predict(self, x: Floats) -> Floats:
        """Evaluate the curve at `x`."""
        return self.a * x + self.b if self.kind == "linear" else self.a * -np.expm1(-x / self.b)


def fit_linear(x: Floats, y: Floats) -> Fit:
    """Least-squares line."""
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / spread) if spread > 0 else 0.0
    return _scored("linear", slope, float(y.mean() - slope * x.mean()), x, y)


def fit_saturating(x: Floats, y: Floats) -> Fit:
    """Least-squares a (1 - exp(-x / b)): a follows from b, so only log b is searched (variable projection).

    Samples of equal length are added up first, so the cost of a try is the number of distinct lengths.
    """
    from scipy.optimize import minimize_scalar

    if not len(x):
        return Fit("saturating", 0.0, 1.0, np.nan, np.nan)
    lengths, place, samples = np.unique(x, return_inverse=True, return_counts=True)
    total = np.bincount(place, weights=y)
    longest = max(float(lengths[-1]), 1.0)

    def plateau(log_scale: float) -> tuple[float, float]:
        shape = -np.expm1(-lengths / np.exp(log_scale))
        weight, cross = float((samples * shape * shape).sum()), float((shape * total).sum())
        return (cross / weight, cross * cross / weight) if weight > 0 else (0.0, 0.0)

    def error(log_scale: float) -> float:
        return -plateau(log_scale)[1]  # the squared error less the squares of y, which do not depend on it

    grid = np.linspace(np.log(longest * 1e-3), np.log(longest * 1e3), 61)
    best = int(np.argmin([error(point) for point in grid]))
    bounds = (float(grid[max(0, best - 1)]), float(grid[min(len(grid) - 1, best + 1)]))
    optimum: Any = minimize_scalar(error, bounds=bounds, method="bounded", options={"xatol": 1e-8})
    return _scored("saturating", plateau(float(optimum.x))[0], float(np.exp(optimum.x)), x, y)


def best_fit(x: Floats, y: Floats) -> Fit:
    """Return the saturating curve where it explains more variance than the line does."""
    line, curve = fit_linear(x, y), fit_saturating(x, y)
    return curve if curve.r2 > line.r2 else line


def trend(x: Floats, y: Floats, *, rounds: int = 8) -> Fit:
    """Return the best fit to the samples that are not outliers: fit, leave outliers out, and fit again.

    Otherwise a few very long, repetitive responses would bend the curve towards themselves and so pass as typical.
    """
    fit, inliers = best_fit(x, y), np.ones(len(x), dtype=bool)
    bins = _bins(x)
    for _ in range(rounds):
        near = np.abs(_score(y, fit.predict(x), bins)) <= OUTLYING
        if near.sum() < max(10, len(x) // 2) or np.array_equal(near, inliers):
            break
        inliers = near
        fit = best_fit(x[inliers], y[inliers])
    return fit


def _scored(kind: str, a: float, b: float, x: Floats, y: Floats) -> Fit:
    residual = y - Fit(kind, a, b, 0.0, 0.0).predict(x)
    total = float(((y - y.mean()) ** 2).sum())
    r2 = 1.0 - float((residual**2).sum()) / total if total > 0 else np.nan
    return Fit(kind, a, b, r2, float(np.sqrt((residual**2).mean())))


@dataclass(frozen=True)
class Residuals:
    """Positions of the outliers, farthest from the curve first; `score` is the residual in local spreads [N]."""

    feature_poor: Ints
    feature_rich: Ints
    expected: Floats
    score: Floats

    @property
    def inliers(self) -> NDArray[np.bool_]:
        """The samples that are not outliers, bool [N]."""
        inliers = np.ones(len(self.score), dtype=bool)
        inliers[self.feature_poor] = inliers[self.feature_rich] = False
        return inliers


def residuals(x: Floats, y: Floats, fit: Fit) -> Residuals:
    """Find outliers: long but feature-poor (in the longer half) and short but feature-rich (in the shorter half).

    Counts scatter more the longer a response is, so a residual is divided by the spread (1.48 times the median absolute
    deviation) in its bin of 20 quantile bins of length. Outliers are at least 3 such spreads away: about one sample in
    a thousand where the scatter is normal. Ties: smaller position.
    """
    expected = fit.predict(x)
    score = _score(y, expected, _bins(x))
    middle = np.median(x) if len(x) else 0.0

    def outlying(sign: int, side: NDArray[np.bool_]) -> Ints:
        chosen = np.flatnonzero(side & (sign * score >= OUTLYING))
        return chosen[np.argsort(-sign * score[chosen], kind="stable")]

    return Residuals(outlying(-1, x > middle), outlying(1, x <= middle), expected, score)


def _bins(x: Floats) -> list[Ints]:
    """Positions of the samples in each of 20 quantile bins of length."""
    if not len(x):
        return []
    codes = quantile_bins(x)
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])


def _score(y: Floats, expected: Floats, bins: list[Ints]) -> Floats:
    """Residuals in local spreads.

    Counts scatter like the root of the expected count. The spread of a bin is limited to twice that, so that a bin full
    of outliers does not hide them, and to at least a quarter of the overall spread.
    """
    residual = y - expected
    if not len(residual):
        return residual
    root = np.sqrt(np.maximum(expected, 1.0))
    relative = residual / root
    typical = float(np.median([_spread(relative[inside]) for inside in bins]))
    least = max(0.25 * _spread(residual), 1e-9)
    score = np.empty(len(residual))
    for inside in bins:
        spread = np.minimum(_spread(residual[inside]), 2.0 * typical * root[inside])
        score[inside] = residual[inside] / np.maximum(spread, least)
    return score


def _spread(values: Floats) -> float:
    """1.48 times the median absolute deviation: the standard deviation of normal values."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


@dataclass(frozen=True)
class Outliers:
    """How many samples are outliers, and `pearson`, r of the others (None where one side does not vary).

    Of the feature-poor outliers, `read` were read and `repeat` of those repeat themselves.
    """

    feature_poor: int
    feature_rich: int
    read: int
    repeat: int
    pearson: float | None

    @classmethod
    def of(cls, x: Floats, y: Floats, residuals: Residuals) -> Outliers:
        """Count the outliers, without reading any response."""
        inliers = residuals.inliers
        varies = inliers.sum() > 2 and np.ptp(x[inliers]) > 0 and np.ptp(y[inliers]) > 0
        r = float(np.corrcoef(x[inliers], y[inliers])[0, 1]) if varies else None
        return cls(len(residuals.feature_poor), len(residuals.feature_rich), read=0, repeat=0, pearson=r)

    @property
    def total(self) -> int:
        """How many outliers there are."""
        return self.feature_poor + self.feature_rich

    def hide(self, r: float) -> bool:
        """Whether the outliers hide the relation: r of all samples is far below r of the others."""
        return self.pearson is not None and self.pearson - r >= _HIDING


@dataclass(frozen=True)
class Growth:
    """One bin of response lengths; `marginal` is the further features per 1,000 further tokens since the last bin."""

    low: float
    high: float
    samples: int
    mean_tokens: float
    mean_features: float
    per_1000: float
    marginal: float | None


def growth(x: Floats, y: Floats, *, bins: int = 12) -> list[Growth]:
    """Features per 1,000 tokens as responses grow: on average in each bin, and from bin to bin."""
    codes = quantile_bins(x, bins)
    steps: list[Growth] = []
    for code in range(int(codes.max(initial=-1)) + 1):
        inside = codes == code
        tokens, features = float(x[inside].mean()), float(y[inside].mean())
        marginal = None
        if steps and tokens > steps[-1].mean_tokens:
            marginal = 1000 * (features - steps[-1].mean_features) / (tokens - steps[-1].mean_tokens)
        rate = 1000 * features / tokens if tokens > 0 else 0.0
        low, high, samples = float(x[inside].min()), float(x[inside].max()), int(inside.sum())
        steps.append(Growth(low, high, samples, tokens, features, rate, marginal))
    return steps
