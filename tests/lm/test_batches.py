"""Batches of similar length under a token budget."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.lm.batches import is_out_of_memory, pad, plan_batches


@given(lengths=st.lists(st.integers(1, 300), max_size=80), budget=st.integers(1, 1000))
def test_every_sample_is_in_one_batch_and_batches_keep_to_the_budget(lengths, budget):
    batches = plan_batches(lengths, budget)
    assert sorted(int(i) for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert len(batch) == 1 or len(batch) * longest <= budget


@given(lengths=st.lists(st.integers(1, 5), max_size=40), budget=st.integers(1, 20))
def test_batches_are_ordered_by_length_and_ties_by_position(lengths, budget):
    order = [int(i) for batch in plan_batches(lengths, budget) for i in batch]
    assert order == sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))


@given(rows=st.lists(st.lists(st.integers(0, 9), max_size=7), min_size=1, max_size=6), fill=st.integers(-1, 3))
def test_padding_is_on_the_right(rows, fill):
    padded = pad([np.array(row, np.int32) for row in rows], fill)
    assert padded.dtype == np.int64
    width = max(map(len, rows))
    assert padded.tolist() == [row + [fill] * (width - len(row)) for row in rows]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUBLAS_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_failed_allocations_are_recognised(error, expected):
    assert is_out_of_memory(error) is expected
