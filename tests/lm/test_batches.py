"""Batches of similar length under a token budget."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer.lm.batches import pad, plan_batches


@given(lengths=st.lists(st.integers(1, 300), max_size=80), budget=st.integers(1, 1000))
def test_every_sample_is_in_one_batch_and_batches_keep_to_the_budget(lengths, budget):
    batches = plan_batches(lengths, budget)
    assert sorted(int(i) for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[i] for i in batch)
        assert len(batch) == 1 or len(batch) * longest <= budget


def test_padding_is_on_the_right():
    rows = [np.array([5, 6], np.int32), np.array([7], np.int32)]
    assert pad(rows, 0).tolist() == [[5, 6], [7, 0]]
