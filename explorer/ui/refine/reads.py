"""Cached reads of refinements and evaluations. As in `explorer.ui.cache`: immutable results, bounded, keyed by id."""

# ruff: noqa: ARG001

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.ui.context import View
from explorer.workspace import Artifact

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Refinement:
    """`weights` float64 [iterations + 1, clusters]; `batches` one row per drawn row, with its texts and reward."""

    weights: np.ndarray
    batches: pa.Table
    steps: pa.Table
    names: tuple[str, ...]


def stored(view: View, kind: str) -> list[Artifact]:
    """Refinements or evaluations of the newest samples, newest first."""
    return list(reversed(view.all(kind)))


def refinement(view: View, chosen: Artifact) -> Refinement:
    """Everything about one refinement that the page draws."""
    return _refinement(view, chosen, (*view.key("samples"), chosen.id))


@st.cache_resource(max_entries=8, show_spinner=False)
def _refinement(_view: View, _chosen: Artifact, key: Key) -> Refinement:
    store = _view.store
    rows = store.sql(f"SELECT iteration, cluster, weight FROM {store.scan(_chosen, 'weights')}").fetchall()
    table = np.zeros((max(r[0] for r in rows) + 1, max(r[1] for r in rows) + 1))
    for iteration, cluster, weight in rows:
        table[iteration, cluster] = weight
    table.flags.writeable = False
    clusters = store.resolve("clusters", _chosen.manifest.inputs["clusters"])
    cards = store.sql(f"SELECT cluster, name FROM {store.scan(clusters, 'cards')} ORDER BY cluster").fetchall()
    samples = store.resolve("samples", _chosen.manifest.inputs["samples"])
    batches = store.sql(
        "SELECT b.iteration, b.sample_id, b.cluster, b.reward, b.gold, b.generated, b.factor, b.problem, "
        "left(b.answer, 600) AS answer, left(s.prompt, 400) AS prompt, left(s.response, 600) AS response "
        f"FROM {store.scan(_chosen, 'batches')} b JOIN {store.scan(samples)} s USING (sample_id) "
        "ORDER BY b.iteration, b.sample_id"
    ).to_arrow_table()
    steps = store.sql(f"SELECT * FROM {store.scan(_chosen, 'steps')} ORDER BY iteration").to_arrow_table()
    return Refinement(table, batches, steps, tuple(f"{name}" for _, name in cards))


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
