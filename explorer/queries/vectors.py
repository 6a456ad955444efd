"""The one loader of vectors: embeddings, and the mean hidden states that an extraction stores."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from explorer.errors import ExplorerError
from explorer.queries.columns import checked_ids, read_table
from explorer.workspace import Artifact


def load_vectors(
    artifact: Artifact, samples: int, *, table: str = "", missing: float | None = None
) -> NDArray[np.float32]:
    """Read a table of `records.EMBEDDINGS` as float32 [samples, d] by sample id.

    A sample without a vector (null, empty, or absent) is refused; with `missing`, its row is filled with that value.

    Raises:
        MissingStep: the artifact has no such table.
        ExplorerError: samples without a vector, vectors of different lengths, or a sample id outside 0..samples-1.
    """
    data = read_table(artifact, ["sample_id", "vector"], table)
    ids, vectors = checked_ids(artifact, data, samples), data.column("vector")
    lengths = np.nan_to_num(pc.list_value_length(vectors).to_numpy()).astype(np.int64)  # type: ignore[attr-defined]
    present = lengths > 0
    widths = np.unique(lengths[present])
    if len(widths) > 1:
        raise ExplorerError(f"{artifact.ref} holds vectors of {len(widths)} lengths: {widths.tolist()}; allowed: one")
    if missing is None and len(np.unique(ids[present])) != samples:
        raise ExplorerError(f"{artifact.ref} holds {int(present.sum())} vectors for {samples} samples")
    width = int(widths[0]) if len(widths) else 0
    matrix = np.full((samples, width), missing or 0.0, np.float32)
    done = 0
    for chunk in vectors.chunks:
        rows = slice(done, done + len(chunk))
        flat = chunk.flatten().to_numpy(zero_copy_only=False)
        matrix[ids[rows][present[rows]]] = flat.reshape(-1, width)
        done += len(chunk)
    return matrix
