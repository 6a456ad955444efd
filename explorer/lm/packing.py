"""Pack rows of different lengths into one sequence without padding, and compute logits of response tokens only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

IGNORE = -100  # the label of a token that is not scored, as in transformers
Row = tuple[NDArray[np.int32], NDArray[np.bool_]]  # token ids [T], and which of them are scored


def pack(rows: Sequence[Row]) -> dict[str, Any]:
    """Concatenate `rows` into one sequence [1, sum of T]; positions restart at each row, and no row attends to another.

    Returns the arguments of a causal LM's forward, with `labels` (the id of a scored token, else `IGNORE`).
    """
    from transformers import DataCollatorWithFlattening

    features = [{"input_ids": ids.tolist(), "labels": np.where(scored, ids, IGNORE).tolist()} for ids, scored in rows]
    return DataCollatorWithFlattening(return_flash_attn_kwargs=True)(features)


def response_logits(model: Any, batch: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Run `model` on a packed batch; returns logits [n, vocabulary] and targets [n] of the n scored tokens.

    The output layer runs on the scored positions alone: with a large vocabulary it is much of the work.
    """
    inputs = dict(batch)
    labels = inputs.pop("labels")[0]
    at = (labels != IGNORE).nonzero().flatten()
    logits = model(**inputs, logits_to_keep=at - 1, use_cache=False).logits[0]
    return logits, labels[at]


def batches(rows: Sequence[Row], tokens: int) -> list[list[int]]:
    """Split the positions of `rows` into batches of at most `tokens` tokens, longest first; a longer row is alone."""
    order = sorted(range(len(rows)), key=lambda i: -len(rows[i][0]))
    plan: list[list[int]] = []
    room = 0
    for i in order:
        if len(rows[i][0]) > room:
            plan.append([])
            room = tokens
        plan[-1].append(i)
        room -= len(rows[i][0])
    return plan


def with_end(row: Row, end: int | None) -> Row:
    """Mark the token after each response as scored too, so that the model learns where to stop.

    A row that ends with its response, as without a chat template, gets the token `end`.
    """
    ids, scored = row
    if len(ids) and scored[-1] and end is not None:
        ids, scored = np.append(ids, np.int32(end)), np.append(scored, False)
    after = np.zeros_like(scored)
    after[1:] = scored[:-1]
    return ids, scored | after
