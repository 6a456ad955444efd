"""Maps and clusters: places of the rows, cluster cards and labels, and the features that a cluster has more of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.queries.columns import read_column, read_table
from explorer.workspace import Artifact, Snapshot


def places(snapshot: Snapshot, projection: Artifact) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """X and y of every sample on a map, float32 [N] each, by sample id."""
    return read_column(projection, "x", snapshot.rows), read_column(projection, "y", snapshot.rows)


def cluster_cards(snapshot: Snapshot) -> pa.Table:
    """Name, size, words, lengths and mean distance of every cluster, largest first."""
    store, clusters = snapshot.store, snapshot.require("clusters")
    return store.sql(
        f"""SELECT k.cluster, k.name, k.size, k.words, median(s.response_tokens) AS median_tokens,
                   avg(c.distance) AS mean_distance
            FROM {store.scan(clusters, "cards")} k JOIN {store.scan(clusters)} c USING (cluster)
            JOIN {snapshot.samples_sql()} s USING (sample_id)
            GROUP BY ALL ORDER BY k.size DESC, k.cluster"""
    ).to_arrow_table()


def cluster_names(clusters: Artifact) -> list[str]:
    """The name of every cluster, by cluster."""
    return read_table(clusters, ["cluster", "name"], "cards").sort_by("cluster").column("name").to_pylist()


def label_places(snapshot: Snapshot, projection: Artifact) -> list[tuple[float, float, str]]:
    """The median place and the name of every cluster, largest first."""
    store, clusters = snapshot.store, snapshot.require("clusters")
    rows = store.sql(
        f"SELECT median(p.x), median(p.y), k.name FROM {store.scan(projection)} p "
        f"JOIN {store.scan(clusters)} c USING (sample_id) JOIN {store.scan(clusters, 'cards')} k USING (cluster) "
        "GROUP BY k.cluster, k.name, k.size ORDER BY k.size DESC, k.cluster"
    ).fetchall()
    return [(float(x), float(y), str(name)) for x, y, name in rows]


def over_represented(snapshot: Snapshot, cluster: int, *, threshold: float, top: int) -> pa.Table:
    """Features most over-represented in the responses of one cluster: feature_id, label, share, n, lift.

    `share` is of the cluster's rows, `lift` = share / share of all rows. Ordered by share * log2(lift), so that neither
    a feature of one row nor one that every row has comes first; ties: smaller feature id.
    """
    store, clusters = snapshot.store, snapshot.require("clusters")
    return store.sql(
        f"""WITH present AS (
              SELECT p.feature_id, count(*) AS everywhere, count(*) FILTER (WHERE c.cluster = $1) AS n
              FROM {store.scan(snapshot.require("activations"), "by_sample")} p
              JOIN {store.scan(clusters)} c USING (sample_id)
              WHERE p.segment = 'response' AND p.max_act > $2 GROUP BY p.feature_id),
            own AS (SELECT greatest(count(*), 1) AS size FROM {store.scan(clusters)} WHERE cluster = $1)
        SELECT p.feature_id, f.label, p.n, p.n / own.size AS share, (p.n / own.size) / (p.everywhere / $3) AS lift
        FROM present p, own LEFT JOIN {store.scan(snapshot.require("features"))} f ON f.feature_id = p.feature_id
        WHERE p.n > 0 AND (p.n / own.size) > (p.everywhere / $3)
        ORDER BY share * log2(lift) DESC, p.feature_id LIMIT {int(top)}""",
        [cluster, threshold, float(snapshot.rows)],
    ).to_arrow_table()
