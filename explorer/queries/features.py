"""The feature table: the index that is searched and sorted, one feature, labels, and decoder directions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from explorer.errors import refuse
from explorer.workspace import Snapshot

ORDERS = {
    "share": "share",
    "strength": "max_act",
    "mean activation": "mean_act",
    "density": "density",
    "r with length": "length_corr",
    "number": "feature_id",
}
LENGTHY = 0.2  # |r| of presence and response length from which a feature counts as one of long or short responses


@dataclass(frozen=True)
class FeatureQuery:
    """Which features a page of the index shows: `search` matches labels and words, shares are of the responses.

    `source` is where the label is from (empty: anywhere), `lengthy` +1 or -1 for features of long or of short responses
    (|r| of at least `LENGTHY`), `ids` the only features wanted; `contexts` also searches the top activating contexts.
    Presence is counted at `threshold` (None: the default).
    """

    search: str = ""
    order: str = "share"
    descending: bool = True
    min_share: float = 0.0
    max_share: float = 1.0
    source: str = ""
    lengthy: int = 0
    ids: Sequence[int] | None = None
    contexts: bool = False
    limit: int = 25
    offset: int = 0
    labels: Mapping[int, str] = field(default_factory=dict)
    threshold: float | None = None

    def at_page(self, page: int) -> FeatureQuery:
        """The same query at page `page`, counted from 1."""
        return replace(self, offset=(page - 1) * self.limit)


def feature_table(
    snapshot: Snapshot, labels: Mapping[int, str], threshold: float | None = None
) -> tuple[str, list[Any]]:
    """The feature table as a subquery and its parameters: the user's labels on top, presence at `threshold`.

    The table stores presence (`n_samples`, `share`, `length_corr`) at the default threshold; another one is counted.
    """
    base, values = f"(FROM {snapshot.store.scan(snapshot.require('features'))})", []
    if threshold is not None and not math.isclose(threshold, snapshot.threshold, rel_tol=1e-6):
        base, values = _at_threshold(snapshot, base), [threshold]
    if labels:
        base = (
            "(SELECT f.* REPLACE (coalesce(u.label, f.label) AS label, "
            "CASE WHEN u.label IS NULL THEN f.label_source ELSE 'user' END AS label_source) "
            f"FROM {base} f LEFT JOIN (SELECT unnest(?::INTEGER[]) AS feature_id, unnest(?::VARCHAR[]) AS label) u "
            "USING (feature_id))"
        )
        values += [list(labels), list(labels.values())]
    return base, values


def _at_threshold(snapshot: Snapshot, table: str) -> str:
    """The feature table with presence counted above a threshold, its one parameter."""
    activations = snapshot.require("activations")
    pairs, tokens = (snapshot.store.scan(activations, name) for name in ("by_feature", "tokens"))
    return f"""(SELECT f.* REPLACE (
          coalesce(p.n, 0) AS n_samples, coalesce(p.n / d.n, 0) AS share,
          (p.total / d.n - p.n / d.n * d.mean) / nullif(sqrt(p.n / d.n * (1 - p.n / d.n)) * d.deviation, 0)
            AS length_corr)
        FROM {table} f LEFT JOIN (
          SELECT feature_id, count(*) AS n, sum(response_tokens) AS total FROM {pairs} JOIN {tokens} USING (sample_id)
          WHERE segment = 'response' AND max_act > ? GROUP BY feature_id) p USING (feature_id),
        (SELECT count(*) AS n, avg(response_tokens) AS mean, stddev_pop(response_tokens) AS deviation FROM {tokens}) d)
    """


def feature_index(snapshot: Snapshot, query: FeatureQuery) -> tuple[pa.Table, int]:
    """One page of the index and the number of features that match; active features come before dead ones."""
    base, values = feature_table(snapshot, query.labels, query.threshold)
    where, more = _where(snapshot, query)
    table = snapshot.store.sql(
        "SELECT * EXCLUDE (bin_edges, bin_counts, top_tokens, promoted, suppressed) "
        f"REPLACE (list_slice(words, 1, 6) AS words), count(*) OVER () AS total FROM {base} WHERE {where} "
        f"ORDER BY {_order(query)} LIMIT ? OFFSET ?",
        [*values, *more, query.limit, query.offset],
    ).to_arrow_table()
    total = table["total"][0].as_py() if table.num_rows else 0
    return table.drop_columns(["total"]), int(total)


def feature_neighbours(snapshot: Snapshot, query: FeatureQuery, feature_id: int) -> tuple[int | None, int | None]:
    """The features before and after `feature_id` in the order of `query` (its search and page ignored)."""
    base, values = feature_table(snapshot, {}, query.threshold)
    rows = snapshot.store.sql(
        "SELECT before, after FROM (SELECT feature_id, lag(feature_id) OVER w AS before, lead(feature_id) OVER w AS "
        f"after FROM {base} WINDOW w AS (ORDER BY {_order(query)})) WHERE feature_id = ?",
        [*values, feature_id],
    ).fetchall()
    return rows[0] if rows else (None, None)


def _order(query: FeatureQuery) -> str:
    if query.order not in ORDERS:
        refuse("unknown order", got=query.order, allowed=list(ORDERS))
    return f"n_tokens = 0, {ORDERS[query.order]} {'DESC' if query.descending else 'ASC'} NULLS LAST, feature_id"


def _where(snapshot: Snapshot, query: FeatureQuery) -> tuple[str, list[Any]]:
    """The condition of a query and its parameters."""
    where = "share BETWEEN ? AND ?"
    values: list[Any] = [query.min_share, query.max_share]
    if query.source:
        where += " AND label_source = ?"
        values.append(query.source)
    if query.lengthy:
        where += " AND length_corr * ? >= ?"
        values += [query.lengthy, LENGTHY]
    if query.ids is not None:
        where += " AND feature_id IN (SELECT unnest(?::INTEGER[]))"
        values.append(list(query.ids))
    text = "concat_ws(' ', label, array_to_string(words, ' '), array_to_string(top_tokens, ' '), feature_id)"
    for word in query.search.lower().split():
        matches = f"contains(lower({text}), ?)"
        values.append(word)
        if query.contexts:
            evidence = snapshot.store.scan(snapshot.require("activations"), "evidence")
            matches += (
                f" OR feature_id IN (SELECT feature_id FROM {evidence} "
                "WHERE kind = 'top' AND contains(lower(array_to_string(tokens, '')), ?))"
            )
            values.append(word)
        where += f" AND ({matches})"
    return where, values


def feature(
    snapshot: Snapshot, feature_id: int, labels: Mapping[int, str], threshold: float | None = None
) -> dict[str, Any] | None:
    """One feature's row of the feature table; None where there is no such feature."""
    base, values = feature_table(snapshot, labels, threshold)
    query = f"FROM {base} WHERE feature_id = ?"
    rows = snapshot.store.sql(query, [*values, feature_id]).to_arrow_table().to_pylist()
    return rows[0] if rows else None


