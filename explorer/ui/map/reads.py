"""Cached reads of the map page, by the rules of `explorer.ui.cache`."""

# ruff: noqa: ARG001

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.queries import columns, maps
from explorer.ui import cache
from explorer.ui.context import View
from explorer.workspace import Artifact

Key = tuple[Any, ...]
Column = np.ndarray
CODES = 32_767  # sources that a map tells apart, the most frequent ones


def places(view: View, projection: Artifact) -> tuple[Column, Column]:
    """float32[N] twice: where each row lies on a map."""
    return _places(view, (*view.key("samples"), projection.id))


@st.cache_resource(max_entries=6, show_spinner=False)
def _places(_view: View, key: Key) -> tuple[Column, Column]:
    return maps.places(_view, _view.store.resolve("projections", key[-1]))


def bounds(view: View, projection: Artifact) -> tuple[float, float, float, float]:
    """Smallest and largest x, then y."""
    return _bounds(view, (*view.key("samples"), projection.id))


@st.cache_resource(max_entries=6, show_spinner=False)
def _bounds(_view: View, key: Key) -> tuple[float, float, float, float]:
    x, y = _places(_view, key)
    return float(x.min()), float(x.max()), float(y.min()), float(y.max())


def words(view: View) -> pa.Array:
    """First words of every row."""
    return _words(view, view.key("samples"))


@st.cache_resource(max_entries=3, show_spinner=False)
def _words(_view: View, key: Key) -> pa.Array:
    return columns.first_words(_view)


def tokens(view: View) -> Column:
    """float32[N]: response tokens."""
    return _tokens(view, view.key("samples", "activations"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _tokens(_view: View, key: Key) -> Column:
    assert _view.activations is not None
    return columns.response_tokens(_view).astype(np.float32)


def quality(view: View) -> Column:
    """float32[N]: the quality score, NaN where it failed."""
    return _quality(view, view.key("samples", "quality"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _quality(_view: View, key: Key) -> Column:
    assert _view.quality is not None
    return columns.quality(_view).astype(np.float32)


def sources(view: View) -> tuple[Column, tuple[str, ...]]:
    """int16[N] and the names by code, most frequent first."""
    return _sources(view, view.key("samples"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _sources(_view: View, key: Key) -> tuple[Column, tuple[str, ...]]:
    codes, names = columns.sources(_view)
    shown = np.where(codes < CODES, codes, -1).astype(np.int16)
    return shown, tuple(name or "(none)" for name in names[:CODES])


def cluster_codes(view: View) -> tuple[Column, tuple[str, ...]]:
    """int16[N] and the names by code: the place of a row's cluster in the table of clusters."""
    return _cluster_codes(view, view.key("samples", "clusters"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _cluster_codes(_view: View, key: Key) -> tuple[Column, tuple[str, ...]]:
    cards = cache.cluster_cards(_view)
    numbers = cards["cluster"].to_numpy()
    code = np.full(int(numbers.max(initial=0)) + 1, -1, dtype=np.int16)
    code[numbers] = np.arange(len(numbers))
    return code[cache.cluster_of(_view)], tuple(map(str, cards["name"].to_pylist()))


def labels(view: View, projection: Artifact) -> list[tuple[float, float, str]]:
    """Median place and name of each cluster, largest first."""
    return _labels(view, (*view.key("samples", "clusters"), projection.id))


@st.cache_resource(max_entries=6, show_spinner=False)
def _labels(_view: View, key: Key) -> list[tuple[float, float, str]]:
    if _view.clusters is None:
        return []
    return maps.label_places(_view, _view.store.resolve("projections", key[-1]))


def distances(view: View) -> Column:
    """float32[N]: distance to the centre of the row's cluster."""
    return _distances(view, view.key("samples", "clusters"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _distances(_view: View, key: Key) -> Column:
    assert _view.clusters is not None
    return columns.distances(_view)


def over_represented(view: View, cluster: int) -> pa.Table:
    """Features most over-represented in a cluster."""
    return _over_represented(view, (*view.key("samples", "activations", "features", "clusters"), cluster))


@st.cache_resource(max_entries=64, show_spinner=False)
def _over_represented(_view: View, key: Key) -> pa.Table:
    assert _view.activations is not None and _view.features is not None and _view.clusters is not None
    return maps.over_represented(_view, key[-1], threshold=_view.threshold, top=12)


def curves_over_k(view: View) -> dict[str, Any]:
    """Silhouette and inertia by number of clusters, and the suggestion."""
    return _curves_over_k(view, view.key("clusters"))


@st.cache_resource(max_entries=4, show_spinner="Clustering a sample for every k of the grid …")
def _curves_over_k(_view: View, key: Key) -> dict[str, Any]:
    from explorer.pipeline.cluster import curves

    assert _view.clusters is not None
    return curves(_view.store, _view.clusters)
