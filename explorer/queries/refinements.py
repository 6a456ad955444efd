"""Refinements and evaluations: cluster weights, drawn rows and training losses."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.queries.columns import read_table
from explorer.workspace import Artifact, Snapshot


def cluster_weights(refinement: Artifact) -> NDArray[np.float64]:
    """The weight of every cluster after each iteration, float64 [iterations + 1, clusters]; row 0 is the start."""
    table = read_table(refinement, ["iteration", "cluster", "weight"], "weights")
    iteration, cluster, weight = (table.column(name).to_numpy() for name in table.column_names)
    weights = np.zeros((int(iteration.max()) + 1, int(cluster.max()) + 1))
    weights[iteration, cluster] = weight
    weights.flags.writeable = False
    return weights


def drawn_rows(snapshot: Snapshot, refinement: Artifact) -> pa.Table:
    """One row per drawn row, with the beginnings of its texts, its reward and the values behind it."""
    store = snapshot.store
    return store.sql(
        "SELECT b.iteration, b.sample_id, b.cluster, b.reward, b.gold, b.generated, b.factor, b.problem, "
        "left(b.answer, 600) AS answer, left(s.prompt, 400) AS prompt, left(s.response, 600) AS response "
        f"FROM {store.scan(refinement, 'batches')} b JOIN {store.scan(snapshot.require('samples'))} s "
        "USING (sample_id) ORDER BY b.iteration, b.sample_id"
    ).to_arrow_table()


def training_losses(snapshot: Snapshot, evaluation: Artifact) -> dict[str, list[list[float]]]:
    """The loss of each optimiser step: by arm, one list per seed."""
    trials = snapshot.store.scan(evaluation, "trials")
    query = f"SELECT arm, training FROM {trials} WHERE arm <> '' ORDER BY arm, seed"
    rows = snapshot.store.sql(query).fetchall()
    return {arm: [list(losses) for _, losses in seeds] for arm, seeds in groupby(rows, key=lambda row: row[0])}
