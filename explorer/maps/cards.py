"""One card a cluster: a readable name, its words, its size and its centre; and which features set it apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.features.sets import FeatureSets
from explorer.maps.kmeans import Clustering
from explorer.maps.words import class_words, names_from
from explorer.records import CLUSTER_CARDS

NEAREST = 300  # samples of a cluster that its words are read from: those nearest to its centre


def representatives(clustering: Clustering, most: int = NEAREST) -> NDArray[np.int64]:
    """Positions of the `most` samples of each cluster nearest to its centre, ascending (ties: smaller position)."""
    order = np.lexsort((clustering.distances, clustering.labels))
    starts = np.concatenate([[0], np.cumsum(clustering.sizes)[:-1]])
    place = np.arange(len(order)) - np.repeat(starts, clustering.sizes)
    return np.sort(order[place < most])


def cluster_cards(clustering: Clustering, texts: Callable[[NDArray[np.int64]], Sequence[str]]) -> pa.Table:
    """Make the table of `records.CLUSTER_CARDS`. `texts` gives the text of the samples at some positions, in order."""
    chosen = representatives(clustering)
    words = class_words(texts(chosen), clustering.labels[chosen], clustering.k)
    return pa.table(
        {
            "cluster": np.arange(clustering.k, dtype=np.int32),
            "size": clustering.sizes,
            "name": names_from(words),
            "words": words,
            "centroid": list(clustering.centroids),
        },
        schema=CLUSTER_CARDS,
    )


@dataclass(frozen=True)
class Lift:
    """A feature in a cluster: `share` of the cluster's samples that have it, `lift` = share / share in the data."""

    feature_id: int
    share: float
    lift: float


def feature_lift(sets: FeatureSets, labels: NDArray[np.int32], cluster: int, *, top: int = 8) -> list[Lift]:
    """Features most over-represented in one cluster, strongest first.

    Ordered by share * log2(lift), so that neither a feature of one sample nor one that every sample has comes first;
    ties: smaller feature id. Cost: O(nnz).
    """
    owner = np.repeat(labels, sets.sizes)
    inside = np.bincount(sets.indices[owner == cluster], minlength=sets.width)
    size = max(1, int((labels == cluster).sum()))
    share, overall = inside / size, np.maximum(sets.counts, 1) / max(1, sets.n)
    lift = share / overall
    score = np.where(inside > 0, share * np.log2(np.maximum(lift, 1e-12)), -np.inf)
    order = np.argsort(-score, kind="stable")[:top]
    return [Lift(int(f), float(share[f]), float(lift[f])) for f in order if score[f] > 0]
