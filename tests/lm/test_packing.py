"""Packed rows give the losses and gradients of each row alone."""

import numpy as np
import pytest
import torch

from explorer.lm.packing import batches, pack, response_logits, with_end
from explorer.quality.losses import mean_losses
from tests import tiny


def rows_of(n=5, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        length = int(rng.integers(4, 60))
        scored = np.arange(length) >= int(rng.integers(1, length))
        rows.append((rng.integers(3, 400, length).astype(np.int32), scored))
    return rows


@pytest.fixture(scope="module", params=tiny.FAMILIES)
def model(request, tmp_path_factory):
    return tiny.trainable(tmp_path_factory.mktemp(request.param), request.param)


def alone(loaded, row):
    ids, scored = row
    with torch.inference_mode():
        logits = loaded.model(torch.from_numpy(ids[None].astype(np.int64))).logits[0, :-1]
    targets = torch.from_numpy(ids[1:].astype(np.int64))
    losses = torch.nn.functional.cross_entropy(logits.float(), targets, reduction="none").numpy()
    return losses[scored[1:]].mean()


def test_a_packed_batch_has_the_losses_of_each_row_alone(model):
    rows = rows_of()
    expected = [alone(model, row) for row in rows]
    for tokens in (64, 4096):
        np.testing.assert_allclose(mean_losses(model, rows, tokens), expected, rtol=2e-4)


def test_a_packed_batch_trains_with_the_gradient_of_each_row_alone(model):
    """In training mode, summed over the rows."""
    rows = rows_of(3, seed=1)
    model.model.train().requires_grad_(True)
    gradients = []
    for groups in ([rows], [[row] for row in rows]):
        model.model.zero_grad()
        for group in groups:
            logits, targets = response_logits(model.model, pack(group))
            torch.nn.functional.cross_entropy(logits, targets, reduction="sum").backward()
        gradients.append([p.grad.clone() for p in model.model.parameters() if p.grad is not None])
    model.model.eval().requires_grad_(False)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_batches_hold_every_row_once_within_the_budget():
    rows = rows_of(40)
    for tokens in (30, 100):
        plan = batches(rows, tokens)
        assert sorted(i for batch in plan for i in batch) == list(range(40))
        assert all(sum(len(rows[i][0]) for i in batch) <= tokens or len(batch) == 1 for batch in plan)


def test_the_token_after_a_response_is_scored_and_added_where_there_is_none():
    ids = np.arange(6, dtype=np.int32)
    _, scored = with_end((ids, np.array([0, 1, 1, 0, 0, 0], bool)), 9)
    assert scored.tolist() == [False, True, True, True, False, False]
    longer, scored = with_end((ids, np.array([0, 0, 0, 0, 1, 1], bool)), 9)
    assert longer.tolist() == [0, 1, 2, 3, 4, 5, 9]
    assert scored.tolist() == [False] * 4 + [True] * 3
