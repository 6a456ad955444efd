"""Where a feature occurs: stored contexts, rows, lengths, clusters and sources, and the features beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.queries.features import feature_table
from explorer.records import SEGMENTS
from explorer.workspace import Snapshot

RESPONSES = 2_000  # responses of a feature, at most, that co-occurring features are counted in


def segment_condition(segment: str) -> str:
    """The condition on the column `segment` for a WHERE clause."""
    if segment not in SEGMENTS:
        refuse("unknown segment", got=segment, allowed=SEGMENTS)
    return "true" if segment == "all" else f"segment = '{segment}'"


def evidence(snapshot: Snapshot, feature_id: int, kind: str) -> list[dict[str, Any]]:
    """The stored contexts of one feature, `kind` 'top' or 'quantile', strongest first."""
    query = (
        "SELECT sample_id, segment, max_act, peak, tokens, activations "
        f"FROM {_scan(snapshot, 'evidence')} WHERE feature_id = ? AND kind = ? ORDER BY rank"
    )
    return snapshot.store.sql(query, [feature_id, kind]).to_arrow_table().to_pylist()


def contexts_in(
    snapshot: Snapshot, feature_id: int, ids: NDArray[np.int64], segment: str, limit: int = 4
) -> list[dict[str, Any]]:
    """The stored contexts of a feature in rows `ids`, strongest first, a row once (columns as `evidence`)."""
    query = (
        f"SELECT sample_id, segment, max_act, peak, tokens, activations FROM {_scan(snapshot, 'evidence')} "
        f"WHERE feature_id = ? AND sample_id IN (SELECT unnest(?::BIGINT[])) AND {segment_condition(segment)} "
        "QUALIFY row_number() OVER (PARTITION BY sample_id ORDER BY max_act DESC, kind DESC) = 1 "
        "ORDER BY max_act DESC, sample_id LIMIT ?"
    )
    return snapshot.store.sql(query, [feature_id, ids, limit]).to_arrow_table().to_pylist()


def rows_in(
    snapshot: Snapshot, feature_id: int, ids: NDArray[np.int64] | Sequence[int], segment: str
) -> tuple[list[int], list[float]]:
    """Rows of `ids` where the feature is active at all in `segment`, strongest first, with that activation."""
    query = (
        f"SELECT sample_id, max(max_act) AS value FROM {_scan(snapshot, 'by_feature')} WHERE feature_id = ? "
        f"AND sample_id IN (SELECT unnest(?::BIGINT[])) AND {segment_condition(segment)} "
        "GROUP BY sample_id ORDER BY value DESC, sample_id"
    )
    rows = snapshot.store.sql(query, [feature_id, ids]).fetchall()
    return [int(row) for row, _ in rows], [float(value) for _, value in rows]


def feature_values(snapshot: Snapshot, feature_id: int, segment: str) -> pa.Table:
    """(sample_id, max_act) of every sample where the feature is active at all in `segment`."""
    query = (
        f"SELECT sample_id, max(max_act) AS max_act FROM {_scan(snapshot, 'by_feature')} "
        f"WHERE feature_id = ? AND {segment_condition(segment)} GROUP BY sample_id ORDER BY sample_id"
    )
    return snapshot.store.sql(query, [feature_id]).to_arrow_table()


def co_occurring(
    snapshot: Snapshot, feature_id: int, labels: Mapping[int, str], threshold: float, limit: int = 12
) -> pa.Table:
    """Features that share responses with this one more than chance: lift = P(g | f) / P(g), strongest first.

    Ranked by the cosine of presence, n_both / sqrt(n_f n_g), so that a rare accident does not lead the list. Reads the
    `RESPONSES` strongest responses of the feature at most.
    """
    features, values = feature_table(snapshot, labels, threshold)
    return snapshot.store.sql(
        f"""WITH present AS (
              SELECT sample_id FROM {_scan(snapshot, "by_feature")}
              WHERE feature_id = ? AND segment = 'response' AND max_act > ?
              ORDER BY max_act DESC, sample_id LIMIT {RESPONSES}),
            together AS (
              SELECT p.feature_id, count(*) AS both_n FROM {_scan(snapshot, "by_sample")} p
              WHERE p.segment = 'response' AND p.max_act > ? AND p.feature_id <> ?
                AND p.sample_id IN (SELECT sample_id FROM present)
              GROUP BY p.feature_id)
        SELECT t.feature_id, f.label, t.both_n,
               (t.both_n / (SELECT count(*) FROM present)) / nullif(f.share, 0) AS lift,
               t.both_n / sqrt((SELECT count(*) FROM present) * greatest(f.n_samples, t.both_n)) AS cosine
        FROM together t JOIN {features} f USING (feature_id)
        WHERE t.both_n > 1 ORDER BY cosine DESC, t.feature_id LIMIT {int(limit)}""",
        [feature_id, threshold, threshold, feature_id, *values],
    ).to_arrow_table()


def feature_groups(snapshot: Snapshot, feature_id: int, threshold: float) -> tuple[pa.Table | None, pa.Table]:
    """Where the feature occurs: per cluster and per source (name, n with it, size, share of the group, lift)."""
    store, clusters = snapshot.store, snapshot.clusters

    def table(groups: str) -> pa.Table:
        return store.sql(
            f"""WITH present AS (SELECT DISTINCT sample_id FROM {_scan(snapshot, "by_feature")}
                                 WHERE feature_id = ? AND segment = 'response' AND max_act > ?), g AS ({groups})
            SELECT g.key, any_value(g.name) AS name, count(m.sample_id) AS n, count(*) AS size,
                   count(m.sample_id) / count(*) AS share,
                   (count(m.sample_id) / count(*))
                     / nullif((SELECT count(*) FROM present) / (SELECT count(*) FROM g), 0) AS lift
            FROM g LEFT JOIN present m USING (sample_id) GROUP BY g.key HAVING count(m.sample_id) > 0
            ORDER BY share DESC, size DESC, key LIMIT 12""",
            [feature_id, threshold],
        ).to_arrow_table()

    samples = store.scan(snapshot.require("samples"))
    by_source = table(f"SELECT sample_id, source AS key, source AS name FROM {samples}")
    if clusters is None:
        return None, by_source
    joined = f"{store.scan(clusters)} c LEFT JOIN {store.scan(clusters, 'cards')} k USING (cluster)"
    return table(f"SELECT c.sample_id, c.cluster AS key, k.name FROM {joined}"), by_source


def length_profile(
    snapshot: Snapshot, feature_id: int, threshold: float, bins: int = 10
) -> list[tuple[float, float, int, int]]:
    """Share of responses that have the feature by length: (from, to, rows, rows with it) of equal-sized bins."""
    rows = snapshot.store.sql(
        f"""WITH present AS (SELECT sample_id FROM {_scan(snapshot, "by_feature")}
                             WHERE feature_id = ? AND segment = 'response' AND max_act > ?),
        binned AS (SELECT sample_id, response_tokens, ntile(?) OVER (ORDER BY response_tokens, sample_id) AS bin
                   FROM {_scan(snapshot, "tokens")})
        SELECT min(response_tokens), max(response_tokens), count(*), count(m.sample_id)
        FROM binned LEFT JOIN present m USING (sample_id) GROUP BY bin ORDER BY bin""",
        [feature_id, threshold, bins],
    ).fetchall()
    return [(float(low), float(high), int(n), int(having)) for low, high, n, having in rows]


def _scan(snapshot: Snapshot, table: str) -> str:
    return snapshot.store.scan(snapshot.require("activations"), table)
