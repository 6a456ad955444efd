"""The sentences of the length analysis are right on datasets made so that the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.length import statistics
from explorer.length.coverage import CoverageCurve, crossings, leaders
from explorer.length.fits import fit_linear, fit_saturating, residuals, trend
from explorer.length.summary import OffTrend, hides, off_sentences, warnings


def saturating(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    x = draw.gamma(1.5, 60, n).round() + 1
    return x, (400 * (1 - np.exp(-x / 200)) + 4 * draw.standard_normal(n)).round()


def with_repetition(n: int = 2_000, share: float = 0.04) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Most rows on a curve, a share of very long ones that say little."""
    x, y = saturating(n)
    bad = np.arange(n) < share * n
    draw = np.random.default_rng(1)
    x[bad], y[bad] = draw.integers(300, 1000, int(bad.sum())), draw.integers(40, 80, int(bad.sum()))
    return x, y, bad


def test_the_trend_is_that_of_most_rows_and_every_planted_row_is_off_it() -> None:
    x, y, bad = with_repetition()
    fit = trend(x, y)
    assert (fit.a, fit.b) == pytest.approx((400, 200), rel=0.05)
    far = residuals(x, y, fit)
    assert set(np.flatnonzero(bad)) <= set(far.feature_poor.tolist())
    assert len(far.feature_poor) <= bad.sum() + 15
    assert not far.kept[bad].any() and far.kept.sum() >= 0.93 * len(x)


def test_without_outliers_the_trend_is_close_to_the_plain_fit() -> None:
    x, y = saturating(2_000)
    fit, plain = trend(x, y), fit_saturating(x, y)
    assert (fit.a, fit.b) == pytest.approx((plain.a, plain.b), rel=0.02)
    far = residuals(x, y, fit)
    assert len(far.feature_poor) + len(far.feature_rich) < 0.02 * len(x)


def test_a_sentence_says_what_the_outliers_hide() -> None:
    x, y, bad = with_repetition()
    far = residuals(x, y, trend(x, y))
    r, without = (float(np.corrcoef(x[k], y[k])[0, 1]) for k in (np.ones(len(x), bool), far.kept))
    off = OffTrend(len(far.feature_poor), len(far.feature_rich), len(far.feature_poor), int(bad.sum()), without)
    assert hides(off, r)
    said = off_sentences(off, r, len(x))[0]
    assert f"r is {without:.2f}, not {r:.2f}" in said and f"{bad.sum()} of the {len(far.feature_poor)}" in said


def test_no_sentence_where_nothing_is_off_the_trend() -> None:
    assert off_sentences(OffTrend(0, 0, 0, 0, 0.9), 0.9, 100) == []


def test_simpsons_paradox_is_warned_of_and_a_plain_relation_is_not() -> None:
    draw = np.random.default_rng(0)
    group = np.arange(600) % 3
    x = 100 * group + draw.uniform(0, 80, 600)
    turned = 100 * group - 0.5 * x + 3 * draw.standard_normal(600) + 200 * group
    plain = x + 5 * draw.standard_normal(600)
    for y, expected in ((turned, "Simpson's paradox: the sign turns round inside sources"), (plain, "")):
        found = statistics.along(x, y, {"source": group}, rng=np.random.default_rng(0))
        said = warnings(found.overall[0], {"source": found.grouped["source"][0]}, {"source": ["a", "b", "c"]})
        assert said == [] if not expected else said[0].startswith(expected)


def curve(name: str, coverage: list[float]) -> CoverageCurve:
    tokens = (10, 100, 1_000, 10_000)
    return CoverageCurve(name, (1, 2, 3, 4), tuple(coverage), tokens)


def test_crossings_and_leaders_name_the_methods_and_the_tokens() -> None:
    curves = {
        "longest": curve("longest", [0.1, 0.3, 0.6, 0.9]),
        "random": curve("random", [0.3, 0.4, 0.5, 0.6]),
    }
    assert crossings(curves) == ["the longest rows overtake random rows at about 610 response tokens"]
    assert leaders(curves) == "most is covered by random rows, from about 560 tokens the longest rows"


def test_curves_side_by_side_do_not_cross() -> None:
    curves = {"longest": curve("longest", [0.1, 0.3, 0.6, 0.9]), "random": curve("random", [0.105, 0.295, 0.605, 0.9])}
    assert crossings(curves) == []


