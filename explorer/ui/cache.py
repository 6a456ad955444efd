"""One decorator that caches what pages read, and the reads that several pages share.

A result belongs to the server, not to a session: it is immutable and never copied. A page's own reads are in its
`reads`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar, cast

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.features.sets import FeatureSets
from explorer.queries import columns, features, maps, occurrences, rankings, samples, sets
from explorer.selection.metrics import Curve, coverage_curve
from explorer.ui.context import View
from explorer.workspace import Artifact

Read = TypeVar("Read", bound=Callable[..., Any])


def cached(*parts: str, entries: int, spinner: str | bool = False) -> Callable[[Read], Read]:
    """Cache a read `function(view, *parameters)`, at most `entries` results of it.

    A result is looked up by the workspace, the artifacts of `parts` (see `View.key`) and the parameters: artifacts by
    their id, floats to six decimals. `spinner` is the text shown while it is computed.
    """

    def decorate(function: Read) -> Read:
        @functools.wraps(function)
        def read(*args: Any, **kwargs: Any) -> Any:
            return _immutable(function(*args, **kwargs))

        hash_funcs: dict[str | type, Any] = {
            View: lambda view: view.key(*parts),
            Artifact: lambda artifact: artifact.ref,
            float: lambda value: f"{value:.6f}",
        }
        cache = st.cache_resource(max_entries=entries, show_spinner=spinner, hash_funcs=hash_funcs)
        return cast(Read, cache(read))

    return decorate


def _immutable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, (list, tuple)):
        return tuple(map(_immutable, value))
    elif isinstance(value, dict):
        return MappingProxyType({key: _immutable(item) for key, item in value.items()})
    return value


@cached("samples", "activations", "features", "labels", entries=8)
def landscape(view: View, threshold: float) -> pa.Table:
    """Every feature that is active above `threshold`: `features.landscape`."""
    return features.landscape(view, view.labels, threshold)


@cached("samples", "activations", entries=8)
def summary(view: View) -> Mapping[str, Any]:
    """Counts and quantiles of the dataset: `samples.summary`."""
    return samples.summary(view)


@cached("samples", "activations", entries=4)
def response_tokens(view: View) -> np.ndarray:
    """int32[N]: response tokens of each sample."""
    return columns.response_tokens(view)


@cached("samples", "activations", entries=4)
def training_tokens(view: View) -> np.ndarray:
    """int64[N]: tokens of prompt and response of each sample."""
    return columns.training_tokens(view)


@cached("samples", entries=4)
def response_characters(view: View) -> np.ndarray:
    """int64[N]: characters of the response of each sample."""
    return columns.response_characters(view)


@cached("samples", "activations", entries=64)
def feature_counts(view: View, threshold: float, segment: str) -> np.ndarray:
    """int32[N]: features of each sample above `threshold`."""
    return sets.feature_counts(view, threshold, segment)


@cached("samples", "activations", entries=3)
def feature_sets(view: View, threshold: float, segment: str) -> FeatureSets:
    """The features of every sample above `threshold`."""
    return sets.feature_sets(view, threshold=threshold, segment=segment)


@cached("activations", entries=64)
def feature_values(view: View, feature_id: int, segment: str) -> pa.Table:
    """(sample_id, max_act) of the samples where a feature is active at all."""
    return occurrences.feature_values(view, feature_id, segment)


@cached("samples", "activations", "clusters", entries=8)
def cluster_cards(view: View) -> pa.Table:
    """Name, size, words and lengths of every cluster: `maps.cluster_cards`."""
    return maps.cluster_cards(view)


@cached("samples", "clusters", entries=8)
def cluster_of(view: View) -> np.ndarray:
    """int32[N]: the cluster of each sample."""
    return columns.clusters(view)


@cached("samples", entries=32)
def picks(view: View, run: Artifact) -> pa.Table:
    """The ranking of a saved selection."""
    del view
    return rankings.picks(run)


@cached("samples", "activations", entries=64)
def run_curve(view: View, run: Artifact, threshold: float, segment: str) -> Curve:
    """Coverage along a saved selection."""
    positions = picks(view, run)["sample_id"].to_numpy()
    return coverage_curve(feature_sets(view, threshold, segment), positions)
