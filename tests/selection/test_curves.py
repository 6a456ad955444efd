"""The coverage curve and its certificate against brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from explorer.features.sets import FeatureSets
from explorer.selection.certificate import coverage_bounds
from explorer.selection.metrics import Curve, coverage_curve


def _sets(rng: np.random.Generator, samples: int, width: int) -> FeatureSets:
    rows = [sorted(rng.choice(width, size=int(rng.integers(0, width)), replace=False).tolist()) for _ in range(samples)]
    return FeatureSets.from_rows(rows, width)


def test_the_curve_counts_the_union_of_every_prefix() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        sets = _sets(rng, 12, 9)
        order = rng.permutation(12).astype(np.int64)
        curve = coverage_curve(sets, order)
        for size in range(1, 13):
            assert curve.covered[size - 1] == len(set().union(*(sets.row(int(i)).tolist() for i in order[:size])))
        full = curve.rows_for(1.0)
        assert full is None or curve.share(full) == 1.0


def test_no_subset_covers_more_than_the_bound() -> None:
    rng = np.random.default_rng(1)
    for _ in range(10):
        sets = _sets(rng, 8, 10)
        order = rng.permutation(8).astype(np.int64)
        rows = np.arange(1, 9)
        bound = coverage_bounds(sets, order, rows)
        for size in rows.tolist():
            best = max(
                len(set().union(*(sets.row(i).tolist() for i in chosen))) for chosen in combinations(range(8), size)
            )
            assert best <= bound[size - 1] <= np.count_nonzero(sets.counts)


def test_an_empty_pool_of_features_is_covered() -> None:
    sets = FeatureSets.from_rows([[], []], 4)
    curve = coverage_curve(sets, np.array([0, 1]))
    assert curve.share(2) == 1.0
    assert coverage_bounds(sets, np.array([0, 1]), np.array([1, 2])).tolist() == [0, 0]


def test_the_knee_is_where_a_pick_adds_less_than_the_average_one() -> None:
    gains = np.array([50, 30, 10, 5, 2, 1, 1, 1, 0, 0])
    curve = Curve(np.cumsum(gains), 100)
    average = 100 / 8
    assert curve.knee() == int(np.count_nonzero(gains > average))
    assert Curve(np.arange(1, 5), 4).knee() is None
    assert Curve(np.zeros(3, np.int64), 4).knee() is None
    assert Curve(np.zeros(0, np.int64), 4).knee() is None
