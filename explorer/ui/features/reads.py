"""Cached reads of the Features page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from explorer.queries import features, groups, occurrences, rankings
from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.ui.differences import reads as differences_reads


@cached("activations", "features", "labels", entries=128)
def similar_directions(view: View, feature_id: int, threshold: float) -> pa.Table | None:
    """`features.similar_directions`; None where the decoder directions are not saved."""
    if not features.has_directions(view):
        return None
    return features.similar_directions(view, feature_id, view.labels, threshold)


@cached("features", entries=128)
def all_labels(view: View, feature_id: int) -> tuple[dict[str, Any], ...]:
    """Every known label of a feature: `features.all_labels`."""
    return tuple(features.all_labels(view, feature_id))


@cached("activations", "features", "labels", entries=4)
def feature_map(view: View, threshold: float) -> pa.Table | None:
    """`features.feature_map`; None where the decoder directions are not saved."""
    return features.feature_map(view, view.labels, threshold) if features.has_directions(view) else None


@cached("samples", "activations", "features", "labels", entries=128)
def co_occurring(view: View, feature_id: int, threshold: float) -> pa.Table:
    """Features that share responses with this one: `occurrences.co_occurring`."""
    return occurrences.co_occurring(view, feature_id, view.labels, threshold)


@cached("samples", "activations", "clusters", entries=128)
def groups_of(view: View, feature_id: int, threshold: float) -> tuple[pa.Table | None, pa.Table]:
    """Share of a feature by cluster and by source: `occurrences.feature_groups`."""
    return occurrences.feature_groups(view, feature_id, threshold)


@cached("activations", entries=128)
def length_profile(view: View, feature_id: int, threshold: float) -> tuple[tuple[float, float, int, int], ...]:
    """Share of a feature by response length: `occurrences.length_profile`."""
    return tuple(occurrences.length_profile(view, feature_id, threshold))


@cached("activations", "selections", entries=128)
def selections_of(view: View, feature_id: int, threshold: float) -> tuple[rankings.Pick, ...]:
    """The saved selections that cover a feature: `rankings.selections_of_feature`."""
    return tuple(rankings.selections_of_feature(view, feature_id, threshold))


def of_cluster(view: View, cluster: str, threshold: float) -> tuple[int, ...]:
    """Features that are significantly more common in a cluster's responses than in the rest."""
    *_, contrast = differences_reads.compared(view, f"cluster:{cluster}", groups.REST, threshold, "response")
    return tuple(int(feature) for feature in contrast.strongest(more_in_a=True))


def matching(view: View, query: features.FeatureQuery) -> np.ndarray:
    """Ids of every feature that matches a query."""
    table, _ = features.feature_index(view, replace(query, limit=1 << 30, offset=0))
    return table["feature_id"].to_numpy()
