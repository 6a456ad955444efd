"""Cached reads of refinements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from explorer.queries import maps, refinements
from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.workspace import Artifact


@dataclass(frozen=True)
class Refinement:
    """`weights` float64 [iterations + 1, clusters]; `batches` one row per drawn row, with its texts and reward."""

    weights: np.ndarray
    batches: pa.Table
    names: tuple[str, ...]


@cached("samples", entries=8)
def refinement(view: View, artifact: Artifact) -> Refinement:
    """Everything about one refinement that the page draws."""
    clusters = view.store.resolve("clusters", artifact.manifest.inputs["clusters"])
    names = tuple(maps.cluster_names(clusters))
    return Refinement(refinements.cluster_weights(artifact), refinements.drawn_rows(view, artifact), names)
