"""The feature set of every sample, as sparse rows (CSR arrays)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from explorer.errors import refuse

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
        """Number of samples, including those with an empty set."""
        return len(self.indptr) - 1

    @property
    def nnz(self) -> int:
        """Number of active (sample, feature) pairs."""
        return len(self.indices)

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """|F_i| of every sample, int64 [N]."""
        return np.diff(self.indptr)

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """Number of samples in which each feature is active, int64 [width]."""
        total = np.zeros(self.width, np.int64)
        for start in range(0, self.nnz, BATCH_ROWS):  # in blocks: bincount converts its input to 64 bits
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
        """The same sets with only activations above `threshold`, for a threshold slider: O(nnz), no reading."""
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

    def _keep(self, mask: npt.NDArray[np.bool_]) -> FeatureSets:
        running = np.concatenate([[0], np.cumsum(mask)])
        return FeatureSets(running[self.indptr].astype(np.int64), self.indices[mask], self.values[mask], self.width)


def check_threshold(threshold: float) -> float:
    """Return a usable threshold as float; NaN, infinite and negative ones are refused."""
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float, np.floating, np.integer)):
        refuse("the threshold must be a number", got=threshold)
    if not math.isfinite(threshold) or threshold < 0:
        refuse("the threshold must be a finite number", got=float(threshold), allowed="0 or more")
    return float(threshold)
