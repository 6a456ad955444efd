"""The weight update and the draw by weights, against the formulas written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.refine.rewards import Reward, reward
from explorer.refine.weights import batch, kmq_order, mean_rewards, parts_of, starting_weights, updated


def test_weights_start_as_the_clusters_shares():
    assert starting_weights(np.array([0, 0, 1, 2, 2, 2])).tolist() == [2 / 6, 1 / 6, 3 / 6]


def test_the_update_is_the_formula_on_hand_made_rewards():
    """w = (0.5, 0.3, 0.2), s = (1, 2, 0.5): s w = (0.5, 0.6, 0.1), sum 1.2."""
    found = updated(np.array([0.5, 0.3, 0.2]), np.array([1.0, 2.0, 0.5]))
    np.testing.assert_allclose(found, [0.5 / 1.2, 0.6 / 1.2, 0.1 / 1.2], rtol=1e-15)


def test_a_cluster_without_a_row_keeps_its_weight_and_the_others_share_the_rest():
    """w = (0.5, 0.3, 0.2), no row of the last: 0.8 is shared as 0.5 : 0.6."""
    found = updated(np.array([0.5, 0.3, 0.2]), np.array([1.0, 2.0, np.nan]))
    np.testing.assert_allclose(found, [0.8 * 0.5 / 1.1, 0.8 * 0.6 / 1.1, 0.2], rtol=1e-15)


def test_three_iterations_of_a_bad_cluster_multiply():
    weights = np.array([0.9, 0.1])
    for _ in range(3):
        weights = updated(weights, np.array([1.0, 0.4]))
    assert weights[1] == pytest.approx(0.1 * 0.4**3 / (0.9 + 0.1 * 0.4**3))


def test_when_every_reward_is_zero_nothing_changes():
    weights = np.array([0.25, 0.75])
    assert updated(weights, np.zeros(2)).tolist() == weights.tolist()


def test_mean_rewards_leave_failed_rows_out():
    found = mean_rewards(np.array([0, 0, 1, 2, 2]), np.array([1.0, 3.0, np.nan, 4.0, np.nan]), 4)
    np.testing.assert_array_equal(found, [2.0, np.nan, 4.0, np.nan])
    with pytest.raises(InputError, match="reward must be 0 or more"):
        mean_rewards(np.array([0]), np.array([-1.0]), 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 1), st.one_of(st.none(), st.floats(0, 5))), min_size=1, max_size=8))
def test_weights_stay_a_distribution(pairs):
    weights = np.array([w for w, _ in pairs])
    weights /= weights.sum()
    found = updated(weights, np.array([np.nan if s is None else s for _, s in pairs]))
    assert found.sum() == pytest.approx(1) and (found >= 0).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(1, 30))
def test_batches_never_take_a_row_twice_and_fill_their_size(seed, rows):
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, 4, 60)
    clusters[:4] = range(4)
    orders = kmq_order(clusters, rng.random(60), rng)
    weights, taken = starting_weights(clusters), set()
    for _ in range(2):
        picks, quotas = batch(orders, taken, weights, rows)
        assert len(set(picks.tolist())) == rows and not taken & set(picks.tolist())
        assert np.bincount(clusters[picks], minlength=4).tolist() == quotas.tolist()
        taken |= set(picks.tolist())


def test_a_cluster_of_no_weight_gives_only_when_the_others_are_used_up():
    clusters = np.array([0] * 5 + [1] * 5)
    orders = kmq_order(clusters, np.ones(10), np.random.default_rng(0))
    picks, _ = batch(orders, set(), np.array([1.0, 0.0]), 7)
    assert (clusters[picks] == 1).sum() == 2


def test_the_budget_is_split_into_iterations_without_loss():
    assert parts_of(10, 3) == [4, 3, 3]


def test_a_reward_is_the_ratio_of_perplexities_times_the_factor():
    good = reward((-1.0, ""), (-2.0, ""), (0.5, ""))
    assert good == Reward(pytest.approx(np.exp(1.0) * 0.5), -1.0, -2.0, 0.5)
    failed = reward((-1.0, ""), (None, "the model gave no answer"), (1.0, ""))
    assert failed.value is None and failed.problem == "generated: the model gave no answer"
