"""Vectors of samples: conversion to a table, and scaling to unit norm."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.records import EMBEDDINGS

Vectors = NDArray[np.float32]


def to_table(vectors: Vectors) -> pa.Table:
    """Convert float32 [N, d] to a table of `records.EMBEDDINGS`."""
    n, width = vectors.shape
    offsets = pa.array(np.arange(0, n * width + 1, max(width, 1), dtype=np.int32)[: n + 1])
    values = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    vector = pa.ListArray.from_arrays(offsets, values)
    return pa.table([pa.array(np.arange(n, dtype=np.int64)), vector], schema=EMBEDDINGS)


def unit_norm(vectors: Vectors) -> Vectors:
    """Scale rows to Euclidean norm 1; a row of zeros stays zero (cosine similarity 0 to everything)."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1.0)).astype(np.float32)


def without_direction(vectors: Vectors) -> int:
    """Number of rows that are all zeros."""
    return int((~vectors.any(axis=1)).sum())
