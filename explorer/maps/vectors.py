"""Vectors of samples: reading them from an artifact as one array, writing them, and bringing them to unit norm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from explorer.errors import InputError, MissingStep
from explorer.records import EMBEDDINGS
from explorer.workspace import Artifact

Vectors = NDArray[np.float32]


def load_vectors(artifact: Artifact, samples: int, *, table: str = "") -> Vectors:
    """Read a table of `records.EMBEDDINGS` as float32 [samples, d], row i belonging to sample_id i.

    A sample that the table does not hold, or holds no vector for, gets a row of zeros: it has no direction.

    Raises:
        MissingStep: the artifact has no such table.
        InputError: vectors of different lengths, or a sample_id outside 0..samples-1.
    """
    files = artifact.files(table)
    if not files:
        raise MissingStep(f"{artifact.ref} holds no table {table or artifact.kind!r}; run extract again")
    parts = [_read(file) for file in files]
    widths = sorted({part.shape[1] for _, part in parts if len(part)})
    if len(widths) > 1:
        raise InputError(f"{artifact.ref} holds vectors of {len(widths)} lengths: {widths}; allowed: one")
    out = np.zeros((samples, widths[0] if widths else 0), dtype=np.float32)
    for ids, part in parts:
        if len(ids) and (ids.min() < 0 or ids.max() >= samples):
            raise InputError(f"{artifact.ref} has sample_id {ids.max()}, but there are {samples} samples")
        if len(ids):
            out[ids] = part
    return out


def _read(file: Path) -> tuple[NDArray[np.int64], Vectors]:
    table = pq.ParquetFile(file).read(columns=["sample_id", "vector"])
    ids = table.column("sample_id").to_numpy()
    vectors = table.column("vector").combine_chunks()
    lengths = pc.list_value_length(vectors).to_numpy(zero_copy_only=False)  # type: ignore[attr-defined]
    there = np.nan_to_num(lengths) > 0  # a sample without a response token has a null or an empty vector
    if len(np.unique(lengths[there])) > 1:
        raise InputError(f"{file} holds vectors of different lengths; allowed: all of one length")
    flat = vectors.flatten().to_numpy().astype(np.float32, copy=False)
    return ids[there], flat.reshape(int(there.sum()), -1) if there.any() else np.zeros((0, 0), dtype=np.float32)


def to_table(vectors: Vectors) -> pa.Table:
    """float32 [N, d] as a table of `records.EMBEDDINGS`."""
    n, width = vectors.shape
    offsets = pa.array(np.arange(0, n * width + 1, max(width, 1), dtype=np.int32)[: n + 1])
    values = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).ravel())
    vector = pa.ListArray.from_arrays(offsets, values)
    return pa.table([pa.array(np.arange(n, dtype=np.int64)), vector], schema=EMBEDDINGS)


def unit_norm(vectors: Vectors) -> Vectors:
    """Rows scaled to Euclidean norm 1; a row of zeros stays one (cosine similarity 0 to everything)."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1.0)).astype(np.float32)


def without_direction(vectors: Vectors) -> int:
    """How many rows are all zeros."""
    return int((~vectors.any(axis=1)).sum())
