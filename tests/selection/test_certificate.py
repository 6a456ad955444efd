"""Certificates and coverage bounds against every subset of the size."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer.features.sets import FeatureSets
from explorer.selection.certificate import certify_concave, certify_coverage, coverage_bounds
from explorer.selection.method import Pool
from tests.selection.naive import rows_of
from tests.selection.pools import feature_sets, pools, run


@given(feature_sets(8, 8), st.data())
def test_no_subset_of_the_size_covers_more_than_the_bound(sets: FeatureSets, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, sets.n))
    chosen = data.draw(st.permutations(range(sets.n)))[:size]
    rows = rows_of(sets)
    certificate = certify_coverage(sets, np.array(chosen, np.int64))
    best = max(len(set().union(*(rows[i] for i in some))) for some in itertools.combinations(range(sets.n), size))
    assert certificate.value == len(set().union(*(rows[i] for i in chosen)))
    assert certificate.bound >= best and 0 <= certificate.share <= 1


@given(feature_sets(7, 6), st.data())
def test_the_certificate_of_a_concave_sum_bounds_every_subset(sets: FeatureSets, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, sets.n))
    rows, step = rows_of(sets), np.array([5, 3, 1], np.int64)
    weight = np.arange(1, sets.width + 1).astype(np.int64)

    def value(some: tuple[int, ...]) -> int:
        counts = [sum(f in rows[i] for i in some) for f in range(sets.width)]
        return sum(int(w) * sum(int(step[min(k, 2)]) for k in range(n)) for w, n in zip(weight, counts, strict=True))

    chosen = tuple(data.draw(st.permutations(range(sets.n)))[:size])
    certificate = certify_concave(sets, np.array(chosen, np.int64), weight, step)
    assert certificate.value == value(chosen)
    assert certificate.bound >= max(value(some) for some in itertools.combinations(range(sets.n), size))


@given(pools(12))
def test_greedy_keeps_its_guarantee(pool: Pool) -> None:
    assert pool.features is not None
    rows = rows_of(pool.features)
    size = min(3, pool.n)
    picks = run("sae-greedselect", pool, size).positions.tolist()
    best = max(len(set().union(*(rows[i] for i in some))) for some in itertools.combinations(range(pool.n), size))
    assert len(set().union(*(rows[i] for i in picks))) >= (1 - 1 / np.e) * best - 1e-9


@given(feature_sets(8, 10), st.data())
def test_no_subset_covers_more_than_the_bound_of_its_size(sets: FeatureSets, data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(sets.n))), np.int64)
    rows = rows_of(sets)
    bound = coverage_bounds(sets, order, np.arange(1, sets.n + 1))
    for size in range(1, sets.n + 1):
        best = max(len(set().union(*(rows[i] for i in some))) for some in itertools.combinations(range(sets.n), size))
        assert best <= bound[size - 1] <= len(set().union(*rows))


def test_nothing_can_be_covered_in_a_pool_without_features() -> None:
    sets = FeatureSets.from_rows([[], []], 4)
    assert coverage_bounds(sets, np.array([0, 1]), np.array([1, 2])).tolist() == [0, 0]
    assert certify_coverage(sets, np.array([0])).share == 1.0
