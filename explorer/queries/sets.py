"""The one loader of activations: feature sets and tags, Parquet -> Arrow -> CSR arrays, without Python objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from explorer.errors import ExplorerError, MissingStep, refuse
from explorer.features.sets import BATCH_ROWS, FeatureSets, check_threshold
from explorer.queries.occurrences import segment_condition
from explorer.records import SEGMENTS
from explorer.workspace import Artifact, Snapshot, Store


def feature_sets(snapshot: Snapshot, *, threshold: float | None = None, segment: str = "response") -> FeatureSets:
    """Load the feature sets of a snapshot's samples; `threshold` None means the default of the extraction."""
    return load_sets(
        snapshot.store,
        snapshot.require("activations"),
        segment=segment,
        threshold=snapshot.threshold if threshold is None else threshold,
        samples=snapshot.rows,
    )


def feature_counts(snapshot: Snapshot, threshold: float, segment: str) -> npt.NDArray[np.int32]:
    """|F_i| of every sample, int32 [N]: `feature_sets(…).sizes`, counted without holding the pairs in memory."""
    counted = "count(DISTINCT feature_id)" if segment == "all" else "count(*)"
    pairs = snapshot.store.scan(snapshot.require("activations"), "by_sample")
    table = snapshot.store.sql(
        f"SELECT sample_id, {counted}::INTEGER AS n FROM {pairs} "
        f"WHERE max_act > ? AND {segment_condition(segment)} GROUP BY sample_id",
        [threshold],
    ).to_arrow_table()
    counts = np.zeros(snapshot.rows, dtype=np.int32)
    counts[table["sample_id"].to_numpy()] = table["n"].to_numpy()
    counts.flags.writeable = False
    return counts


def load_tags(snapshot: Snapshot, column: str) -> FeatureSets:
    """Tags of a column of the source as sets: a JSON list, or text split at commas; missing means no tags."""
    if not column:
        refuse("which column holds the tags?", allowed="the name of a column of the source rows")
    path = '$."' + column.replace('"', '\\"') + '"'
    scan = snapshot.store.scan(snapshot.require("samples"))
    query = f"SELECT sample_id, json_extract(meta, ?) FROM {scan} ORDER BY sample_id"
    number_of: dict[str, int] = {}
    rows: list[list[int]] = [[] for _ in range(snapshot.rows)]
    for sample_id, text in snapshot.store.sql(query, [path]).fetchall():
        value = json.loads(text) if text else None
        items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
        tags = [str(item).strip().lower() for item in items]
        rows[sample_id] = sorted({number_of.setdefault(tag, len(number_of)) for tag in tags if tag})
    if not number_of:
        refuse(f"no sample has tags in column {column!r}", allowed="a column with a list, or with tags split by commas")
    return FeatureSets.from_rows(rows, len(number_of))


def load_sets(store: Store, activations: Artifact, *, segment: str, threshold: float, samples: int) -> FeatureSets:
    """Read the pairs of one segment with `max_act > threshold` as CSR rows of `samples` samples.

    Args:
        store: The workspace (named in messages).
        activations: The artifact whose table `by_sample` is read (`records.PAIRS`).
        segment: 'response', 'prompt', or 'all' (the maximum over both).
        threshold: Counted are activations strictly above it.
        samples: N; samples without an active feature have an empty row.

    Raises:
        InputError: an unknown segment or a threshold that is no number.
        MissingStep: the artifact holds no pairs.
    """
    if segment not in SEGMENTS:
        refuse("unknown segment", got=segment, allowed=SEGMENTS)
    threshold = check_threshold(threshold)
    files = activations.files("by_sample")
    if not files:
        raise MissingStep(f"{activations.ref} in {store.path} holds no table 'by_sample'; run extract again")
    most = sum(pq.read_metadata(file).num_rows for file in files)
    owner, indices, values = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(most, np.float32)
    filled = 0
    for batch in _batches(files):
        rows = _wanted(batch, segment, threshold)
        end = filled + rows.num_rows
        owner[filled:end] = rows.column("sample_id").to_numpy()
        indices[filled:end] = rows.column("feature_id").to_numpy()
        values[filled:end] = rows.column("max_act").to_numpy()
        filled = end
    # The arrays have room for every row of the files; memory pages that were never touched cost nothing.
    owner, indices, values = owner[:filled], indices[:filled], values[:filled]
    width = int(activations.manifest.info.get("d_sae") or (indices.max() + 1 if filled else 0))
    if filled and (owner.min() < 0 or owner.max() >= samples or indices.min() < 0 or indices.max() >= width):
        raise ExplorerError(
            f"{activations.ref} is damaged: sample ids {owner.min()}..{owner.max()} and feature ids "
            f"{indices.min()}..{indices.max()} do not fit {samples} samples of {width} features"
        )
    return _to_rows(owner, indices, values, samples, width)


def _batches(files: list[Path]) -> Iterator[pa.RecordBatch]:
    columns = ["sample_id", "feature_id", "segment", "max_act"]
    for file in files:
        with pq.ParquetFile(file, read_dictionary=["segment"]) as parquet:
            yield from parquet.iter_batches(batch_size=BATCH_ROWS, columns=columns)


def _wanted(batch: pa.RecordBatch, segment: str, threshold: float) -> pa.RecordBatch:
    keep = pc.greater(batch.column("max_act"), pa.scalar(threshold, pa.float64()))  # type: ignore[attr-defined]
    if segment != "all":
        keep = pc.and_(keep, pc.equal(batch.column("segment"), segment))  # type: ignore[attr-defined]
    return batch.filter(keep)


def _to_rows(
    owner: npt.NDArray[np.int32],
    indices: npt.NDArray[np.int32],
    values: npt.NDArray[np.float32],
    samples: int,
    width: int,
) -> FeatureSets:
    """CSR rows of (sample, feature, value) triples; of equal pairs the largest value stays."""
    if not _ascending(owner, indices):
        order = np.lexsort((indices, owner))
        owner, indices, values = owner[order], indices[order], values[order]
    first = np.ones(len(owner), dtype=bool)
    first[1:] = (owner[1:] != owner[:-1]) | (indices[1:] != indices[:-1])
    if not first.all():
        starts = np.flatnonzero(first)
        owner, indices, values = owner[starts], indices[starts], np.maximum.reduceat(values, starts)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=samples))]).astype(np.int64)
    return FeatureSets(indptr, indices, values, width)


def _ascending(owner: npt.NDArray[np.int32], indices: npt.NDArray[np.int32]) -> bool:
    """Whether the pairs come by sample and, inside a sample, by feature (checked in pieces: a bool array a piece)."""
    for start in range(0, len(owner) - 1, BATCH_ROWS):
        part = slice(start, start + BATCH_ROWS + 1)
        o, f = owner[part], indices[part]
        if not np.all((o[1:] > o[:-1]) | ((o[1:] == o[:-1]) & (f[1:] >= f[:-1]))):
            return False
    return True
