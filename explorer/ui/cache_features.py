"""Cached reads of the feature browser: differences between groups, nearest rows. As in `explorer.ui.cache`."""

# ruff: noqa: ARG001

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.features import groups
from explorer.features.contrast import Contrast, contrast
from explorer.features.groups import Group
from explorer.pipeline.differences import group_pair
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
    assert _view.samples is not None
    return groups.choices(_view.store, _view.samples, _view.clusters)


def compared(view: View, a: str, b: str, threshold: float, segment: str) -> tuple[Group, Group, Contrast]:
    """Both groups and what separates them; an InputError where a key means nothing here."""
    assert view.samples is not None
    kept = marks.read(view.store, view.samples).sets
    sets = tuple((key, kept.get(key.removeprefix("set:"))) for key in (a, b) if key.startswith("set:"))
    key = (*view.key("samples", "activations", "clusters"), sets)
    return _compared(view, key, a, b, round(threshold, 6), segment)


@st.cache_resource(max_entries=32, show_spinner="Counting features in both groups …")
def _compared(_view: View, key: Key, a: str, b: str, threshold: float, segment: str) -> tuple[Group, Group, Contrast]:
    assert _view.samples is not None
    left, right = group_pair(_view.store, _view.samples, _view.clusters, a, b)
    return left, right, contrast(cache.feature_sets(_view, threshold, segment), left.ids, right.ids)
