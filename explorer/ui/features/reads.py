"""Cached reads of the feature browser: differences between groups, nearest rows. As in `explorer.ui.cache`."""

# ruff: noqa: ARG001

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.features import nearest
from explorer.features.contrast import Contrast, contrast
from explorer.queries import columns, features, groups, occurrences, rankings, samples
from explorer.queries.groups import Group
from explorer.ui import cache
from explorer.ui.context import View
from explorer.workspace import marks

Key = tuple[Any, ...]


def group_choices(view: View) -> dict[str, str]:
    """Every group of rows that can be compared, by key, as it is called."""
    assert view.samples is not None
    named = tuple(marks.read(view.store, view.samples).sets)
    return _group_choices(view, (*view.key("samples", "clusters"), *(run.id for run in view.selections), *named))


@st.cache_resource(max_entries=8, show_spinner=False)
def _group_choices(_view: View, key: Key) -> dict[str, str]:
    return groups.choices(_view)


def compared(
    view: View, a: str, b: str, threshold: float, segment: str, *, equal_length: bool = False
) -> tuple[Group, Group, Contrast]:
    """Both groups and what separates them; an InputError where a key means nothing here."""
    assert view.samples is not None
    kept = marks.read(view.store, view.samples).sets
    sets = tuple((key, kept.get(key.removeprefix("set:"))) for key in (a, b) if key.startswith("set:"))
    key = (*view.key("samples", "activations", "clusters"), sets)
    return _compared(view, key, a, b, round(threshold, 6), segment, equal_length)


@st.cache_resource(max_entries=32, show_spinner="Counting features in both groups …")
def _compared(
    _view: View, key: Key, a: str, b: str, threshold: float, segment: str, equal_length: bool
) -> tuple[Group, Group, Contrast]:
    left, right = groups.pair(_view, a, b)
    lengths = columns.response_tokens(_view).astype(np.float64) if equal_length else None
    return left, right, contrast(cache.feature_sets(_view, threshold, segment), left.ids, right.ids, lengths=lengths)


def same_direction(view: View, feature_id: int) -> pa.Table | None:
    """`features.similar_directions`; None where the decoder directions are not kept."""
    if not features.has_directions(view):
        return None
    return _same_direction(view, view.key("features"), feature_id, tuple(sorted(view.labels.items())))


@st.cache_resource(max_entries=128, show_spinner=False)
def _same_direction(_view: View, key: Key, feature_id: int, labels: tuple[tuple[int, str], ...]) -> pa.Table:
    assert _view.features is not None
    return features.similar_directions(_view, feature_id, dict(labels))


def all_labels(view: View, feature_id: int) -> list[dict[str, Any]]:
    """`features.all_labels` of the newest features."""
    return _all_labels(view, view.key("features"), feature_id)


@st.cache_resource(max_entries=128, show_spinner=False)
def _all_labels(_view: View, key: Key, feature_id: int) -> list[dict[str, Any]]:
    assert _view.features is not None
    return features.all_labels(_view, feature_id)


def feature_map(view: View) -> pa.Table | None:
    """`features.feature_map`; None where the decoder directions are not kept."""
    if not features.has_directions(view):
        return None
    return _feature_map(view, view.key("features"), tuple(sorted(view.labels.items())))


@st.cache_resource(max_entries=4, show_spinner=False)
def _feature_map(_view: View, key: Key, labels: tuple[tuple[int, str], ...]) -> pa.Table:
    assert _view.features is not None
    return features.feature_map(_view, dict(labels))


def picked_for(view: View, feature_id: int, threshold: float) -> list[rankings.Pick]:
    """`rankings.selections_of_feature` of every stored selection of these samples."""
    key = (*view.key("activations"), *(run.id for run in view.selections))
    return _picked_for(view, key, feature_id, round(threshold, 6))


@st.cache_resource(max_entries=128, show_spinner=False)
def _picked_for(_view: View, key: Key, feature_id: int, threshold: float) -> list[rankings.Pick]:
    assert _view.activations is not None
    return rankings.selections_of_feature(_view, feature_id, threshold)


