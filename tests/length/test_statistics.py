from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from explorer.features.sets import FeatureSets
from explorer.length import statistics
from explorer.length.statistics import Groups, correlations, signed


def rng(seed: int | list[int] = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def related(n: int, r: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = rng(seed).standard_normal((2, n))
    return draw[0], r * draw[0] + np.sqrt(1 - r * r) * draw[1]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12)), min_size=3, max_size=60))
def test_correlations_equal_scipy_with_ties(pairs: list[tuple[int, int]]) -> None:
    x, y = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    r, rho = correlations(x, y, {}, rng=rng()).overall[0], statistics.spearman(x, y, rng=rng())
    if x.std() == 0 or y.std() == 0:
        assert np.isnan(r.value) and np.isnan(rho.value)
    else:
        assert r.value == pytest.approx(stats.pearsonr(x, y)[0], abs=1e-9)
        assert statistics.pearson(x, y) == r.value
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
    found = correlations(x, y, {"g": group}, rng=rng()).grouped["g"][0]
    assert found.partial.value == pytest.approx(stats.pearsonr(*rest)[0], abs=1e-9)
    for code, each in found.each.items():
        part = group == code
        assert each.value == pytest.approx(stats.pearsonr(x[part], y[part])[0], abs=1e-9)
        assert each.n == part.sum() and each.low < each.value < each.high


def test_small_groups_get_no_correlation_of_their_own_and_no_group_is_left_out() -> None:
    x, y = related(100, 0.5)
    group = np.where(np.arange(100) < 5, 0, np.where(np.arange(100) < 60, 1, -1))
    found = correlations(x, y, {"g": group}, rng=rng()).grouped["g"][0]
    assert list(found.each) == [1] and found.partial.n == 60


def test_the_same_seed_gives_the_same_interval() -> None:
    x, y = related(200, 0.3)
    assert correlations(x, y, {}, rng=rng(5)) == correlations(x, y, {}, rng=rng(5))


@pytest.mark.parametrize("kind", ["overall", "partial", "each", "spearman"])
def test_intervals_cover_the_truth_on_simulated_data(kind: str) -> None:
    """Nominal 95%; between 90% and 98% of the intervals of 200 simulated datasets cover the truth for these seeds."""
    trials, n, rho = 200, 120, 0.7
    truth = 6 / np.pi * np.arcsin(rho / 2) if kind == "spearman" else rho
    hits = 0
    for trial in range(trials):
        draw = rng([7, trial])
        a, b = draw.standard_normal((2, n))
        x, y = a, rho * a + np.sqrt(1 - rho * rho) * b
        group = np.arange(n) % 2
        if kind == "spearman":
            found = statistics.spearman(x, y, rng=rng([8, trial]))
        elif kind == "overall":
            found = correlations(x, y, {}, rng=rng([8, trial])).overall[0]
        else:
            inside = correlations(x + 9 * group, y - 4 * group, {"g": group}, rng=rng([8, trial])).grouped["g"][0]
            found = inside.partial if kind == "partial" else inside.each[1]
        hits += found.low <= truth <= found.high
    assert 0.90 <= hits / trials <= 0.98


def test_every_step_of_the_grid_has_the_interval_that_it_has_alone() -> None:
    draw = rng(0)
    x = draw.gamma(1, 80, 300)
    table = np.stack([x * scale + 10 * draw.standard_normal(300) for scale in (0.2, 0.5, 1.0)])
    group = draw.integers(0, 3, 300)
    whole = correlations(x, table, {"g": group}, rng=rng(3))
    for step, row in enumerate(table):
        alone = correlations(x, row, {"g": group}, rng=rng(3))
        for many, one in (
            (whole.overall[step], alone.overall[0]),
            (whole.grouped["g"][step].partial, alone.grouped["g"][0].partial),
            (whole.grouped["g"][step].each[2], alone.grouped["g"][0].each[2]),
        ):
            assert (many.value, many.low, many.high) == pytest.approx((one.value, one.low, one.high), abs=1e-5)


def test_rank_correlations_along_a_grid_equal_scipys() -> None:
    from scipy import stats

    draw = rng(0)
    x, table = draw.integers(0, 40, 200), draw.integers(0, 9, (5, 200))
    expected = [stats.spearmanr(x, row)[0] for row in table]
    assert np.allclose(statistics.rank_correlations(x, table), expected, atol=1e-12)


def test_the_steps_of_the_slider_are_round() -> None:
    for top in (0.03, 0.9, 8.96, 47.0, 1234.0):
        sets = FeatureSets.from_rows([[0, 1]], 2, [[top, top]])
        steps = np.unique(np.diff(statistics.default_thresholds(sets)).round(9))
        assert len(steps) == 1
        assert f"{steps[0]:e}"[0] in "125"


def test_the_default_threshold_is_a_stop_of_the_slider() -> None:
    draw = rng()
    sets = FeatureSets.from_rows([[0, 1, 2]] * 40, 3, draw.uniform(0, 9, (40, 3)).tolist())
    stops = statistics.default_thresholds(sets, 3.14)
    assert 3.14 in stops and stops[0] == 0 and (np.diff(stops) > 0).all() and len(stops) <= 102


def test_groups_are_numbered_by_size_and_samples_without_a_group_stay_without() -> None:
    groups = Groups.of(["b", "a", "c", "c", "a", "c"])
    assert groups.names == ["a", "b", "c"] and groups.codes.tolist() == [1, 0, 2, 2, 0, 2]
    largest = groups.largest_first()
    assert largest.names == ["c", "a", "b"] and largest.codes.tolist() == [2, 1, 0, 0, 1, 0]
    some = Groups(np.array([0, -1, 1, 1]), ["a", "b"]).largest_first()
    assert some.codes.tolist() == [1, -1, 0, 0] and some.names == ["b", "a"]


def test_a_correlation_is_written_with_a_minus_sign() -> None:
    assert [signed(value) for value in (0.926, -0.014, -0.001)] == ["0.93", "\N{MINUS SIGN}0.01", "0.00"]
    assert signed(-0.5, 3) == "\N{MINUS SIGN}0.500"
