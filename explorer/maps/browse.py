"""DuckDB queries behind the map: a workspace in, arrays by sample_id or Arrow tables out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.workspace import Artifact, Snapshot, Store

WORDS = 90  # characters of a prompt that a hover shows


def places(store: Store, projection: Artifact, samples: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return x and y of every sample, float32 [samples] each, by sample_id; a sample without a place lies at 0."""
    table = store.sql(f"SELECT sample_id, x, y FROM {store.scan(projection)}").to_arrow_table()
    ids = table["sample_id"].to_numpy()
    found = []
    for name in ("x", "y"):
        column = np.zeros(samples, dtype=np.float32)
        column[ids] = table[name].to_numpy()
        column.flags.writeable = False
        found.append(column)
    return found[0], found[1]


def words(store: Store, ids: Sequence[int] | NDArray[np.int64] | None = None) -> pa.Array:
    """Return the first words of the prompts of all samples, by sample_id, or of `ids`, in that order."""
    first = f"left(prompt, {WORDS})"
    scan = store.scan(Snapshot.newest(store).require("samples"))
    if ids is None:
        found = store.sql(f"SELECT {first} AS words FROM {scan} ORDER BY sample_id").to_arrow_table()
    else:
        wanted = np.asarray(ids, dtype=np.int64).tolist()
        found = store.sql(
            f"SELECT {first} AS words FROM {scan} JOIN (SELECT unnest($1::BIGINT[]) AS sample_id, "
            "generate_subscripts($1::BIGINT[], 1) AS place) USING (sample_id) ORDER BY place",
            [wanted],
        ).to_arrow_table()
    column = found["words"].combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column


def response_tokens(store: Store, activations: Artifact, samples: int) -> NDArray[np.float32]:
    """Return the response tokens of each sample, float32 [samples]; NaN where none were counted."""
    return _by_sample(store, activations, "tokens", "response_tokens", samples)


def quality(store: Store, scores: Artifact, samples: int) -> NDArray[np.float32]:
    """Return the quality score of each sample, float32 [samples]; NaN where it failed."""
    return _by_sample(store, scores, "", "score", samples)


def distances(store: Store, clusters: Artifact, samples: int) -> NDArray[np.float32]:
    """Return the distance of each sample to the centre of its cluster, float32 [samples]."""
    return _by_sample(store, clusters, "", "distance", samples)


def _by_sample(store: Store, artifact: Artifact, table: str, column: str, samples: int) -> NDArray[np.float32]:
    found = store.sql(f"SELECT sample_id, {column}::FLOAT AS v FROM {store.scan(artifact, table)}").to_arrow_table()
    out = np.full(samples, np.nan, dtype=np.float32)
    out[found["sample_id"].to_numpy()] = found["v"].fill_null(float("nan")).to_numpy()
    out.flags.writeable = False
    return out


def sources(store: Store, samples: int) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    """Return the source of each sample as a code int16 [samples] and the names by code, most frequent first."""
    scan = store.scan(Snapshot.newest(store).require("samples"))
    names = store.sql(
        f"SELECT coalesce(source, '') AS name FROM {scan} GROUP BY ALL ORDER BY count(*) DESC, name LIMIT 32767"
    ).fetchall()
    table = store.sql(
        f"SELECT s.sample_id, n.code FROM {scan} s LEFT JOIN (SELECT unnest($1::VARCHAR[]) AS name, "
        "(generate_subscripts($1::VARCHAR[], 1) - 1)::SMALLINT AS code) n ON coalesce(s.source, '') = n.name",
        [[name for (name,) in names]],
    ).to_arrow_table()
    codes = np.full(samples, -1, dtype=np.int16)
    codes[table["sample_id"].to_numpy()] = table["code"].fill_null(-1).to_numpy()
    codes.flags.writeable = False
    return codes, tuple(name or "(none)" for (name,) in names)


def label_places(store: Store, projection: Artifact, clusters: Artifact) -> list[tuple[float, float, str]]:
    """Return the median place and the name of every cluster, largest first."""
    rows = store.sql(
        f"SELECT median(p.x), median(p.y), k.name FROM {store.scan(projection)} p "
        f"JOIN {store.scan(clusters)} c USING (sample_id) JOIN {store.scan(clusters, 'cards')} k USING (cluster) "
        "GROUP BY k.cluster, k.name, k.size ORDER BY k.size DESC, k.cluster"
    ).fetchall()
    return [(float(x), float(y), str(name)) for x, y, name in rows]


def over_represented(
    store: Store,
    activations: Artifact,
    features: Artifact,
    clusters: Artifact,
    cluster: int,
    *,
    threshold: float,
    top: int,
) -> pa.Table:
    """Features most over-represented in the responses of one cluster: feature_id, label, share, n, lift.

    `share` is of the cluster's rows, `lift` = share / share of all rows. Ordered by share * log2(lift), so that neither
    a feature of one row nor one that every row has comes first; ties: smaller feature id.
    """
    rows = Snapshot.newest(store).require("samples").manifest.rows["samples"]
    return store.sql(
        f"""WITH present AS (
              SELECT p.feature_id, count(*) AS everywhere, count(*) FILTER (WHERE c.cluster = $1) AS n
              FROM {store.scan(activations, "by_sample")} p JOIN {store.scan(clusters)} c USING (sample_id)
              WHERE p.segment = 'response' AND p.max_act > $2 GROUP BY p.feature_id),
            own AS (SELECT greatest(count(*), 1) AS size FROM {store.scan(clusters)} WHERE cluster = $1)
        SELECT p.feature_id, f.label, p.n, p.n / own.size AS share, (p.n / own.size) / (p.everywhere / $3) AS lift
        FROM present p, own LEFT JOIN {store.scan(features)} f ON f.feature_id = p.feature_id
        WHERE p.n > 0 AND (p.n / own.size) > (p.everywhere / $3)
        ORDER BY share * log2(lift) DESC, p.feature_id LIMIT {int(top)}""",
        [cluster, threshold, float(rows)],
    ).to_arrow_table()
