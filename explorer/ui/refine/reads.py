"""Cached reads of refinements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from explorer.queries import maps
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
    store = view.store
    rows = store.sql(f"SELECT iteration, cluster, weight FROM {store.scan(artifact, 'weights')}").fetchall()
    weights = np.zeros((max(row[0] for row in rows) + 1, max(row[1] for row in rows) + 1))
    for iteration, cluster, weight in rows:
        weights[iteration, cluster] = weight
    weights.flags.writeable = False
    batches = store.sql(
        "SELECT b.iteration, b.sample_id, b.cluster, b.reward, b.gold, b.generated, b.factor, b.problem, "
        "left(b.answer, 600) AS answer, left(s.prompt, 400) AS prompt, left(s.response, 600) AS response "
        f"FROM {store.scan(artifact, 'batches')} b JOIN {store.scan(view.require('samples'))} s USING (sample_id) "
        "ORDER BY b.iteration, b.sample_id"
    ).to_arrow_table()
    clusters = store.resolve("clusters", artifact.manifest.inputs["clusters"])
    return Refinement(weights, batches, tuple(maps.cluster_names(clusters)))
