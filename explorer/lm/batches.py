"""Group samples of similar length into batches under a token budget, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def default_batch_tokens(device: str) -> int:
    """Padded tokens per batch: on a CPU as many as fit its caches (measured), on a GPU enough to keep it busy."""
    return 2048 if device == "cpu" else 65_536


def is_out_of_memory(error: Exception) -> bool:
    """Whether `error` says that an allocation failed; torch raises a RuntimeError for that on most devices."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "alloc" in text


def plan_batches(lengths: Sequence[int] | NDArray[np.int64], batch_tokens: int) -> list[NDArray[np.int64]]:
    """Split positions 0..n-1 into batches whose padded size (rows × longest) is at most `batch_tokens`.

    Longest first, so that a lack of memory shows at once. A sample longer than the budget is a batch of its own.
    Deterministic: ties keep the order of the input.
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    batches: list[NDArray[np.int64]] = []
    start = 0
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        size = max(1, batch_tokens // longest)
        batches.append(order[start : start + size])
        start += size
    return batches


def pad(rows: Sequence[NDArray[np.int32]], fill: int) -> NDArray[np.int64]:
    """Stack token rows [T_i] into one array [B, max T], padded on the right with `fill`."""
    width = max(len(row) for row in rows)
    out = np.full((len(rows), width), fill, dtype=np.int64)
    for index, row in enumerate(rows):
        out[index, : len(row)] = row
    return out
