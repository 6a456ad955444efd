from __future__ import annotations

import numpy as np
import pytest

from explorer.features.sets import FeatureSets
from explorer.length.coverage import coverage_curve, decompose, matched_order, measure_coverage


def pool(seed: int = 0, n: int = 200) -> tuple[FeatureSets, np.ndarray, list[set[int]]]:
    draw = np.random.default_rng(seed)
    tokens = draw.integers(5, 100, n)
    rows = [{int(f) for f in draw.integers(0, 300, max(1, t // 4))} for t in tokens]
    return FeatureSets.from_rows([sorted(row) for row in rows], 300), tokens, rows


def test_coverage_and_tokens_of_a_prefix_equal_a_union() -> None:
    sets, tokens, rows = pool()
    order = np.random.default_rng(2).permutation(200)[:50]
    active = len(set().union(*rows))
    curve = coverage_curve(sets, tokens, "random", order, (1, 7, 50, 51))
    assert curve.rows == (1, 7, 50)
    for place, prefix in enumerate(curve.rows):
        chosen = order[:prefix].tolist()
        assert curve.coverage[place] == len(set().union(*(rows[i] for i in chosen))) / active
        assert curve.tokens[place] == sum(int(tokens[i]) for i in chosen)


def test_a_matched_choice_has_the_lengths_of_its_reference() -> None:
    _, tokens, _ = pool()
    reference = np.argsort(-tokens, kind="stable")[:30]
    chosen = matched_order(tokens, reference, np.random.default_rng(4))
    edges = np.quantile(tokens, np.linspace(0, 1, 21)[1:-1])
    assert len(set(chosen.tolist())) == 30
    assert np.array_equal(*(np.sort(np.searchsorted(edges, tokens[ids])) for ids in (chosen, reference)))


def test_decomposition_gives_length_all_the_credit_where_only_length_counts() -> None:
    draw = np.random.default_rng(0)
    tokens = np.repeat([5, 100], 100)
    rows = [sorted({int(f) for f in draw.choice(4000, t, replace=False)}) for t in tokens]
    sets = FeatureSets.from_rows(rows, 4000)
    longest = np.arange(100, 120)
    parts = decompose(sets, tokens, longest, longest, rng=np.random.default_rng(1))
    assert parts.length_share == pytest.approx(1.0, abs=0.1)
    assert parts.longest > parts.random and parts.rows == 20


def test_every_selection_is_compared_at_the_five_percent_of_the_rows() -> None:
    sets, tokens, rows = pool()
    coverage = measure_coverage(sets, tokens)
    longest = np.argsort(-tokens, kind="stable")[:10].tolist()
    assert coverage.decomposition is not None and coverage.decomposition.rows == 10
    assert coverage.decomposition.longest == len(set().union(*(rows[i] for i in longest))) / len(set().union(*rows))
    assert [part.rows for part in coverage.decompositions] == [1, 2, 4, 10, 20]
    assert coverage.decomposition in coverage.decompositions
    assert set(coverage.curves) == {
        "longest",
        "sae-greedselect",
        "sae-greedselect-per-token",
        "sae-simscale",
        "random",
        "length-matched-random",
    }


def test_without_any_active_feature_there_is_nothing_to_cover() -> None:
    empty = FeatureSets.from_rows([[], [], []], 5)
    coverage = measure_coverage(empty, np.array([3, 4, 5]))
    assert coverage.curves == {} and coverage.decomposition is None and coverage.crossings == ()
