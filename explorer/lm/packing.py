"""Rows of different length in one sequence without padding, and the logits of their response tokens only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

IGNORE = -100  # the label of a token that is not scored
Row = tuple[NDArray[np.int32], NDArray[np.bool_]]  # token ids [T], and which of them are scored


def pack(rows: Sequence[Row]) -> dict[str, Any]:
    """Lay `rows` end to end as one sequence [1, sum of T]: positions start again at each row, no row sees another.

    The result is what a causal LM's forward takes, with `labels` (the id where a token is scored, else `IGNORE`).
    """
    from transformers import DataCollatorWithFlattening

    features = [{"input_ids": ids.tolist(), "labels": np.where(scored, ids, IGNORE).tolist()} for ids, scored in rows]
    return DataCollatorWithFlattening(return_flash_attn_kwargs=True)(features)


def response_logits(model: Any, batch: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Run `model` on a packed batch; returns logits [n, vocabulary] and targets [n] of the n scored tokens.

    The output layer reads the scored positions alone: a large vocabulary makes it a good part of the work.
    """
    inputs = dict(batch)
    labels = inputs.pop("labels")[0]
    at = (labels != IGNORE).nonzero().flatten()
    logits = model(**inputs, logits_to_keep=at - 1, use_cache=False).logits[0]
    return logits, labels[at]


def batches(rows: Sequence[Row], tokens: int) -> list[list[int]]:
    """Positions of `rows` in batches of at most `tokens` tokens (a longer row alone), longest first."""
    order = sorted(range(len(rows)), key=lambda i: -len(rows[i][0]))
    made: list[list[int]] = []
    room = 0
    for i in order:
        if len(rows[i][0]) > room:
            made.append([])
            room = tokens
        made[-1].append(i)
        room -= len(rows[i][0])
    return made


def with_end(row: Row, end: int | None) -> Row:
    """Mark the token after each response as scored too, so that a model learns where to stop.

    A row that ends with its response (there is no chat template) gets the token `end`.
    """
    ids, scored = row
    if len(ids) and scored[-1] and end is not None:
        ids, scored = np.append(ids, np.int32(end)), np.append(scored, False)
    after = np.zeros_like(scored)
    after[1:] = scored[:-1]
    return ids, scored | after
