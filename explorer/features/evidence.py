"""Evidence of what a feature means: its top activating contexts, and a uniform sample of all its contexts.

Every shard of an extraction proposes candidates; a gate of bounded size drops those that cannot be in the final
evidence, which never changes the result. The sample takes the smallest hashes of (sample, feature): it is uniform,
needs no random state, and does not depend on how the work is split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOP = 20
SAMPLED = 12
BEFORE, AFTER = 20, 10  # tokens shown before and after the peak


@dataclass(frozen=True)
class Peaks:
    """The strongest token of each (sample, feature): parallel arrays [m]; `start:stop` are its entries in the shard."""

    sample: NDArray[np.int64]
    feature: NDArray[np.int32]
    value: NDArray[np.float32]
    position: NDArray[np.int32]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    def take(self, where: NDArray[np.bool_] | NDArray[np.int64]) -> Peaks:
        """The peaks at `where`."""
        return Peaks(*(getattr(self, name)[where] for name in self.__dataclass_fields__))


class Gate:
    """Tracks per feature the `TOP` strongest values and the `SAMPLED` smallest hashes seen so far."""

    def __init__(self, width: int) -> None:
        self._tops = np.full((width, TOP), -np.inf, dtype=np.float32)
        self._hashes = np.full((width, SAMPLED), np.iinfo(np.uint64).max, dtype=np.uint64)

    def admit(self, peaks: Peaks) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Mask the peaks that may still be in the top, and those that may be in the sample; ties stay."""
        hashes = pair_hash(peaks.sample, peaks.feature)
        strong = peaks.value >= self._tops[peaks.feature, -1]
        drawn = hashes <= self._hashes[peaks.feature, -1]
        best = _best(peaks.feature[strong], -peaks.value[strong], TOP)
        strong[np.flatnonzero(strong)[~best]] = False
        lowest = _best(peaks.feature[drawn], hashes[drawn], SAMPLED)
        drawn[np.flatnonzero(drawn)[~lowest]] = False
        _merge(self._tops, peaks.feature[strong], peaks.value[strong], descending=True)
        _merge(self._hashes, peaks.feature[drawn], hashes[drawn], descending=False)
        return strong, drawn


def pair_hash(sample: NDArray[np.int64], feature: NDArray[np.int32]) -> NDArray[np.uint64]:
    """A well-mixed 64-bit hash of each (sample, feature) (the finaliser of SplitMix64, Steele et al. 2014)."""
    mixed = sample.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + feature.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _best(group: NDArray[np.int32], key: NDArray, count: int) -> NDArray[np.bool_]:
    """Mask of the `count` smallest keys of each group, and of all keys that tie with the last of them."""
    order = np.lexsort((key, group))
    place = _place_in_group(group[order])
    keep = np.zeros(len(group), dtype=bool)
    keep[order] = place < count
    if len(order):
        limit = np.full(int(group.max()) + 1, key.max(), dtype=key.dtype)
        last = order[place == count - 1]
        limit[group[last]] = key[last]
        keep |= key <= limit[group]
    return keep


def _place_in_group(sorted_group: NDArray[np.int32]) -> NDArray[np.int64]:
    """0, 1, 2 … within each run of equal values."""
    if len(sorted_group) == 0:
        return np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, sorted_group[1:] != sorted_group[:-1]])
    return np.arange(len(sorted_group)) - np.repeat(starts, np.diff(np.r_[starts, len(sorted_group)]))


def _merge(table: NDArray, group: NDArray[np.int32], key: NDArray, *, descending: bool) -> None:
    """Insert each key into the row of `table` of its group, keeping the best of each row in order."""
    if len(group) == 0:
        return
    order = np.lexsort((-key if descending else key, group))
    place = _place_in_group(group[order])
    order, place = order[place < table.shape[1]], place[place < table.shape[1]]
    touched = np.unique(group)
    row_of = np.zeros(int(touched.max()) + 1, dtype=np.int64)
    row_of[touched] = np.arange(len(touched))
    worst = -np.inf if descending else np.iinfo(np.uint64).max
    fresh = np.full((len(touched), table.shape[1]), worst, dtype=table.dtype)
    fresh[row_of[group[order]], place] = key[order]
    both = np.sort(np.concatenate([table[touched], fresh], axis=1), axis=1)
    table[touched] = both[:, ::-1][:, : table.shape[1]] if descending else both[:, : table.shape[1]]
