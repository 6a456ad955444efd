"""Every cached result of the app, keyed by workspace, artifact ids and parameters, and bounded.

What is cached is immutable (Arrow tables, read-only arrays), so it is shared between sessions and never copied. The
parameter `key` of the cached functions is not used in them: it is what Streamlit keys the result by.
"""

# ruff: noqa: ARG001

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.features.sets import FeatureSets
from explorer.queries import columns, features, maps, occurrences, rankings, samples, sets
from explorer.selection.metrics import Curve, coverage_curve
from explorer.ui.context import View
from explorer.ui.select.downloads import bytes_of, export_bytes
from explorer.ui.select.ranking import Ranker
from explorer.workspace import Store

Key = tuple[Any, ...]


def landscape(view: View) -> pa.Table:
    """`features.landscape` of the newest features."""
    return _landscape(view, view.key("features"), tuple(sorted(view.labels.items())))


@st.cache_resource(max_entries=8, show_spinner=False)
def _landscape(_view: View, key: Key, labels: tuple[tuple[int, str], ...]) -> pa.Table:
    assert _view.features is not None
    return features.landscape(_view, dict(labels))


def summary(view: View) -> dict[str, Any]:
    """`samples.summary` of the newest samples."""
    return _summary(view, view.key("samples", "activations"))


@st.cache_resource(max_entries=8, show_spinner=False)
def _summary(_view: View, key: Key) -> dict[str, Any]:
    return samples.summary(_view)


def lengths(view: View) -> pa.Table:
    """Token counts, source and first words of every sample."""
    return _lengths(view, view.key("samples", "activations"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _lengths(_view: View, key: Key) -> pa.Table:
    return samples.lengths(_view)


def feature_counts(view: View, threshold: float, segment: str) -> np.ndarray:
    """int32[N]: features of each sample above `threshold`."""
    return _feature_counts(view, view.key("samples", "activations"), round(threshold, 6), segment)


@st.cache_resource(max_entries=64, show_spinner=False)
def _feature_counts(_view: View, key: Key, threshold: float, segment: str) -> np.ndarray:
    assert _view.activations is not None
    return sets.feature_counts(_view, threshold, segment)


def cluster_cards(view: View) -> pa.Table:
    """`maps.cluster_cards` of the newest clusters."""
    return _cluster_cards(view, view.key("samples", "activations", "clusters"))


@st.cache_resource(max_entries=8, show_spinner=False)
def _cluster_cards(_view: View, key: Key) -> pa.Table:
    assert _view.clusters is not None
    return maps.cluster_cards(_view)


def feature_values(view: View, feature_id: int, segment: str) -> pa.Table:
    """(sample_id, max_act) of the samples where a feature is active at all."""
    return _feature_values(view, view.key("activations"), feature_id, segment)


@st.cache_resource(max_entries=64, show_spinner=False)
def _feature_values(_view: View, key: Key, feature_id: int, segment: str) -> pa.Table:
    assert _view.activations is not None
    return occurrences.feature_values(_view, feature_id, segment)


def company(view: View, feature_id: int, threshold: float) -> tuple[pa.Table, pa.Table | None, pa.Table]:
    """Return what fires together with a feature, and its share by cluster and by source."""
    return _company(view, view.key("samples", "features", "clusters"), feature_id, round(threshold, 6))


@st.cache_resource(max_entries=128, show_spinner=False)
def _company(_view: View, key: Key, feature_id: int, threshold: float) -> tuple[pa.Table, pa.Table | None, pa.Table]:
    assert _view.activations is not None and _view.features is not None
    together = occurrences.co_occurring(_view, feature_id, threshold)
    by_cluster, by_source = occurrences.feature_groups(_view, feature_id, threshold)
    return together, by_cluster, by_source


def picks(view: View, run_id: str) -> pa.Table:
    """Return the ranking of a stored selection."""
    return _picks(view, view.key("samples"), run_id)


@st.cache_resource(max_entries=32, show_spinner=False)
def _picks(_view: View, key: Key, run_id: str) -> pa.Table:
    return rankings.picks(_view.store.resolve("selections", run_id))


def feature_sets(view: View, threshold: float, segment: str) -> FeatureSets:
    """Return the feature sets of every sample above `threshold`."""
    return _feature_sets(view, view.key("samples", "activations"), round(threshold, 6), segment)


@st.cache_resource(max_entries=3, show_spinner=False)
def _feature_sets(_view: View, key: Key, threshold: float, segment: str) -> FeatureSets:
    assert _view.activations is not None
    return sets.feature_sets(_view, threshold=threshold, segment=segment)


def run_curve(view: View, run_id: str, threshold: float, segment: str) -> Curve:
    """Coverage along a stored selection."""
    return _run_curve(view, view.key("samples", "activations"), run_id, round(threshold, 6), segment)


@st.cache_resource(max_entries=64, show_spinner=False)
def _run_curve(_view: View, key: Key, run_id: str, threshold: float, segment: str) -> Curve:
    positions = picks(_view, run_id)["sample_id"].to_numpy()
    return coverage_curve(feature_sets(_view, threshold, segment), positions)


@st.cache_resource(max_entries=1, show_spinner=False)
def ranker() -> Ranker:
    """Return the one worker that ranks samples for the Select page."""
    return Ranker()


@st.cache_data(max_entries=16, show_spinner="Writing the file …")
def exported(workspace: str, run_id: str, export_format: str, extras: tuple[str, ...]) -> bytes:
    """Return a stored selection as a file in one of the export formats; a folder format comes as a zip."""
    return export_bytes(Store.open(workspace), run_id, export_format, extras)


@st.cache_data(max_entries=64, show_spinner=False)
def export_size(workspace: str, run_id: str) -> int:
    """Return about how many bytes an export of a stored selection has."""
    return bytes_of(Store.open(workspace), run_id)


def cluster_of(view: View) -> np.ndarray:
    """int32[N]: the cluster of each sample."""
    return _cluster_of(view, view.key("samples", "clusters"))


@st.cache_resource(max_entries=8, show_spinner=False)
def _cluster_of(_view: View, key: Key) -> np.ndarray:
    assert _view.clusters is not None
    return columns.clusters(_view)