def test_one_pass_counts_equal_the_counts_of_each_threshold_at_any_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    from explorer.features.sets import FeatureSets

    draw = np.random.default_rng(0)
    rows = [sorted({int(f) for f in draw.integers(0, 50, draw.integers(0, 30))}) for _ in range(60)]
    sets = FeatureSets.from_rows(rows, 50, [draw.uniform(0, 9, len(row)).tolist() for row in rows])
    thresholds = statistics.default_thresholds(sets, 3.14)
    assert 3.14 in thresholds and thresholds[0] == 0 and (np.diff(thresholds) > 0).all() and len(thresholds) <= 102
    expected = np.stack([sets.above(t).sizes for t in thresholds])
    for pairs in (1, 7, 100, 8_000_000):
        monkeypatch.setattr(statistics, "_PAIRS", pairs)
        assert np.array_equal(statistics.counts_above(sets, thresholds), expected)


def test_the_steps_of_the_slider_are_round() -> None:
    from explorer.features.sets import FeatureSets

    for top in (0.03, 0.9, 8.96, 47.0, 1234.0):
        sets = FeatureSets.from_rows([[0, 1]], 2, [[top, top]])
        steps = np.unique(np.diff(statistics.default_thresholds(sets)).round(9))
        assert len(steps) == 1
        assert f"{steps[0]:e}"[0] in "125"


@pytest.mark.parametrize("kind", ["overall", "partial", "each", "spearman"])
def test_intervals_cover_the_truth_on_simulated_data(kind: str) -> None:
    """Nominal 95 %; over 200 simulated datasets the share that covers lies within 90 and 98 % for these seeds."""
    trials, n, rho = 200, 120, 0.7
    truth = 6 / np.pi * np.arcsin(rho / 2) if kind == "spearman" else rho
    hits = 0
    for trial in range(trials):
        draw = np.random.default_rng([7, trial])
        a, b = draw.standard_normal((2, n))
        x, y = a, rho * a + np.sqrt(1 - rho * rho) * b
        group = np.arange(n) % 2
        random = np.random.default_rng([8, trial])
        if kind == "spearman":
            found = statistics.spearman(x, y, rng=random)
        elif kind == "overall":
            found = statistics.along(x, y, {}, rng=random).overall[0]
        else:
            inside = statistics.along(x + 9 * group, y - 4 * group, {"g": group}, rng=random).grouped["g"][0]
            found = inside.partial if kind == "partial" else inside.each[1]
        hits += found.low <= truth <= found.high
    assert 0.90 <= hits / trials <= 0.98


def test_every_step_of_the_grid_has_the_interval_that_it_has_alone() -> None:
    draw = np.random.default_rng(0)
    x = draw.gamma(1, 80, 300)
    table = np.stack([x * scale + 10 * draw.standard_normal(300) for scale in (0.2, 0.5, 1.0)])
    group = draw.integers(0, 3, 300)
    whole = statistics.along(x, table, {"g": group}, rng=np.random.default_rng(3))
    for step, row in enumerate(table):
        alone = statistics.along(x, row, {"g": group}, rng=np.random.default_rng(3))
        for many, one in (
            (whole.overall[step], alone.overall[0]),
            (whole.grouped["g"][step].partial, alone.grouped["g"][0].partial),
            (whole.grouped["g"][step].each[2], alone.grouped["g"][0].each[2]),
        ):
            assert (many.value, many.low, many.high) == pytest.approx((one.value, one.low, one.high), abs=1e-5)


def test_rank_correlations_along_a_grid_equal_scipys() -> None:
    from scipy import stats

    draw = np.random.default_rng(0)
    x, table = draw.integers(0, 40, 200), draw.integers(0, 9, (5, 200))
    expected = [stats.spearmanr(x, row)[0] for row in table]
    assert np.allclose(statistics.rank_correlations(x, table), expected, atol=1e-12)


def test_a_saturating_fit_on_added_up_lengths_equals_the_fit_on_samples() -> None:
    x, y = saturating(500)
    jitter = x + np.linspace(0, 1e-7, len(x))  # no two lengths equal: nothing is added up
    one, other = fit_saturating(x, y), fit_saturating(jitter, y)
    assert (one.a, one.b, one.r2) == pytest.approx((other.a, other.b, other.r2), rel=1e-4)
    assert one.r2 > fit_linear(x, y).r2
