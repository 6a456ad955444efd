"""Decoder directions: the most similar features of each feature, and a map of all features.

The decoder row of a feature is what it writes into the residual stream; the cosine of two rows compares what they
write, independent of the data. The map is UMAP of the unit rows (cosine), or their first two principal components where
there are few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.progress import silent

NEAREST = 12
FEW = 500  # active features below which principal components draw the map
_BLOCK = 1024


@dataclass(frozen=True)
class Directions:
    """`near` int32 [F, K] and `cosine` float32 [F, K], most similar first; `place` float32 [F, 2], NaN if inactive."""

    near: NDArray[np.int32]
    cosine: NDArray[np.float32]
    place: NDArray[np.float32]


def measure(decoder: NDArray[np.float32], active: NDArray[np.bool_]) -> Directions:
    """Find the neighbours of all rows of `decoder` [F, d], and lay out the `active` [F] ones."""
    unit = decoder / np.maximum(np.linalg.norm(decoder, axis=1, keepdims=True), 1e-12)
    near, cosine = nearest(unit)
    place = np.full((len(unit), 2), np.nan, dtype=np.float32)
    rows = np.flatnonzero(active)
    if len(rows) >= 4:
        place[rows] = _layout(unit[rows])
    return Directions(near, cosine, place)


def nearest(unit: NDArray[np.float32], keep: int = NEAREST) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Find the `keep` other rows with the largest cosine to each row of `unit` (ties: smaller id)."""
    count = len(unit)
    keep = min(keep, count - 1)
    near, cosine = np.zeros((count, keep), np.int32), np.zeros((count, keep), np.float32)
    for start in range(0, count, _BLOCK):
        block = unit[start : start + _BLOCK] @ unit.T
        block[np.arange(len(block)), np.arange(start, start + len(block))] = -np.inf
        best = np.argpartition(-block, min(keep, count - 1) - 1, axis=1)[:, :keep] if keep else near[:0]
        values = np.take_along_axis(block, best, axis=1)
        order = np.lexsort((best, -values), axis=1)
        near[start : start + len(block)] = np.take_along_axis(best, order, axis=1)
        cosine[start : start + len(block)] = np.take_along_axis(values, order, axis=1)
    return near, cosine


def _layout(unit: NDArray[np.float32]) -> NDArray[np.float32]:
    if len(unit) < FEW:
        centred = unit - unit.mean(axis=0)
        left, scale, _ = np.linalg.svd(centred, full_matrices=False)
        return (left[:, :2] * scale[:2]).astype(np.float32)
    from explorer.maps.projections import Inputs
    from explorer.maps.projections.umap import Params, Umap

    return Umap().project(Inputs(vectors=unit), Params(neighbours=12, min_dist=0.05), 0, silent)
