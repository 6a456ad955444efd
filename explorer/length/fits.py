"""Curves of feature count against response length: fits, their residuals, and what each further token brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.length.statistics import Floats, quantile_bins

FAR = 3.0  # local spreads from the trend: a row beyond is off it


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

    Equal lengths are added up first, so that a try costs the number of different lengths, not of samples.
    """
    from scipy.optimize import minimize_scalar

    if not len(x):
        return Fit("saturating", 0.0, 1.0, np.nan, np.nan)
    at, place, many = np.unique(x, return_inverse=True, return_counts=True)
    total = np.bincount(place, weights=y)
    longest = max(float(at[-1]), 1.0)

    def plateau(log_scale: float) -> tuple[float, float]:
        shape = -np.expm1(-at / np.exp(log_scale))
        weight, cross = float((many * shape * shape).sum()), float((shape * total).sum())
        return (cross / weight, cross * cross / weight) if weight > 0 else (0.0, 0.0)

    def error(log_scale: float) -> float:
        return -plateau(log_scale)[1]  # the squared error less the squares of y, which do not depend on it

    grid = np.linspace(np.log(longest * 1e-3), np.log(longest * 1e3), 61)
    best = int(np.argmin([error(point) for point in grid]))
    bounds = (float(grid[max(0, best - 1)]), float(grid[min(len(grid) - 1, best + 1)]))
    found: Any = minimize_scalar(error, bounds=bounds, method="bounded", options={"xatol": 1e-8})
    return _scored("saturating", plateau(float(found.x))[0], float(np.exp(found.x)), x, y)


def best_fit(x: Floats, y: Floats) -> Fit:
    """Return the saturating curve where it explains more than the line does."""
    line, curve = fit_linear(x, y), fit_saturating(x, y)
    return curve if curve.r2 > line.r2 else line


def trend(x: Floats, y: Floats, *, rounds: int = 8, beyond: float = FAR) -> Fit:
    """Return the best fit to the bulk of the samples: those far off are left out and the fit is made again.

    Far off: more than `beyond` local spreads from the last fit. A few very long responses that repeat themselves would
    else bend the curve towards them and hide that they are off it.
    """
    fit, kept = best_fit(x, y), np.ones(len(x), dtype=bool)
    places = _places(x)
    for _ in range(rounds):
        near = np.abs(_score(y, fit.predict(x), places)) <= beyond
        if near.sum() < max(10, len(x) // 2) or np.array_equal(near, kept):
            break
        kept = near
        fit = best_fit(x[kept], y[kept])
    return fit


def _scored(kind: str, a: float, b: float, x: Floats, y: Floats) -> Fit:
    residual = y - Fit(kind, a, b, 0.0, 0.0).predict(x)
    total = float(((y - y.mean()) ** 2).sum())
    r2 = 1.0 - float((residual**2).sum()) / total if total > 0 else np.nan
    return Fit(kind, a, b, r2, float(np.sqrt((residual**2).mean())))


@dataclass(frozen=True)
class Residuals:
    """Positions far from the curve, farthest first; `score` is the residual in local standard deviations [N]."""

    feature_poor: NDArray[np.int64]
    feature_rich: NDArray[np.int64]
    expected: Floats
    score: Floats

    @property
    def kept(self) -> NDArray[np.bool_]:
        """The samples that are in neither list, bool [N]."""
        kept = np.ones(len(self.score), dtype=bool)
        kept[self.feature_poor] = kept[self.feature_rich] = False
        return kept


def residuals(x: Floats, y: Floats, fit: Fit, *, least: float = FAR) -> Residuals:
    """Long but feature-poor (among the longer half) and short but feature-rich (among the shorter half).

    The residual is divided by the spread (1.48 times the median absolute deviation) in 20 bins of equally many
    lengths, since counts scatter more the longer a response is; listed from `least` spreads on, 3 where nothing else is
    said: of normal scatter about one row in a thousand. Ties: smaller position.
    """
    expected = fit.predict(x)
    score = _score(y, expected, _places(x))
    middle = np.median(x) if len(x) else 0.0

    def far(sign: int, side: NDArray[np.bool_]) -> NDArray[np.int64]:
        chosen = np.flatnonzero(side & (sign * score >= least))
        return chosen[np.argsort(-sign * score[chosen], kind="stable")]

    return Residuals(far(-1, x > middle), far(1, x <= middle), expected, score)


def _places(x: Floats) -> list[NDArray[np.int64]]:
    """Positions of the samples of each of 20 bins of equally many lengths."""
    if not len(x):
        return []
    bins = quantile_bins(x)
    return np.split(np.argsort(bins, kind="stable"), np.cumsum(np.bincount(bins))[:-1])


def _score(y: Floats, expected: Floats, places: list[NDArray[np.int64]]) -> Floats:
    """Residuals in local spreads.

    Counts scatter like the root of what is expected; a bin's own spread counts up to twice that, so that a bin full of
    outliers does not hide them, and down to a quarter of the overall one.
    """
    off = y - expected
    if not len(off):
        return off
    root = np.sqrt(np.maximum(expected, 1.0))
    relative = off / root
    usual = float(np.median([_spread(relative[place]) for place in places]))
    least = max(0.25 * _spread(off), 1e-9)
    score = np.empty(len(off))
    for place in places:
        spread = np.minimum(_spread(off[place]), 2.0 * usual * root[place])
        score[place] = off[place] / np.maximum(spread, least)
    return score


def _spread(off: Floats) -> float:
    """1.48 times the median absolute deviation: the standard deviation where the values are normal."""
    return 1.4826 * float(np.median(np.abs(off - np.median(off))))


@dataclass(frozen=True)
class Growth:
    """One bin of response lengths. `marginal`: further features for 1,000 further tokens since the bin before."""

    low: float
    high: float
    samples: int
    mean_tokens: float
    mean_features: float
    per_1000: float
    marginal: float | None


def growth(x: Floats, y: Floats, *, bins: int = 12) -> list[Growth]:
    """Count new features per 1,000 tokens as responses grow: on average in each bin, and from bin to bin."""
    code = quantile_bins(x, bins)
    out: list[Growth] = []
    for which in range(int(code.max(initial=-1)) + 1):
        part = code == which
        tokens, features = float(x[part].mean()), float(y[part].mean())
        marginal = None
        if out and tokens > out[-1].mean_tokens:
            marginal = 1000 * (features - out[-1].mean_features) / (tokens - out[-1].mean_tokens)
        rate = 1000 * features / tokens if tokens > 0 else 0.0
        out.append(
            Growth(float(x[part].min()), float(x[part].max()), int(part.sum()), tokens, features, rate, marginal)
        )
    return out
