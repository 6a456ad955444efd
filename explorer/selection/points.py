"""Embeddings in fixed point, so that similarities are the same on every machine and for any number of threads."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

SCALE = 32_767
PIECE = 1 << 29  # multiplications between two reports of progress: about a tenth of a second


def fixed_point(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
    """Unit vectors as int16 [N, d] in units of 1/32767: dot products are exact integers below 2**31.

    A cosine worked out from them is right to about 1e-4. Zero vectors stay zero.
    """
    wide = np.asarray(vectors, dtype=np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.ascontiguousarray(np.rint(wide / np.where(norms > 0, norms, 1.0) * SCALE).astype(np.int16))


def pieces(total: int, each: int) -> Iterator[tuple[int, int]]:
    """Cut 0..`total` into ranges of about `PIECE` multiplications, where one step costs `each` of them."""
    step = max(1, PIECE // max(1, each))
    for start in range(0, total, step):
        yield start, min(total, start + step)
