"""Cached reads of the Compare page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.workspace import Artifact

if TYPE_CHECKING:
    from explorer.selection.metrics import Metrics

SEEDS = 5


@cached("samples", "activations", "clusters", "quality", entries=64)
def metrics(view: View, run: Artifact, threshold: float, segment: str) -> Metrics:
    """Every metric of a saved selection."""
    from explorer.pipeline.compare import run_metrics

    return run_metrics(view, run.id, threshold=threshold, segment=segment)


@cached("samples", "activations", entries=32, spinner="Ranking with other seeds …")
def seed_band(view: View, run: Artifact, threshold: float, segment: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Lowest and highest coverage over `SEEDS` seeds; None where the seed changes nothing."""
    from explorer.pipeline.compare import seed_band as band

    return band(view, run, seeds=SEEDS, threshold=threshold, segment=segment)
