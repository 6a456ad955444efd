"""Mean loss of a language model on a sample's response tokens, with the prompt before them and without."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from explorer.lm.attention import block_attention
from explorer.lm.layout import RESPONSE, lay_out
from explorer.lm.model import LoadedModel
from explorer.lm.packing import Row, batches, pack, response_logits
from explorer.quality.base import Item

_LOGITS = 1024  # rows of logits turned to float32 at once


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

    Rows are packed without padding into batches of at most `batch_tokens`; losses are summed in float32.
    """
    import torch
    from torch.nn.functional import cross_entropy

    out = np.empty(len(rows), dtype=np.float64)
    with block_attention(loaded.model):
        for batch in batches(rows, batch_tokens):
            inputs = {
                name: value.to(loaded.device) if isinstance(value, torch.Tensor) else value
                for name, value in pack([rows[i] for i in batch]).items()
            }
            with torch.inference_mode():
                logits, targets = response_logits(loaded.model, inputs)
                parts = zip(logits.split(_LOGITS), targets.split(_LOGITS), strict=True)
                losses = torch.cat([cross_entropy(part.float(), target, reduction="none") for part, target in parts])
            counts = [int(rows[i][1].sum()) for i in batch]
            out[batch] = [float(part.double().mean()) for part in losses.split(counts)]
    return out