def landscape(snapshot: Snapshot, labels: Mapping[int, str], threshold: float | None = None) -> pa.Table:
    """Every active feature with what the overview plots: share, mean activation, r with length, label."""
    base, values = feature_table(snapshot, labels, threshold)
    return snapshot.store.sql(
        "SELECT feature_id, label, share, mean_act, max_act, density, length_corr "
        f"FROM {base} WHERE n_samples > 0 ORDER BY feature_id",
        values or None,
    ).to_arrow_table()


def labels_of(snapshot: Snapshot, ids: Sequence[int], labels: Mapping[int, str]) -> dict[int, str]:
    """The label of each of `ids`."""
    base, values = feature_table(snapshot, labels)
    query = f"SELECT feature_id, label FROM {base} WHERE feature_id IN (SELECT unnest(?::INTEGER[]))"
    return {int(number): str(label) for number, label in snapshot.store.sql(query, [*values, list(ids)]).fetchall()}


def all_labels(snapshot: Snapshot, feature_id: int) -> list[dict[str, Any]]:
    """Every known label of a feature, with its source and score; the one in use first."""
    features = snapshot.require("features")
    if not features.files("labels"):
        return []
    query = f'SELECT source, label, score, "by" FROM {snapshot.store.scan(features, "labels")} WHERE feature_id = ?'
    return snapshot.store.sql(query, [feature_id]).to_arrow_table().to_pylist()


def has_directions(snapshot: Snapshot) -> bool:
    """Whether decoder directions are stored with the feature table."""
    return snapshot.features is not None and bool(snapshot.features.manifest.info.get("directions"))


def similar_directions(
    snapshot: Snapshot, feature_id: int, labels: Mapping[int, str], threshold: float | None = None
) -> pa.Table:
    """Features whose decoder rows have the largest cosine with this one's: feature_id, label, share, cosine."""
    base, values = feature_table(snapshot, labels, threshold)
    return snapshot.store.sql(
        f"""WITH near AS (SELECT unnest(near) AS feature_id, unnest(cosine) AS cosine
                          FROM {snapshot.store.scan(snapshot.require("features"), "directions")} WHERE feature_id = ?)
        SELECT n.feature_id, f.label, f.share, n.cosine FROM near n JOIN {base} f USING (feature_id)
        ORDER BY n.cosine DESC, n.feature_id""",
        [feature_id, *values],
    ).to_arrow_table()


def feature_map(snapshot: Snapshot, labels: Mapping[int, str], threshold: float | None = None) -> pa.Table:
    """Every active feature with its place on the map: feature_id, x, y, label, label_source, share, length_corr."""
    base, values = feature_table(snapshot, labels, threshold)
    return snapshot.store.sql(
        f"""SELECT f.feature_id, d.x, d.y, f.label, f.label_source, f.share, f.length_corr
        FROM {base} f JOIN {snapshot.store.scan(snapshot.require("features"), "directions")} d USING (feature_id)
        WHERE d.x IS NOT NULL ORDER BY f.feature_id""",
        values or None,
    ).to_arrow_table()
