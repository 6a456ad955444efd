"""What separates two groups of rows: keys, counts and log-odds against a count by hand."""

import math

import numpy as np
import pytest

from explorer.features.contrast import contrast, discoveries, match_lengths, p_values
from explorer.features.sets import FeatureSets
from explorer.pipeline.differences import differences
from explorer.queries.sets import feature_sets
from explorer.workspace import Snapshot
from tests.synthetic import THRESHOLD, build


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    return build(tmp_path_factory.mktemp("contrast") / "workspace", samples=120)


def test_counts_lift_and_log_odds_are_those_of_the_formula():
    sets = FeatureSets.from_rows([[0], [0, 1], [1], [2], []], 4)
    found = contrast(sets, np.array([0, 1]), np.array([2, 3, 4]))
    assert found.n_a.tolist() == [2, 1, 0, 0]
    assert found.n_b.tolist() == [0, 1, 1, 0]
    odds = math.log(2.5 / 0.5) - math.log(0.5 / 3.5)
    assert found.log_odds[0] == pytest.approx(odds)
    assert found.z[0] == pytest.approx(odds / math.sqrt(1 / 2.5 + 1 / 0.5 + 1 / 0.5 + 1 / 3.5))
    assert found.lift[0] == pytest.approx((2.5 / 3) / (0.5 / 4))
    assert not found.significant[3], "a feature that nobody has separates nothing"


def test_the_groups_the_other_way_round_give_the_same_with_the_other_sign():
    sets = FeatureSets.from_rows([[0, 1], [1], [2, 3], [3]], 5)
    one, two = (contrast(sets, np.array(a), np.array(b)) for a, b in (([0, 1], [2, 3]), ([2, 3], [0, 1])))
    assert np.allclose(one.z, -two.z)
    assert np.allclose(one.lift, 1 / two.lift)


def test_two_draws_of_the_same_rows_differ_in_next_to_nothing():
    rng = np.random.default_rng(0)
    sets = FeatureSets.from_rows([sorted(np.flatnonzero(rng.random(300) < 0.2).tolist()) for _ in range(400)], 300)
    found = contrast(sets, np.arange(200), np.arange(200, 400))
    assert found.significant.sum() <= 3


def test_false_discoveries_are_held_as_benjamini_and_hochberg_say():
    p = np.array([1e-6, 0.9, 1e-4, 1.0])
    assert discoveries(p, np.ones(4, bool)).tolist() == [True, False, True, False]
    assert not discoveries(p, np.array([False, True, False, True])).any()


def test_one_row_of_few_is_no_discovery_and_small_counts_are_never_surer_than_the_exact_test():
    from scipy.stats import fisher_exact

    n_a, n_b = np.array([1, 0, 3, 5, 2, 0]), np.array([2.0, 7.0, 0.0, 9.0, 1.0, 0.0])
    p = p_values(n_a, 5, n_b, 1975.0, np.full(6, 4.9))
    exact = [fisher_exact([[a, 5 - a], [b, 1975 - b]]).pvalue for a, b in zip(n_a, n_b, strict=True)]
    assert (p >= np.array(exact) * (1 - 1e-9)).all() and p[0] > 0.007 and p[3] < 1e-8
    assert p_values(np.array([60]), 100, np.array([300.0]), 1000.0, np.array([6.0]))[0] < 1e-8


def test_a_cluster_against_the_rest_is_told_apart_by_its_own_words(synthetic):
    travel = int(synthetic.cluster[0])
    result = differences(synthetic.store, f"cluster:{travel}", "rest", limit=5)
    own = {synthetic.feature_of[word] for word in "flight hotel passport luggage beach itinerary visa".split()}
    own |= {synthetic.feature_of[word] for word in "train museum ticket island border".split()}
    assert {row["feature_id"] for row in result.more_in_a} <= own
    sets = feature_sets(Snapshot.newest(synthetic.store), threshold=THRESHOLD)
    first = result.more_in_a[0]
    mine = np.flatnonzero(synthetic.cluster == travel)
    assert first["n_a"] == sum(first["feature_id"] in sets.row(int(i)) for i in mine)


def test_at_equal_length_what_only_length_brings_is_gone():
    rng = np.random.default_rng(1)
    lengths = rng.integers(10, 400, 600).astype(float)
    rows = [np.flatnonzero(rng.random(50) < length / 800).tolist() for length in lengths]
    own = (np.arange(600) % 2 == 1) & (lengths > 250)
    rows = [[*row, 50] if mine else row for row, mine in zip(rows, own, strict=True)]
    sets = FeatureSets.from_rows(rows, 51)
    long, rest = np.flatnonzero(own), np.flatnonzero(np.arange(600) % 2 == 0)
    plain, equal = contrast(sets, long, rest), contrast(sets, long, rest, lengths=lengths)
    assert plain.significant.sum() > 20
    assert equal.significant[50] and equal.significant.sum() <= 3


def test_weights_spread_b_as_a_is_spread():
    lengths = np.array([1.0, 1.0, 9.0, 9.0, 1.0, 9.0, 9.0])
    a, weights = match_lengths(lengths, np.array([0, 1, 2, 3]), np.array([4, 5, 6]))
    assert a.tolist() == [0, 1, 2, 3]
    assert weights[0] == weights[1:].sum()
