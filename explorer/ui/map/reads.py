"""Cached reads of the Map page: one value of every row, and the clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from explorer.queries import columns, maps
from explorer.ui import cache
from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.workspace import Artifact

_CODES = 32_767  # sources that a map tells apart, the most frequent ones


@cached("samples", entries=6)
def places(view: View, projection: Artifact) -> tuple[np.ndarray, np.ndarray]:
    """float32[N] twice: where each row lies on a map."""
    return maps.places(view, projection)


@cached("samples", entries=6)
def bounds(view: View, projection: Artifact) -> tuple[float, float, float, float]:
    """Smallest and largest x, then y."""
    x, y = places(view, projection)
    return float(x.min()), float(x.max()), float(y.min()), float(y.max())


@cached("samples", entries=3)
def words(view: View) -> pa.Array:
    """First words of every row."""
    return columns.first_words(view)


@cached("samples", "activations", entries=4)
def tokens(view: View) -> np.ndarray:
    """float32[N]: response tokens."""
    return columns.response_tokens(view).astype(np.float32)


@cached("samples", "quality", entries=4)
def quality(view: View) -> np.ndarray:
    """float32[N]: the quality score, NaN where it failed."""
    return columns.quality(view).astype(np.float32)


@cached("samples", entries=4)
def sources(view: View) -> tuple[np.ndarray, tuple[str, ...]]:
    """int16[N] and the names by code, most frequent first."""
    codes, names = columns.sources(view)
    shown = np.where(codes < _CODES, codes, -1).astype(np.int16)
    return shown, tuple(name or "(none)" for name in names[:_CODES])


@cached("samples", "clusters", entries=4)
def cluster_codes(view: View) -> tuple[np.ndarray, tuple[str, ...]]:
    """int16[N] and the names by code: the place of a row's cluster in the table of clusters."""
    cards = cache.cluster_cards(view)
    numbers = cards["cluster"].to_numpy()
    code = np.full(int(numbers.max(initial=0)) + 1, -1, dtype=np.int16)
    code[numbers] = np.arange(len(numbers))
    return code[cache.cluster_of(view)], tuple(map(str, cards["name"].to_pylist()))


@cached("samples", "clusters", entries=6)
def labels(view: View, projection: Artifact) -> tuple[tuple[float, float, str], ...]:
    """Median place and name of each cluster, largest first."""
    return tuple(maps.label_places(view, projection)) if view.clusters is not None else ()


@cached("samples", "clusters", entries=4)
def distances(view: View) -> np.ndarray:
    """float32[N]: distance to the centre of the row's cluster."""
    return columns.distances(view)


@cached("samples", "activations", "features", "clusters", entries=64)
def over_represented(view: View, cluster: int, threshold: float) -> pa.Table:
    """Features most over-represented in a cluster."""
    return maps.over_represented(view, cluster, threshold=threshold, top=12)


@cached("clusters", entries=4, spinner="Clustering a sample for every k of the grid …")
def curves_over_k(view: View) -> Mapping[str, Any]:
    """Silhouette and inertia by number of clusters, and the suggestion."""
    from explorer.pipeline.cluster import curves

    return curves(view.store, view.require("clusters"))