def length_profile(view: View, feature_id: int, threshold: float) -> list[tuple[float, float, int, int]]:
    """`occurrences.length_profile` of the newest extraction."""
    return _length_profile(view, view.key("activations"), feature_id, round(threshold, 6))


@st.cache_resource(max_entries=128, show_spinner=False)
def _length_profile(_view: View, key: Key, feature_id: int, threshold: float) -> list[tuple[float, float, int, int]]:
    assert _view.activations is not None
    return occurrences.length_profile(_view, feature_id, threshold)


def weights(view: View, threshold: float) -> nearest.Weights:
    """`nearest.weigh` of the responses' feature sets."""
    return _weights(view, view.key("samples", "activations"), round(threshold, 6))


@st.cache_resource(max_entries=3, show_spinner=False)
def _weights(_view: View, key: Key, threshold: float) -> nearest.Weights:
    return nearest.weigh(cache.feature_sets(_view, threshold, "response"))


def alike(
    view: View, wanted: tuple[int, ...], threshold: float, *, leave_out: int | None = None, keep: int = 40
) -> nearest.Nearest:
    """Rows whose responses share most features with the features `wanted`."""
    sets = cache.feature_sets(view, threshold, "response")
    found = np.asarray(wanted, dtype=np.int64)
    return nearest.by_overlap(sets, weights(view, threshold), found, keep=keep, leave_out=leave_out)


def vectors(view: View) -> np.ndarray | None:
    """Unit vectors of every row, of the newest embedding; None where there is none."""
    return _vectors(view, view.key("samples", "embeddings")) if view.embeddings is not None else None


@st.cache_resource(max_entries=2, show_spinner=False)
def _vectors(_view: View, key: Key) -> np.ndarray:
    from explorer.queries.vectors import load_vectors

    assert _view.embeddings is not None
    return load_vectors(_view.embeddings, _view.rows)


def of_cluster(view: View, cluster: str) -> tuple[int, ...]:
    """Features that set a cluster's responses apart from the rest, clearest first."""
    _, _, found = compared(view, f"cluster:{cluster}", groups.REST, view.threshold, "response")
    return tuple(int(feature) for feature in found.strongest(more_in_a=True))


def fitting(view: View, asked: features.FeatureQuery) -> np.ndarray:
    """Ids of every feature that fits a query."""
    assert view.features is not None
    table, _ = features.feature_index(view, replace(asked, limit=1 << 30, offset=0))
    return table["feature_id"].to_numpy()


def among(ids: pa.ChunkedArray, wanted: np.ndarray) -> pa.Array:
    """Mask of the `ids` that are `wanted`."""
    return pa.array(np.isin(ids.to_numpy(), wanted))


def texts(view: View, ids: tuple[int, ...]) -> list[tuple[int, str]]:
    """(row, prompt and response) of some rows, long ones cut."""
    pairs = samples.texts(view, ids)
    return [(row, f"{prompt} {response}"[:20_000]) for row, (prompt, response) in zip(ids, pairs, strict=True)]


def held_by(view: View, sample_id: int) -> list[dict[str, Any]]:
    """`rankings.selections_of_sample`: the stored selections that hold a row."""
    return _held_by(view, (*view.key("samples"), *(run.id for run in view.selections)), sample_id)


@st.cache_resource(max_entries=128, show_spinner=False)
def _held_by(_view: View, key: Key, sample_id: int) -> list[dict[str, Any]]:
    return rankings.selections_of_sample(_view, sample_id)


def added(view: View, run_id: str, rank: int, threshold: float) -> int:
    """How many features of a pick's response no earlier pick of the selection has."""
    sets = cache.feature_sets(view, threshold, "response")
    ids = cache.picks(view, run_id)["sample_id"].to_numpy()
    covered = np.zeros(sets.width, dtype=bool)
    covered[sets.take(ids[:rank]).indices] = True
    return int((~covered[sets.row(int(ids[rank]))]).sum())
