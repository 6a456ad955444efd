from __future__ import annotations

import numpy as np
import pytest

from explorer.length.fits import Outliers, fit_linear, fit_saturating, growth, residuals, trend


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def saturating(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = rng(seed)
    x = draw.gamma(1.5, 60, n).round() + 1
    return x, (400 * (1 - np.exp(-x / 200)) + 4 * draw.standard_normal(n)).round()


def with_repetition(n: int = 2_000, share: float = 0.04) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Most rows on a curve, a share of very long ones that say little."""
    x, y = saturating(n)
    bad = np.arange(n) < share * n
    draw = rng(1)
    x[bad], y[bad] = draw.integers(300, 1000, int(bad.sum())), draw.integers(40, 80, int(bad.sum()))
    return x, y, bad


def test_a_line_and_a_saturating_curve_are_recovered() -> None:
    x = rng().uniform(1, 400, 800)
    noise = rng(1).standard_normal(800)
    line, curve = fit_linear(x, 0.3 * x + 5 + noise), fit_saturating(x, 90 * (1 - np.exp(-x / 60)) + noise)
    assert (line.a, line.b) == pytest.approx((0.3, 5), rel=0.05)
    assert (curve.a, curve.b) == pytest.approx((90, 60), rel=0.02)
    assert curve.r2 > fit_linear(x, 90 * (1 - np.exp(-x / 60)) + noise).r2 + 0.05


def test_a_saturating_fit_equals_scipys() -> None:
    from scipy.optimize import curve_fit

    x = rng().uniform(1, 400, 500)
    y = 90 * (1 - np.exp(-x / 60)) + 4 * rng(1).standard_normal(500)
    (a, b), _ = curve_fit(lambda x, a, b: a * (1 - np.exp(-x / b)), x, y, p0=(50, 50))
    fit = fit_saturating(x, y)
    assert (fit.a, fit.b) == pytest.approx((a, b), rel=1e-4)


def test_a_saturating_fit_on_added_up_lengths_equals_the_fit_on_samples() -> None:
    x, y = saturating(500)
    jitter = x + np.linspace(0, 1e-7, len(x))  # no two lengths equal: nothing is added up
    one, other = fit_saturating(x, y), fit_saturating(jitter, y)
    assert (one.a, one.b, one.r2) == pytest.approx((other.a, other.b, other.r2), rel=1e-4)
    assert one.r2 > fit_linear(x, y).r2


def test_planted_outliers_are_the_first_residuals() -> None:
    x = rng().uniform(10, 400, 500)
    y = 0.3 * x + rng(1).standard_normal(500)
    x[7], y[7] = 390, 20  # long, says little
    x[9], y[9] = 15, 60  # short, says much
    found = residuals(x, y, fit_linear(x, y))
    assert found.feature_poor[0] == 7 and found.feature_rich[0] == 9


def test_the_trend_is_that_of_most_rows_and_every_planted_row_is_off_it() -> None:
    x, y, bad = with_repetition()
    fit = trend(x, y)
    assert (fit.a, fit.b) == pytest.approx((400, 200), rel=0.05)
    far = residuals(x, y, fit)
    assert set(np.flatnonzero(bad)) <= set(far.feature_poor.tolist())
    assert len(far.feature_poor) <= bad.sum() + 15
    assert not far.inliers[bad].any() and far.inliers.sum() >= 0.93 * len(x)


def test_without_outliers_the_trend_is_close_to_the_plain_fit() -> None:
    x, y = saturating(2_000)
    fit, plain = trend(x, y), fit_saturating(x, y)
    assert (fit.a, fit.b) == pytest.approx((plain.a, plain.b), rel=0.02)
    far = residuals(x, y, fit)
    assert len(far.feature_poor) + len(far.feature_rich) < 0.02 * len(x)


def test_growth_falls_where_the_curve_saturates() -> None:
    x = rng().uniform(1, 400, 2000)
    bins = growth(x, 90 * (1 - np.exp(-x / 60)))
    marginal = [bin.marginal for bin in bins if bin.marginal is not None]
    assert marginal == sorted(marginal, reverse=True)
    assert sum(bin.samples for bin in bins) == 2000


def test_outliers_are_counted_and_r_is_that_of_the_other_rows() -> None:
    x, y, bad = with_repetition()
    far = residuals(x, y, trend(x, y))
    outliers = Outliers.of(x, y, far)
    others = ~np.isin(np.arange(len(x)), np.concatenate([far.feature_poor, far.feature_rich]))
    assert outliers.feature_poor >= bad.sum() and outliers.total == len(x) - others.sum()
    assert outliers.pearson == pytest.approx(np.corrcoef(x[others], y[others])[0, 1])
    assert outliers.hide(float(np.corrcoef(x, y)[0, 1])) and not outliers.hide(outliers.pearson)


def test_outliers_hide_nothing_where_the_others_do_not_vary() -> None:
    x, y = np.arange(40.0), np.full(40, 7.0)
    outliers = Outliers.of(x, y, residuals(x, y, fit_linear(x, y)))
    assert outliers.pearson is None and not outliers.hide(0.1)
