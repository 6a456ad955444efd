"""Cached reads of evaluations. As in `explorer.ui.cache`: immutable results, bounded, keyed by id."""

# ruff: noqa: ARG001

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.ui.context import View
from explorer.workspace import Artifact

Key = tuple[Any, ...]


def training_curves(view: View, chosen: Artifact) -> dict[str, list[list[float]]]:
    """Training losses of an evaluation: by arm key, the optimiser steps of each seed."""
    return _training_curves(view, chosen, (*view.key("samples"), chosen.id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _training_curves(_view: View, _chosen: Artifact, key: Key) -> dict[str, list[list[float]]]:
    store = _view.store
    query = f"SELECT arm, training FROM {store.scan(_chosen, 'trials')} WHERE arm <> '' ORDER BY arm, seed"
    found: dict[str, list[list[float]]] = {}
    for arm, losses in store.sql(query).fetchall():
        found.setdefault(arm, []).append(list(losses))
    return found
