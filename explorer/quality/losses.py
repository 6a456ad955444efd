"""Mean loss of a language model on a sample's response tokens, with the prompt before them and without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.lm.layout import RESPONSE, lay_out
from explorer.lm.model import LoadedModel
from explorer.quality.base import Item

IGNORE = -100
Row = tuple[NDArray[np.int32], NDArray[np.bool_]]  # token ids, and which of them are scored


def conditioned_rows(loaded: LoadedModel, items: Sequence[Item], max_tokens: int) -> list[Row | str]:
    """Token ids of each conversation with its response tokens marked; a text where that is not possible."""
    rows: list[Row | str] = []
    for item in items:
        try:
            layout = lay_out(loaded.tokenizer, [item.conversation], max_tokens=max_tokens)[0]
        except ValueError:
            rows.append("the chat template changes the text")
            continue
        scored = layout.segment == RESPONSE
        scored[:1] = False  # nothing comes before the first token
        rows.append((layout.ids, scored) if scored.any() else "no response token")
    return rows


def alone_row(loaded: LoadedModel, row: Row) -> Row | None:
    """Put the same response tokens after a start token only; None for a tokenizer without any."""
    start = loaded.tokenizer.bos_token_id
    start = loaded.tokenizer.eos_token_id if start is None else start
    if start is None:
        return None
    ids, scored = row
    response = ids[scored]
    return np.concatenate([[start], response]).astype(np.int32), np.arange(len(response) + 1) > 0


def mean_losses(loaded: LoadedModel, rows: Sequence[Row], batch_tokens: int) -> NDArray[np.float64]:
    """Mean negative log-likelihood (nats) of the scored tokens of each row, float64 [len(rows)].

    Rows are batched by length with padding on the right; logits are turned to losses a row at a time in float32.
    """
    order = np.argsort([len(ids) for ids, _ in rows], kind="stable")
    out = np.empty(len(rows), dtype=np.float64)
    batch: list[int] = []
    for place, i in enumerate(order):
        batch.append(int(i))
        longest_next = len(rows[order[place + 1]][0]) if place + 1 < len(order) else 0
        if not longest_next or longest_next * (len(batch) + 1) > batch_tokens:
            out[batch] = _batch_losses(loaded, [rows[j] for j in batch])
            batch = []
    return out


def _batch_losses(loaded: LoadedModel, rows: Sequence[Row]) -> list[float]:
    import torch
    from torch.nn.functional import cross_entropy

    longest = max(len(ids) for ids, _ in rows)
    ids = torch.zeros((len(rows), longest), dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for i, (row, _) in enumerate(rows):
        ids[i, : len(row)] = torch.from_numpy(row.astype(np.int64))
        mask[i, : len(row)] = 1
    with torch.inference_mode():
        logits: Any = loaded.model(
            input_ids=ids.to(loaded.device), attention_mask=mask.to(loaded.device), use_cache=False
        ).logits
        losses = []
        for i, (row, scored) in enumerate(rows):
            at = torch.from_numpy(np.flatnonzero(scored))
            target = torch.from_numpy(row[scored].astype(np.int64)).to(logits.device)
            losses.append(float(cross_entropy(logits[i, at.to(logits.device) - 1].float(), target)))
    return losses
