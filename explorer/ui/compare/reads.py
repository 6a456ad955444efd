"""Cached reads of the Compare page. As in `explorer.ui.cache`."""

# ruff: noqa: ARG001

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.ui.context import View

if TYPE_CHECKING:
    from explorer.selection.metrics import Metrics

Key = tuple[Any, ...]
SEEDS = 5


def metrics(view: View, run_id: str, threshold: float, segment: str) -> Metrics:
    """Every metric of a stored selection, at the threshold and segment of the page."""
    return _metrics(
        view, view.key("samples", "activations", "clusters", "quality"), run_id, round(threshold, 6), segment
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def _metrics(_view: View, key: Key, run_id: str, threshold: float, segment: str) -> Metrics:
    from explorer.pipeline.compare import run_metrics

    return run_metrics(_view, run_id, threshold=threshold, segment=segment)


def seed_band(view: View, run_id: str, threshold: float, segment: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Lowest and highest coverage over `SEEDS` seeds; None where the seed changes nothing."""
    return _seed_band(view, view.key("samples", "activations"), run_id, round(threshold, 6), segment)


@st.cache_resource(max_entries=32, show_spinner="Ranking with other seeds …")
def _seed_band(
    _view: View, key: Key, run_id: str, threshold: float, segment: str
) -> tuple[np.ndarray, np.ndarray] | None:
    from explorer.pipeline.compare import seed_band as band

    run = _view.store.resolve("selections", run_id)
    return band(_view, run, seeds=SEEDS, threshold=threshold, segment=segment)
