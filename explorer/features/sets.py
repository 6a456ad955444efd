"""The feature set of every sample, as sparse rows: Parquet -> Arrow -> CSR arrays, without Python objects."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from explorer.errors import ExplorerError, MissingStep, refuse
from explorer.records import SEGMENTS
from explorer.workspace import Artifact, Store

BATCH_ROWS = 1 << 20
_BLOCK_PAIRS = 8_000_000  # pairs counted at a time


@dataclass(frozen=True)
class FeatureSets:
    """F_i of every sample: row i is `indices[indptr[i]:indptr[i+1]]`, ascending feature ids below `width`.

    `indptr` int64 [N+1], `indices` int32 [nnz], `values` float32 [nnz] (the largest activation of that feature).
    """

    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.int32]
    values: npt.NDArray[np.float32]
    width: int

    def __post_init__(self) -> None:
        if len(self.indptr) < 1 or len(self.indices) != len(self.values) or self.indptr[-1] != len(self.indices):
            raise ValueError(
                f"indptr [{len(self.indptr)}], indices [{len(self.indices)}] and values [{len(self.values)}] do not fit"
            )

    @classmethod
    def from_rows(cls, rows: list[list[int]], width: int, values: list[list[float]] | None = None) -> FeatureSets:
        """Make sets from one list of feature ids per sample (small inputs); values default to 1."""
        sizes = [len(row) for row in rows]
        indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        strengths = values if values is not None else [[1.0] * size for size in sizes]
        order = [np.argsort(np.asarray(row, dtype=np.int64), kind="stable") for row in rows]
        indices = [np.asarray(row, dtype=np.int32)[o] for row, o in zip(rows, order, strict=True)]
        acts = [np.asarray(row, dtype=np.float32)[o] for row, o in zip(strengths, order, strict=True)]
        empty = [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
        return cls(indptr, np.concatenate(indices or empty[0]), np.concatenate(acts or empty[1]), width)

    @property
    def n(self) -> int:
        """How many samples there are, those with an empty set included."""
        return len(self.indptr) - 1

    @property
    def nnz(self) -> int:
        """How many (sample, feature) pairs are active."""
        return len(self.indices)

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """|F_i| of every sample, int64 [N]."""
        return np.diff(self.indptr)

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """In how many samples each feature is active, int64 [width]."""
        total = np.zeros(self.width, np.int64)
        for start in range(0, self.nnz, BATCH_ROWS):  # in pieces: bincount widens what it counts to 64 bits
            total += np.bincount(self.indices[start : start + BATCH_ROWS], minlength=self.width)
        return total

    def sizes_above(self, thresholds: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """|F_i| of every sample at each of T thresholds, int32 [T, N]: one pass over the pairs, no reading."""
        asked = np.asarray(thresholds, dtype=np.float64)  # compared in double precision, as SQL and `above` compare
        levels = np.sort(asked)
        place, width = np.searchsorted(levels, asked), len(levels) + 1
        sizes = np.zeros((len(levels), self.n), dtype=np.int32)
        start = 0
        while start < self.n:
            stop = int(np.searchsorted(self.indptr, self.indptr[start] + _BLOCK_PAIRS, side="right")) - 1
            stop = min(max(stop, start + 1), self.n)
            values = self.values[self.indptr[start] : self.indptr[stop]].astype(np.float64)
            owner = np.repeat(np.arange(stop - start, dtype=np.int64), self.sizes[start:stop])
            cell = owner * width + np.searchsorted(levels, values, side="left")  # how many levels a value exceeds
            table = np.bincount(cell, minlength=(stop - start) * width).reshape(stop - start, width)
            sizes[:, start:stop] = table[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:].T[place]
            start = stop
        return sizes

    def row(self, position: int) -> npt.NDArray[np.int32]:
        """The feature ids of one sample, ascending."""
        return self.indices[self.indptr[position] : self.indptr[position + 1]]

    def above(self, threshold: float) -> FeatureSets:
        """The same sets with only activations over `threshold`, for a threshold slider: O(nnz), no reading."""
        return self._keep(self.values > np.float64(threshold))  # as SQL compares

    def without(self, features: npt.ArrayLike) -> FeatureSets:
        """The same sets with some features never counted."""
        dropped = np.zeros(self.width, dtype=bool)
        dropped[np.asarray(features, dtype=np.int64)] = True
        return self._keep(~dropped[self.indices])

    def take(self, positions: npt.NDArray[np.int64]) -> FeatureSets:
        """The rows at `positions`, in that order."""
        sizes = self.sizes[positions]
        indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        flat = np.arange(indptr[-1]) + np.repeat(self.indptr[positions] - indptr[:-1], sizes)
        return FeatureSets(indptr, self.indices[flat], self.values[flat], self.width)

    def _keep(self, kept: npt.NDArray[np.bool_]) -> FeatureSets:
        running = np.concatenate([[0], np.cumsum(kept)])
        return FeatureSets(running[self.indptr].astype(np.int64), self.indices[kept], self.values[kept], self.width)


def check_threshold(threshold: float) -> float:
    """Return a usable threshold as float; NaN, infinite and negative ones are refused."""
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float, np.floating, np.integer)):
        refuse("the threshold must be a number", got=threshold)
    if not math.isfinite(threshold) or threshold < 0:
        refuse("the threshold must be a finite number", got=float(threshold), allowed="0 or more")
    return float(threshold)


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
    # The arrays were made for every row of the file; pages never touched cost no memory, so views are enough.
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
