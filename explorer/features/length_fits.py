"""Curves of feature count against response length: fits, their residuals, and what each further token brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.features.length import Floats, quantile_bins


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
    """Least-squares a (1 - exp(-x / b)): a follows from b, so only log b is searched (variable projection)."""
    from scipy.optimize import minimize_scalar

    longest = max(float(x.max(initial=0.0)), 1.0)

    def plateau(log_scale: float) -> tuple[float, Floats]:
        shape = -np.expm1(-x / np.exp(log_scale))
        weight = float((shape * shape).sum())
        return (float((shape * y).sum()) / weight if weight > 0 else 0.0), shape

    def error(log_scale: float) -> float:
        a, shape = plateau(log_scale)
        return float(((y - a * shape) ** 2).sum())

    grid = np.linspace(np.log(longest * 1e-3), np.log(longest * 1e3), 61)
    at = int(np.argmin([error(point) for point in grid]))
    bounds = (float(grid[max(0, at - 1)]), float(grid[min(len(grid) - 1, at + 1)]))
    found: Any = minimize_scalar(error, bounds=bounds, method="bounded", options={"xatol": 1e-8})
    best = float(found.x)
    return _scored("saturating", plateau(best)[0], float(np.exp(best)), x, y)


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


def residuals(x: Floats, y: Floats, fit: Fit, *, least: float = 2.0) -> Residuals:
    """Long but feature-poor (among the longer half) and short but feature-rich (among the shorter half).

    The residual is divided by the spread (1.48 times the median absolute deviation) in 20 bins of equally many
    lengths, since counts scatter more the longer a response is; listed from `least` spreads on. Ties: smaller position.
    """
    expected = fit.predict(x)
    off = y - expected
    bins = quantile_bins(x)
    scale = np.empty(len(x))
    overall = 1.4826 * float(np.median(np.abs(off - np.median(off)))) if len(off) else 1.0
    for code in range(int(bins.max(initial=-1)) + 1):
        part = bins == code
        spread = 1.4826 * float(np.median(np.abs(off[part] - np.median(off[part]))))
        scale[part] = max(spread, 0.25 * overall, 1e-9)
    score = off / scale
    middle = np.median(x) if len(x) else 0.0

    def far(sign: int, side: NDArray[np.bool_]) -> NDArray[np.int64]:
        chosen = np.flatnonzero(side & (sign * score >= least))
        return chosen[np.argsort(-sign * score[chosen], kind="stable")]

    return Residuals(far(-1, x > middle), far(1, x <= middle), expected, score)


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
