"""Saved selections: the rows in pick order, and which selections hold a row or a feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.queries.columns import read_table
from explorer.workspace import Artifact, Snapshot


@dataclass(frozen=True)
class Pick:
    """A feature in a saved selection: number of picks that have it, and the first of them in pick order."""

    run: Artifact
    rows: int
    first_rank: int
    sample_id: int
    gain: float


def picks(run: Artifact) -> pa.Table:
    """The ranking of a saved selection (`records.RANKING`), first pick first."""
    return read_table(run, ["rank", "sample_id", "gain", "round"]).sort_by("rank")


def read_ranking(run: Artifact) -> NDArray[np.int64]:
    """The sample ids of a saved selection in pick order, int64 [n]."""
    return read_table(run, ["rank", "sample_id"]).sort_by("rank").column("sample_id").to_numpy()


def selections_of_sample(snapshot: Snapshot, sample_id: int) -> list[dict[str, Any]]:
    """The saved selections that hold a sample, with its rank, gain and round in each."""
    holding = []
    for run in snapshot.selections:
        query = f"SELECT rank, gain, round FROM {snapshot.store.scan(run)} WHERE sample_id = ?"
        for rank, gain, turn in snapshot.store.sql(query, [sample_id]).fetchall():
            holding.append({"run": run, "rank": int(rank), "gain": float(gain), "round": int(turn)})
    return holding


def selections_of_feature(snapshot: Snapshot, feature_id: int, threshold: float) -> list[Pick]:
    """The saved selections with a response that has the feature, each with its first such pick."""
    runs, store = snapshot.selections, snapshot.store
    if not runs:
        return []
    union = " UNION ALL ".join(
        f"SELECT {number} AS run, sample_id, rank, gain FROM {store.scan(run)}" for number, run in enumerate(runs)
    )
    rows = store.sql(
        f"""WITH present AS (SELECT sample_id FROM {store.scan(snapshot.require("activations"), "by_feature")}
                             WHERE feature_id = ? AND segment = 'response' AND max_act > ?)
        SELECT run, count(*), min(rank), arg_min(sample_id, rank), arg_min(gain, rank)
        FROM ({union}) JOIN present USING (sample_id) GROUP BY run ORDER BY run""",
        [feature_id, threshold],
    ).fetchall()
    return [Pick(runs[run], int(n), int(rank), int(row), float(gain)) for run, n, rank, row, gain in rows]
