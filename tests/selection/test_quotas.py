"""Quotas always sum to the budget; rows are mixed and drawn as the definitions say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.selection.quotas import drawn_by_quality, interleave, largest_remainder
from tests.selection import naive

groups = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), min_size=1, max_size=8)


@given(groups, st.integers(0, 120))
def test_quotas_sum_to_the_budget_and_respect_their_caps(groups: list[tuple[int, int]], total: int) -> None:
    weights, caps = [w for w, _ in groups], [c for _, c in groups]
    quotas = largest_remainder(weights, total, caps)
    assert quotas.sum() == min(total, sum(caps))
    assert all(0 <= q <= c for q, c in zip(quotas, caps, strict=True))


@given(groups, st.integers(0, 120))
def test_quotas_equal_the_naive_reference(groups: list[tuple[int, int]], total: int) -> None:
    weights, caps = [w for w, _ in groups], [c for _, c in groups]
    assert largest_remainder(weights, total, caps).tolist() == naive.quotas(weights, total, caps)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=8), st.data())
def test_quotas_of_cluster_sizes_are_within_one_of_the_exact_share(sizes: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(sizes)))
    quotas = largest_remainder(sizes, total, sizes)
    assert all(abs(q - total * s / sum(sizes)) < 1 for q, s in zip(quotas, sizes, strict=True))


def test_fractional_weights_give_exact_quotas_and_nan_is_refused() -> None:
    assert largest_remainder(np.array([0.5, 0.25, 0.25]), 4, [9, 9, 9]).tolist() == [2, 1, 1]
    assert largest_remainder(np.array([1.0, 0.0]), 5, [3, 9]).tolist() == [3, 2]
    with pytest.raises(InputError):
        largest_remainder(np.array([np.nan, 1.0]), 5, [3, 9])


def test_interleaving_keeps_every_prefix_in_proportion() -> None:
    orders = [np.arange(0, 10), np.arange(10, 15)]
    counts = np.array([6, 3])
    assert interleave(orders, counts).tolist() == [0, 10, 1, 2, 11, 3, 4, 12, 5]
    assert naive.interleave([order.tolist() for order in orders], [6, 3]) == interleave(orders, counts).tolist()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 3), st.floats(0, 0.999)), min_size=1, max_size=20))
def test_rows_are_drawn_by_quality_with_exponential_keys(rows: list[tuple[int, int, float]]) -> None:
    group, quality, uniform = (list(column) for column in zip(*rows, strict=True))
    drawn, others = drawn_by_quality(np.array(group), np.array(quality, float), np.array(uniform))
    key = [math.log(1 - u) / -q if q > 0 else u for q, u in zip(quality, uniform, strict=True)]
    assert [order.tolist() for order in drawn] == naive.by_group(group, key, [q > 0 for q in quality])
    assert [order.tolist() for order in others] == naive.by_group(group, key, [q <= 0 for q in quality])


def test_a_row_of_twice_the_quality_is_drawn_first_two_times_out_of_three() -> None:
    rng = np.random.default_rng(0)
    first = [drawn_by_quality(np.zeros(2, int), np.array([1.0, 2.0]), rng.random(2))[0][0][0] for _ in range(3_000)]
    assert np.mean(first) == pytest.approx(2 / 3, abs=0.03)
