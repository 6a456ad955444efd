"""Rows similar to a given one: by shared features, by embedding, or nearly word for word.

By features: cosine of two sets with idf weights, sim(q, i) = sum of idf_f^2 over shared f / (|q| |i|), with
idf_f = log((1 + N) / (1 + n_f)): a feature that every row has counts for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.features.sets import FeatureSets

SHINGLE = 3  # words in a row
NEAR_DUPLICATE = 0.5  # share of shingles in common from which two texts are near-duplicates


@dataclass(frozen=True)
class Nearest:
    """Rows `ids` int64 [m] with their `similarity` float64 [m], most similar first (ties: smaller id)."""

    ids: NDArray[np.int64]
    similarity: NDArray[np.float64]


@dataclass(frozen=True)
class Weights:
    """Squared idf of each feature, and the norm of each row's weighted vector."""

    squared: NDArray[np.float64]
    norms: NDArray[np.float64]


def weigh(sets: FeatureSets) -> Weights:
    """Compute idf weights and vector norms; O(nnz)."""
    squared = np.log((1 + sets.n) / (1 + sets.counts)) ** 2
    return Weights(squared, np.sqrt(_row_sums(sets, squared)))


def by_overlap(
    sets: FeatureSets, weights: Weights, wanted: NDArray[np.int64], *, keep: int = 10, leave_out: int | None = None
) -> Nearest:
    """Rows whose feature sets are most similar to the features `wanted`; rows that share none are left out."""
    inside = np.zeros(sets.width)
    inside[wanted] = weights.squared[wanted]
    shared = _row_sums(sets, inside)
    length = float(np.sqrt(weights.squared[wanted].sum()))
    with np.errstate(invalid="ignore", divide="ignore"):
        similarity = np.where(shared > 0, shared / (weights.norms * length), 0.0)
    return _best(similarity, keep, leave_out)


def by_embedding(vectors: NDArray[np.float32], row: int, *, keep: int = 10) -> Nearest:
    """Rows whose unit vectors have the largest cosine with that of `row`."""
    return _best((vectors @ vectors[row]).astype(np.float64), keep, row)


def _row_sums(sets: FeatureSets, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of `values` over the features of each row."""
    running = np.concatenate([[0.0], np.cumsum(values[sets.indices])])
    return running[sets.indptr[1:]] - running[sets.indptr[:-1]]


def _best(similarity: NDArray[np.float64], keep: int, leave_out: int | None) -> Nearest:
    if leave_out is not None:
        similarity = similarity.copy()
        similarity[leave_out] = 0.0
    count = min(keep, len(similarity))
    if count == 0:
        return Nearest(np.zeros(0, np.int64), np.zeros(0))
    edge = np.partition(similarity, -count)[-count]
    rows = np.flatnonzero(similarity >= max(edge, 1e-9))
    rows = rows[np.lexsort((rows, -similarity[rows]))[:keep]]
    return Nearest(rows.astype(np.int64), similarity[rows])


def shingles(text: str) -> set[tuple[str, ...]]:
    """Shingles of a text: every run of `SHINGLE` words, in lower case; a shorter text is one run."""
    words = text.lower().split()
    if len(words) <= SHINGLE:
        return {tuple(words)} if words else set()
    return {tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)}


def resemblance(left: str, right: str) -> float:
    """Share of shingles that two texts have in common (Jaccard; Broder 1997)."""
    a, b = shingles(left), shingles(right)
    return len(a & b) / len(a | b) if a or b else 1.0
