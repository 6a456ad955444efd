"""Metrics against plain set algebra; the certificate against every subset of the size."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.features.sets import FeatureSets
from explorer.selection import metrics as m
from explorer.selection.certificate import certify_concave, certify_coverage
from explorer.selection.method import Pool
from tests.selection.naive import rows_of
from tests.selection.pools import feature_sets, pools, run


@given(feature_sets(8, 8), st.data())
def test_no_subset_of_the_size_covers_more_than_the_bound(sets: FeatureSets, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, sets.n))
    chosen = data.draw(st.permutations(range(sets.n)))[:size]
    rows = rows_of(sets)
    found = certify_coverage(sets, np.array(chosen, np.int64))
    best = max(len(set().union(*(rows[i] for i in some))) for some in itertools.combinations(range(sets.n), size))
    assert found.value == len(set().union(*(rows[i] for i in chosen)))
    assert found.bound >= best and 0 <= found.share <= 1


@given(feature_sets(7, 6), st.data())
def test_the_certificate_of_a_concave_sum_bounds_every_subset(sets: FeatureSets, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, sets.n))
    step = np.array([5, 3, 1], np.int64)
    weight = np.arange(1, sets.width + 1).astype(np.int64)

    def value(some: tuple[int, ...]) -> int:
        seen = np.bincount(sets.take(np.array(some, np.int64)).indices, minlength=sets.width)
        return sum(int(w) * sum(int(step[min(k, 2)]) for k in range(n)) for w, n in zip(weight, seen, strict=True))

    chosen = tuple(data.draw(st.permutations(range(sets.n)))[:size])
    found = certify_concave(sets, np.array(chosen, np.int64), weight, step)
    assert found.value == value(chosen)
    assert found.bound >= max(value(some) for some in itertools.combinations(range(sets.n), size))


@given(pools())
def test_greedy_keeps_its_guarantee(pool: Pool) -> None:
    assert pool.features is not None
    sets, rows = pool.features, rows_of(pool.features)
    size = min(3, pool.n)
    if pool.n > 12:
        return
    found = run("sae-greedselect", pool, size)
    best = max(len(set().union(*(rows[i] for i in some))) for some in itertools.combinations(range(pool.n), size))
    assert len(np.unique(sets.take(found.positions).indices)) >= (1 - 1 / np.e) * best - 1e-9


@given(pools(), st.integers(1, 20))
def test_metrics_equal_plain_set_algebra(pool: Pool, size: int) -> None:
    assert pool.features is not None and pool.response_tokens is not None and pool.clusters is not None
    positions = run("random", pool, size).positions
    rows = rows_of(pool.features)
    covered = set().union(*(rows[i] for i in positions))
    present = set().union(*rows)
    found = m.measure(pool, positions)
    assert found.coverage == pytest.approx(len(covered) / len(present) if present else 1.0)
    assert found.covered_features == len(covered)
    assert found.tokens == sum(int(pool.response_tokens[i]) for i in positions)
    assert found.cluster_counts is not None and sum(found.cluster_counts.values()) == len(positions)
    curve = m.coverage_curve(pool.features, positions)
    assert curve.covered.tolist() == [
        len(set().union(*(rows[i] for i in positions[: k + 1]))) for k in range(len(positions))
    ]
    pairs = list(itertools.permutations(positions.tolist(), 2))
    cosines = [len(rows[i] & rows[j]) / np.sqrt(max(1, len(rows[i])) * max(1, len(rows[j]))) for i, j in pairs]
    assert found.redundancy == pytest.approx(np.mean(cosines) if pairs else 0.0, abs=1e-9)


def test_entropy_jaccard_and_seed_stability() -> None:
    assert m.entropy(np.array([5, 5])) == pytest.approx(1.0)
    assert m.entropy(np.array([10, 0])) == 0.0
    a, b = np.array([0, 1, 2]), np.array([1, 2, 3])
    assert m.jaccard(a, b) == 0.5
    assert m.seed_stability([a, a, b]) == pytest.approx(2 / 3)
