from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from explorer.features.sets import FeatureSets
from explorer.length import statistics
from explorer.length.coverage import coverage_curve, crossings, decompose, first_cover, longest_order, matched_order
from explorer.length.fits import fit_linear, fit_saturating, growth, residuals


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def related(n: int, r: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = rng(seed).standard_normal((2, n))
    return draw[0], r * draw[0] + np.sqrt(1 - r * r) * draw[1]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=3, max_size=60))
def test_correlations_equal_scipy_with_ties(pairs: list[tuple[int, int]]) -> None:
    x, y = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    r, rho = statistics.pearson(x, y, rng=rng())[0], statistics.spearman(x, y, rng=rng())
    if x.std() == 0 or y.std() == 0:
        assert np.isnan(r.value) and np.isnan(rho.value)
    else:
        assert r.value == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-9)
        assert rho.value == pytest.approx(stats.spearmanr(x, y)[0], abs=1e-9)


def test_weighted_ranks_are_those_of_the_repeated_samples() -> None:
    values = np.array([3.0, 1.0, 3.0, 2.0, 9.0])
    weight = np.array([2, 0, 1, 3, 1])
    expected = stats.rankdata(np.repeat(values, weight)) - 0.5
    ranker = statistics._Ranker(values)
    _, ranks = ranker.ranks(weight.astype(float))
    found = np.repeat(ranks[ranker.codes], weight)
    assert np.allclose(found, expected - expected.mean())


def test_bootstrap_of_spearman_equals_one_made_by_hand() -> None:
    x, y = related(40, 0.5)
    blocks = np.concatenate(list(statistics.weights(40, 50, rng(1)))).astype(int)
    by_hand = np.array([stats.spearmanr(np.repeat(x, w), np.repeat(y, w))[0] for w in blocks], dtype=float)
    sides = [statistics._Ranker(x), statistics._Ranker(y)]
    assert np.allclose([statistics._rank_r(*sides, w) for w in blocks.astype(float)], by_hand)


def test_partial_correlation_equals_regression_on_dummies() -> None:
    x, y = related(300, 0.4)
    group = rng(3).integers(0, 5, 300)
    x, y = x + group, y + 2 * group
    dummies = np.eye(5)[group]
    rest = [side - dummies @ np.linalg.lstsq(dummies, side, rcond=None)[0] for side in (x, y)]
    found = statistics.along(x, y, {"g": group}, rng=rng()).grouped["g"][0]
    assert found.partial.value == pytest.approx(stats.pearsonr(*rest)[0], abs=1e-9)
    for code, each in found.each.items():
        part = group == code
        assert each.value == pytest.approx(stats.pearsonr(x[part], y[part])[0], abs=1e-9)
        assert each.n == part.sum() and each.low < each.value < each.high


def test_small_groups_get_no_correlation_of_their_own_and_no_group_is_left_out() -> None:
    x, y = related(100, 0.5)
    group = np.where(np.arange(100) < 5, 0, np.where(np.arange(100) < 60, 1, -1))
    found = statistics.along(x, y, {"g": group}, rng=rng()).grouped["g"][0]
    assert list(found.each) == [1] and found.partial.n == 60


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.dictionaries(st.integers(0, 9), st.floats(0.5, 9, width=32), max_size=6), min_size=1, max_size=12),
    st.lists(st.floats(0, 9.5), min_size=1, max_size=6),
)
def test_counts_at_all_thresholds_equal_one_pass_a_threshold(rows: list[dict[int, float]], levels: list[float]) -> None:
    sets = FeatureSets.from_rows([list(row) for row in rows], 10, [list(row.values()) for row in rows])
    thresholds = np.sort(np.array(levels))
    expected = np.stack([sets.above(level).sizes for level in thresholds])
    assert np.array_equal(statistics.counts_above(sets, thresholds), expected)


def test_the_same_seed_gives_the_same_interval() -> None:
    x, y = related(200, 0.3)
    assert statistics.pearson(x, y, rng=rng(5)) == statistics.pearson(x, y, rng=rng(5))


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


def test_planted_outliers_are_the_first_residuals() -> None:
    x = rng().uniform(10, 400, 500)
    y = 0.3 * x + rng(1).standard_normal(500)
    x[7], y[7] = 390, 20  # long, says little
    x[9], y[9] = 15, 60  # short, says much
    found = residuals(x, y, fit_linear(x, y))
    assert found.feature_poor[0] == 7 and found.feature_rich[0] == 9


def test_growth_falls_where_the_curve_saturates() -> None:
    x = rng().uniform(1, 400, 2000)
    bins = growth(x, 90 * (1 - np.exp(-x / 60)))
    marginal = [bin.marginal for bin in bins if bin.marginal is not None]
    assert marginal == sorted(marginal, reverse=True)
    assert sum(bin.samples for bin in bins) == 2000


def pool(seed: int = 0, n: int = 200) -> tuple[FeatureSets, np.ndarray]:
    draw = rng(seed)
    tokens = draw.integers(5, 100, n)
    rows = [sorted({int(f) for f in draw.integers(0, 300, max(1, t // 4))}) for t in tokens]
    return FeatureSets.from_rows(rows, 300), tokens


def test_coverage_after_each_pick_equals_a_union() -> None:
    sets, _ = pool()
    order = rng(2).permutation(200)[:50]
    seen: set[int] = set()
    expected = []
    for i in order:
        seen |= {int(f) for f in sets.row(int(i))}
        expected.append(len(seen))
    assert list(first_cover(sets, order)) == expected


def test_a_matched_choice_has_the_lengths_of_its_reference() -> None:
    _, tokens = pool()
    reference = longest_order(tokens)[:30]
    bins = statistics.quantile_bins(tokens.astype(float))
    chosen = matched_order(tokens, reference, rng(4))
    assert len(set(chosen.tolist())) == 30
    assert np.array_equal(np.sort(bins[chosen]), np.sort(bins[reference]))


def test_decomposition_gives_length_all_the_credit_where_only_length_counts() -> None:
    draw = rng(0)
    tokens = np.repeat([5, 100], 100)
    rows = [sorted({int(f) for f in draw.choice(4000, t, replace=False)}) for t in tokens]
    sets = FeatureSets.from_rows(rows, 4000)
    found = decompose(sets, tokens, longest_order(tokens), 20, rng=rng(1))
    assert found.length_share == pytest.approx(1.0, abs=0.1)
    assert found.longest > found.random


def test_a_crossing_is_named_with_its_tokens() -> None:
    sets, tokens = pool()
    one = coverage_curve(sets, tokens, "a", np.arange(200), (1, 200))
    fast = type(one)("fast", (1, 2), (0.5, 0.6), (10, 1000))
    late = type(one)("late", (1, 2), (0.1, 0.9), (10, 1000))
    said = crossings({"fast": fast, "late": late})
    assert len(said) == 1 and said[0].startswith("late overtakes fast at about ")
