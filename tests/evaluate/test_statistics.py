"""Intervals against simulation and against scipy where it has the same test."""

import numpy as np
import pytest
from scipy import stats

from explorer.evaluate.statistics import Strata, difference, holm, mean_loss

ONE = Strata.of(["a"] * 50, {"a": 1.0})


def test_one_seed_is_the_paired_t_test_over_rows():
    rng = np.random.default_rng(0)
    left, right = rng.normal(2, 1, (1, 50)), rng.normal(2.1, 1, (1, 50))
    found = difference(left, right, ONE)
    expected = stats.ttest_rel(left[0], right[0])
    interval = expected.confidence_interval(0.95)
    assert (found.value, found.low, found.high) == pytest.approx(
        ((left - right).mean(), interval.low, interval.high), rel=1e-9
    )
    assert found.p == pytest.approx(expected.pvalue)


def test_the_mean_weighs_sources_by_their_share():
    strata = Strata.of(["a", "a", "b"], {"a": 0.25, "b": 0.75, "unseen": 0.5})
    assert strata.means(np.array([1.0, 3.0, 10.0])) == pytest.approx(0.25 * 2 + 0.75 * 10)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Seeds and rows both vary; the true difference is 0.3."""
    rng = np.random.default_rng(1)
    strata = Strata.of(["a"] * 60 + ["b"] * 20, {"a": 0.6, "b": 0.4})
    hits = 0
    for _ in range(300):
        easy = rng.normal(0, 1, 80)
        gap = 0.3 + rng.normal(0, 0.2, 80) + rng.normal(0, 0.15, (3, 1))
        left = easy + gap + rng.normal(0, 0.1, (3, 80))
        found = difference(left, easy + rng.normal(0, 0.1, (3, 80)), strata)
        assert found.low is not None and found.high is not None
        hits += found.low <= 0.3 <= found.high
    assert hits / 300 >= 0.92  # 0.95 less three standard errors would be 0.91


def test_more_spread_between_seeds_widens_the_interval():
    rng = np.random.default_rng(2)
    rows = rng.normal(2, 1, 50)
    steady, shaky = rows + np.array([[0.0], [0.01], [-0.01]]), rows + np.array([[0.0], [0.5], [-0.5]])
    assert mean_loss(shaky, ONE).high > mean_loss(steady, ONE).high + 0.1


def test_arms_with_other_numbers_of_seeds_can_be_compared():
    rng = np.random.default_rng(3)
    found = difference(rng.normal(2, 0.1, (2, 50)), rng.normal(1, 0.1, (3, 50)), ONE)
    assert found.value == pytest.approx(1, abs=0.1) and found.p is not None and found.p < 0.05


def test_equal_losses_give_no_interval_instead_of_a_wrong_one():
    same = np.ones((1, 50))
    assert difference(same, same, ONE).p is None


def test_holm_multiplies_the_smallest_most_and_stays_monotone():
    assert holm([0.01, None, 0.04, 0.03]) == [pytest.approx(0.03), None, pytest.approx(0.06), pytest.approx(0.06)]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
