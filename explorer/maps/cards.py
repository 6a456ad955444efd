"""Cluster cards: name, words, size and centre of each cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.features.keywords import class_words, names_from
from explorer.maps.kmeans import Clustering
from explorer.records import CLUSTER_CARDS

NEAREST = 300  # samples nearest to a cluster's centre, from which its words are taken


def representatives(clustering: Clustering, most: int = NEAREST) -> NDArray[np.int64]:
    """Positions of the `most` samples of each cluster nearest to its centre, ascending (ties: smaller position)."""
    order = np.lexsort((clustering.distances, clustering.labels))
    starts = np.concatenate([[0], np.cumsum(clustering.sizes)[:-1]])
    place = np.arange(len(order)) - np.repeat(starts, clustering.sizes)
    return np.sort(order[place < most])


def cluster_cards(clustering: Clustering, texts: Callable[[NDArray[np.int64]], Sequence[str]]) -> pa.Table:
    """Make the table of `records.CLUSTER_CARDS`; `texts` returns the texts of the samples at given positions."""
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
