"""Metrics and coverage curves against plain set algebra."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.features.sets import FeatureSets
from explorer.selection import metrics as m
from explorer.selection.method import Pool
from tests.selection.naive import rows_of
from tests.selection.pools import feature_sets, pools, run


@given(pools(), st.integers(1, 20))
def test_metrics_equal_plain_set_algebra(pool: Pool, size: int) -> None:
    assert pool.features is not None and pool.response_tokens is not None
    assert pool.clusters is not None and pool.quality is not None
    positions = run("random", pool, size).positions
    picks, rows = positions.tolist(), rows_of(pool.features)
    covered, present = set().union(*(rows[i] for i in picks)), set().union(*rows)
    metrics = m.measure(pool, positions)
    assert (metrics.rows, metrics.share) == (len(picks), len(picks) / pool.n)
    assert metrics.coverage == pytest.approx(len(covered) / len(present) if present else 1.0)
    assert metrics.covered_features == len(covered)
    rarity = {f: math.log1p(pool.n / sum(f in row for row in rows)) for f in present}
    weighted = sum(rarity[f] for f in covered) / sum(rarity.values()) if present else 1.0
    assert metrics.weighted_coverage == pytest.approx(weighted, abs=1e-5)
    occurrences = sum(len(rows[i]) for i in picks)
    assert metrics.repeats == pytest.approx(1 - len(covered) / occurrences if occurrences else 0.0)
    pairs = list(itertools.permutations(picks, 2))
    cosines = [len(rows[i] & rows[j]) / math.sqrt(max(1, len(rows[i])) * max(1, len(rows[j]))) for i, j in pairs]
    assert metrics.redundancy == pytest.approx(statistics.mean(cosines) if pairs else 0.0, abs=1e-9)
    tokens = [int(pool.response_tokens[i]) for i in picks]
    assert (metrics.tokens, metrics.median_tokens) == (sum(tokens), statistics.median(tokens))
    assert metrics.mean_tokens == pytest.approx(statistics.mean(tokens))
    counts = [sum(pool.clusters[i] == j for i in picks) for j in range(int(pool.clusters.max()) + 1)]
    assert metrics.cluster_counts == {str(j): int(count) for j, count in enumerate(counts)}
    assert metrics.clusters == sum(count > 0 for count in counts)
    scores = [score for score in (float(pool.quality[i]) for i in picks) if score == score]
    assert metrics.quality == (pytest.approx(statistics.mean(scores)) if scores else None)
    assert metrics.quality_missing == len(picks) - len(scores)


def test_entropy_is_one_for_equal_counts_and_zero_for_a_single_cluster() -> None:
    assert m.entropy(np.array([5, 5])) == pytest.approx(1.0)
    assert m.entropy(np.array([10, 0])) == 0.0
    assert m.entropy(np.array([1, 3])) == pytest.approx(0.25 * 2 + 0.75 * math.log2(4 / 3))


def test_seed_stability_is_the_mean_jaccard_similarity_of_all_pairs() -> None:
    a, b = np.array([0, 1, 2]), np.array([1, 2, 3])
    assert m.jaccard(a, b) == 0.5
    assert m.seed_stability([a, a, b]) == pytest.approx(2 / 3)


@given(feature_sets(12, 9), st.data())
def test_the_curve_counts_the_union_of_every_prefix(sets: FeatureSets, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(sets.n)))
    rows = rows_of(sets)
    covered = [len(set().union(*(rows[i] for i in order[:size]))) for size in range(1, sets.n + 1)]
    curve = m.coverage_curve(sets, np.array(order, np.int64))
    assert curve.covered.tolist() == covered and curve.present == covered[-1]
    half = next((size for size, count in enumerate(covered, 1) if count >= covered[-1] / 2), None)
    assert curve.rows_for(0.5) == half
    assert curve.share(sets.n) == 1.0 and curve.share(0) == (0.0 if covered[-1] else 1.0)


def test_a_pool_without_features_is_covered() -> None:
    curve = m.coverage_curve(FeatureSets.from_rows([[], []], 4), np.array([0, 1]))
    assert curve.share(2) == 1.0


def test_the_knee_is_where_a_pick_adds_less_than_the_average_one() -> None:
    gains = np.array([50, 30, 10, 5, 2, 1, 1, 1, 0, 0])
    average = 100 / 8
    assert m.Curve(np.cumsum(gains), 100).knee() == int(np.count_nonzero(gains > average))
    assert m.Curve(np.arange(1, 5), 4).knee() is None
    assert m.Curve(np.zeros(3, np.int64), 4).knee() is None
    assert m.Curve(np.zeros(0, np.int64), 4).knee() is None
