from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.features import sets as feature_sets
from explorer.features.sets import FeatureSets

ROWS = st.lists(st.dictionaries(st.integers(0, 9), st.floats(0.5, 9, width=32), max_size=6), min_size=1, max_size=12)


def made(rows: list[dict[int, float]]) -> FeatureSets:
    return FeatureSets.from_rows([list(row) for row in rows], 10, [list(row.values()) for row in rows])


def counted(rows: list[dict[int, float]], thresholds: list[float]) -> list[list[int]]:
    return [[sum(value > threshold for value in row.values()) for row in rows] for threshold in thresholds]


@settings(max_examples=60, deadline=None)
@given(ROWS, st.lists(st.floats(0, 9.5), min_size=1, max_size=6))
def test_sizes_above_thresholds_in_any_order_equal_a_count_by_hand(
    rows: list[dict[int, float]], thresholds: list[float]
) -> None:
    assert made(rows).sizes_above(thresholds).tolist() == counted(rows, thresholds)


@settings(max_examples=30, deadline=None)
@given(ROWS, st.data())
def test_an_activation_at_the_threshold_does_not_count(rows: list[dict[int, float]], data: st.DataObject) -> None:
    values = [value for row in rows for value in row.values()] or [1.0]
    threshold = data.draw(st.sampled_from(values))
    sets = made(rows)
    assert sets.sizes_above([threshold])[0].tolist() == counted(rows, [threshold])[0]
    assert sets.above(threshold).sizes.tolist() == counted(rows, [threshold])[0]


@pytest.mark.parametrize("block", [1, 7, 100])
def test_sizes_above_do_not_depend_on_the_block_size(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    rows = [{int(f): float(draw.uniform(0, 9)) for f in draw.integers(0, 10, draw.integers(0, 9))} for _ in range(60)]
    monkeypatch.setattr(feature_sets, "_BLOCK_PAIRS", block)
    sizes = made(rows).sizes_above([0.0, 2.5, 8.0])
    values = [{f: float(np.float32(a)) for f, a in row.items()} for row in rows]
    assert sizes.tolist() == counted(values, [0.0, 2.5, 8.0])
