"""One value of every sample, as an array by sample id: tokens, clusters, distances, quality, hashes, sources, words.

Arrays are read-only and have one entry per sample. A sample without a value (null, or absent from the table) is refused
as damage unless the caller names the value that stands for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from explorer.errors import ExplorerError, MissingStep
from explorer.workspace import KINDS, Artifact, Snapshot

WORDS = 90  # characters of a prompt that a hover shows
IN_ORDER = (  # a subquery: the sample ids of one list parameter with their `place` in that list
    "(SELECT unnest(ids) AS sample_id, generate_subscripts(ids, 1) AS place FROM (SELECT ?::BIGINT[] AS ids))"
)


def read_column(
    artifact: Artifact, name: str, samples: int, *, table: str = "", missing: float | str | None = None
) -> NDArray:
    """Read one column of an artifact as an array [samples], ordered by sample id.

    Args:
        artifact: The artifact.
        name: The column.
        samples: Number of samples in the dataset.
        table: One of the artifact's tables ("" for an artifact that is a single table).
        missing: Replaces null and absent values; None refuses them.

    Raises:
        MissingStep: the artifact has no such table.
        ExplorerError: values missing, or a sample id outside 0..samples-1.
    """
    data = read_table(artifact, ["sample_id", name], table)
    ids, values = checked_ids(artifact, data, samples), data.column(name)
    if missing is None:
        present = np.zeros(samples, bool)
        present[ids] = True
        if values.null_count or not present.all():
            raise ExplorerError(f"{artifact.ref}: column {name} holds values for {len(ids)} of {samples} samples")
        array = values.to_numpy()
        column = np.empty(samples, array.dtype)
    else:
        array = values.fill_null(missing).to_numpy()
        column = np.full(samples, missing, array.dtype)
    column[ids] = array
    column.flags.writeable = False
    return column


def read_table(artifact: Artifact, columns: Sequence[str], table: str = "") -> pa.Table:
    """Read some columns of one table of an artifact, all of its files in order."""
    files = artifact.files(table)
    if not files:
        raise MissingStep(
            f"{artifact.ref} holds no table {table or artifact.kind!r}; run {KINDS[artifact.kind].verb} again"
        )
    return pa.concat_tables([pq.ParquetFile(file).read(columns=list(columns)) for file in files])


def checked_ids(artifact: Artifact, data: pa.Table, samples: int) -> NDArray[np.int64]:
    """The column `sample_id`; ids outside 0..samples-1 are refused."""
    ids = data.column("sample_id").to_numpy()
    if len(ids) and (ids.min() < 0 or ids.max() >= samples):
        raise ExplorerError(f"{artifact.ref} is damaged: sample ids {ids.min()}..{ids.max()} of {samples} samples")
    return ids


def response_tokens(snapshot: Snapshot) -> NDArray[np.int32]:
    """Response tokens of every sample."""
    return read_column(snapshot.require("activations"), "response_tokens", snapshot.rows, table="tokens")


def training_tokens(snapshot: Snapshot) -> NDArray[np.int64]:
    """Tokens of prompt and response of every sample."""
    activations = snapshot.require("activations")
    prompt = read_column(activations, "prompt_tokens", snapshot.rows, table="tokens")
    return prompt + response_tokens(snapshot).astype(np.int64)


def response_characters(snapshot: Snapshot) -> NDArray[np.int64]:
    """Characters of the response of every sample."""
    return read_column(snapshot.require("samples"), "response_chars", snapshot.rows)


def clusters(snapshot: Snapshot) -> NDArray[np.int32]:
    """The cluster of every sample."""
    return read_column(snapshot.require("clusters"), "cluster", snapshot.rows)


def distances(snapshot: Snapshot) -> NDArray[np.float32]:
    """Distance of every sample to the centre of its cluster."""
    return read_column(snapshot.require("clusters"), "distance", snapshot.rows)


def quality(snapshot: Snapshot) -> NDArray[np.float64]:
    """The newest quality score of every sample; NaN where it failed."""
    return read_column(snapshot.require("quality"), "score", snapshot.rows, missing=np.nan)


def hashes(snapshot: Snapshot) -> NDArray[np.object_]:
    """The content hash of every sample: equal for exact duplicates."""
    return read_column(snapshot.require("samples"), "content_hash", snapshot.rows)


def sources(snapshot: Snapshot) -> tuple[NDArray[np.int32], list[str]]:
    """The source of every sample as a code, and the names by code, most frequent first (ties: by name)."""
    data = read_table(snapshot.require("samples"), ["sample_id", "source"]).combine_chunks()
    encoded = pc.fill_null(data.column("source"), "").combine_chunks().dictionary_encode()  # type: ignore[attr-defined]
    codes, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    counts = np.bincount(codes, minlength=len(names))
    order = sorted(range(len(names)), key=lambda code: (-counts[code], names[code]))
    code_of = np.empty(len(names), np.int32)
    code_of[order] = np.arange(len(names))
    column = np.empty(snapshot.rows, np.int32)
    column[data.column("sample_id").to_numpy()] = code_of[codes]
    column.flags.writeable = False
    return column, [names[code] for code in order]


def first_words(snapshot: Snapshot, ids: Sequence[int] | NDArray[np.int64] | None = None) -> pa.Array:
    """The first words of the prompts of all samples, by sample id, or of `ids`, in that order."""
    words = f"SELECT left(prompt, {WORDS}) AS words FROM {snapshot.store.scan(snapshot.require('samples'))}"
    if ids is None:
        relation = snapshot.store.sql(f"{words} ORDER BY sample_id")
    else:
        wanted = np.asarray(ids, dtype=np.int64).tolist()
        relation = snapshot.store.sql(f"{words} JOIN {IN_ORDER} USING (sample_id) ORDER BY place", [wanted])
    column = relation.to_arrow_table()["words"].combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
