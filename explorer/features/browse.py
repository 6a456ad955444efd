"""DuckDB queries behind the feature and sample pages: a workspace in, Arrow tables or plain values out.

Text of the dataset and what the user typed reach SQL as `?` parameters only; column names come from closed lists here.
`threshold` is the smallest activation that does not count: a feature is present where `max_act > threshold`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from explorer.errors import refuse
from explorer.workspace import Artifact, Snapshot, Store

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
    (|r| of at least `LENGTHY`), `ids` the only features wanted; `contexts` also searches the strongest contexts.
    """

    search: str = ""
    order: str = "share"
    descending: bool = True
    min_share: float = 0.0
    max_share: float = 1.0
    source: str = ""
    lengthy: int = 0
    ids: Sequence[int] | None = None
    contexts: Artifact | None = None
    limit: int = 25
    offset: int = 0
    labels: Mapping[int, str] = field(default_factory=dict)


def labelled(store: Store, features: Artifact, labels: Mapping[int, str]) -> tuple[str, list[Any]]:
    """Return the features table with the user's labels on top, as a subquery and its parameters."""
    base = store.scan(features)
    if not labels:
        return f"(FROM {base})", []
    query = (
        "(SELECT f.* REPLACE (coalesce(u.label, f.label) AS label, "
        "CASE WHEN u.label IS NULL THEN f.label_source ELSE 'user' END AS label_source) "
        f"FROM {base} f LEFT JOIN (SELECT unnest(?::INTEGER[]) AS feature_id, unnest(?::VARCHAR[]) AS label) u "
        "USING (feature_id))"
    )
    return query, [list(labels), list(labels.values())]


def feature_index(store: Store, features: Artifact, query: FeatureQuery) -> tuple[pa.Table, int]:
    """One page of the index and the number of features that fit `query`; active features come before dead ones."""
    if query.order not in ORDERS:
        refuse("unknown order", got=query.order, allowed=list(ORDERS))
    base, values = labelled(store, features, query.labels)
    where, more = _where(store, query)
    values += more
    direction = "DESC" if query.descending else "ASC"
    table = store.sql(
        "SELECT feature_id, label, label_source, share, n_samples, density, max_act, mean_act, length_corr, "
        f"list_slice(words, 1, 6) AS words, count(*) OVER () AS total FROM {base} WHERE {where} "
        f"ORDER BY n_tokens = 0, {ORDERS[query.order]} {direction} NULLS LAST, feature_id LIMIT ? OFFSET ?",
        [*values, query.limit, query.offset],
    ).to_arrow_table()
    total = table["total"][0].as_py() if table.num_rows else 0
    return table.drop_columns(["total"]), int(total)


def _where(store: Store, query: FeatureQuery) -> tuple[str, list[Any]]:
    """Return the condition of a query and its parameters."""
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
        held = f"contains(lower({text}), ?)"
        values.append(word)
        if query.contexts is not None:
            held += (
                f" OR feature_id IN (SELECT feature_id FROM {store.scan(query.contexts, 'evidence')} "
                "WHERE kind = 'top' AND contains(lower(array_to_string(tokens, '')), ?))"
            )
            values.append(word)
        where += f" AND ({held})"
    return where, values


def feature(store: Store, features: Artifact, feature_id: int, labels: Mapping[int, str]) -> dict[str, Any] | None:
    """Everything the features table says of one feature; None where there is no such feature."""
    base, values = labelled(store, features, labels)
    rows = store.sql(f"FROM {base} WHERE feature_id = ?", [*values, feature_id]).to_arrow_table().to_pylist()
    return rows[0] if rows else None


def feature_neighbours(
    store: Store, features: Artifact, query: FeatureQuery, feature_id: int
) -> tuple[int | None, int | None]:
    """Return the features before and after `feature_id` in the order of `query` (its search and page ignored)."""
    direction = "DESC" if query.descending else "ASC"
    order = f"n_tokens = 0, {ORDERS[query.order]} {direction} NULLS LAST, feature_id"
    found = store.sql(
        f"SELECT before, after FROM (SELECT feature_id, lag(feature_id) OVER w AS before, "
        f"lead(feature_id) OVER w AS after FROM {store.scan(features)} WINDOW w AS (ORDER BY {order})) "
        "WHERE feature_id = ?",
        [feature_id],
    ).fetchall()
    return found[0] if found else (None, None)


def landscape(store: Store, features: Artifact, labels: Mapping[int, str]) -> pa.Table:
    """Every active feature with what the overview plots: share, mean activation, r with length, label."""
    base, values = labelled(store, features, labels)
    return store.sql(
        "SELECT feature_id, label, share, mean_act, max_act, density, length_corr "
        f"FROM {base} WHERE n_samples > 0 ORDER BY feature_id",
        values or None,
    ).to_arrow_table()


def labels_of(store: Store, features: Artifact, ids: Sequence[int], labels: Mapping[int, str]) -> dict[int, str]:
    """Return the label of each of `ids`."""
    base, values = labelled(store, features, labels)
    rows = store.sql(
        f"SELECT feature_id, label FROM {base} WHERE feature_id IN (SELECT unnest(?::INTEGER[]))", [*values, list(ids)]
    ).fetchall()
    return {int(number): str(label) for number, label in rows}


def evidence(store: Store, activations: Artifact, feature_id: int, kind: str) -> list[dict[str, Any]]:
    """Return the stored examples of one feature, `kind` 'top' or 'quantile', strongest first."""
    return (
        store.sql(
            f"SELECT sample_id, segment, max_act, peak, tokens, activations FROM {store.scan(activations, 'evidence')} "
            "WHERE feature_id = ? AND kind = ? ORDER BY rank",
            [feature_id, kind],
        )
        .to_arrow_table()
        .to_pylist()
    )


def _segment(segment: str) -> str:
    if segment not in ("response", "prompt", "all"):
        refuse("unknown segment", got=segment, allowed=["response", "prompt", "all"])
    return "true" if segment == "all" else f"segment = '{segment}'"


def feature_values(store: Store, activations: Artifact, feature_id: int, segment: str) -> pa.Table:
    """(sample_id, max_act) of every sample where the feature is active at all in `segment`."""
    return store.sql(
        f"SELECT sample_id, max(max_act) AS max_act FROM {store.scan(activations, 'by_feature')} "
        f"WHERE feature_id = ? AND {_segment(segment)} GROUP BY sample_id ORDER BY sample_id",
        [feature_id],
    ).to_arrow_table()


def co_occurring(
    store: Store, activations: Artifact, features: Artifact, feature_id: int, threshold: float, limit: int = 12
) -> pa.Table:
    """Features that share responses with this one more than chance: lift = P(g | f) / P(g), strongest first.

    Ranked by the cosine of presence, n_both / sqrt(n_f n_g), so that a rare accident does not lead the list. Reads at
    most 2,000 responses of the feature (its strongest).
    """
    return store.sql(
        f"""WITH mine AS (
              SELECT sample_id FROM {store.scan(activations, "by_feature")}
              WHERE feature_id = $1 AND segment = 'response' AND max_act > $2
              ORDER BY max_act DESC, sample_id LIMIT 2000),
            together AS (
              SELECT p.feature_id, count(*) AS both_n FROM {store.scan(activations, "by_sample")} p
              WHERE p.segment = 'response' AND p.max_act > $2 AND p.feature_id <> $1
                AND p.sample_id IN (SELECT sample_id FROM mine)
              GROUP BY p.feature_id)
        SELECT t.feature_id, f.label, t.both_n,
               (t.both_n / (SELECT count(*) FROM mine)) / nullif(f.share, 0) AS lift,
               t.both_n / sqrt((SELECT count(*) FROM mine) * greatest(f.n_samples, t.both_n)) AS cosine
        FROM together t JOIN {store.scan(features)} f USING (feature_id)
        WHERE t.both_n > 1 ORDER BY cosine DESC, t.feature_id LIMIT {int(limit)}""",
        [feature_id, threshold],
    ).to_arrow_table()


def feature_groups(
    store: Store, activations: Artifact, clusters: Artifact | None, feature_id: int, threshold: float
) -> tuple[pa.Table | None, pa.Table]:
    """Where the feature lives: per cluster and per source (name, n with it, size, share of the group, lift)."""
    samples = Snapshot.newest(store).require("samples")
    mine = (
        f"SELECT DISTINCT sample_id FROM {store.scan(activations, 'by_feature')} "
        "WHERE feature_id = ? AND segment = 'response' AND max_act > ?"
    )

    def table(groups: str) -> pa.Table:
        return store.sql(
            f"""WITH mine AS ({mine}), g AS ({groups})
            SELECT g.key, any_value(g.name) AS name, count(m.sample_id) AS n, count(*) AS size,
                   count(m.sample_id) / count(*) AS share,
                   (count(m.sample_id) / count(*)) / nullif((SELECT count(*) FROM mine) / (SELECT count(*) FROM g), 0)
                     AS lift
            FROM g LEFT JOIN mine m USING (sample_id) GROUP BY g.key HAVING count(m.sample_id) > 0
            ORDER BY share DESC, size DESC, key LIMIT 12""",
            [feature_id, threshold],
        ).to_arrow_table()

    by_source = table(f"SELECT sample_id, source AS key, source AS name FROM {store.scan(samples)}")
    if clusters is None:
        return None, by_source
    cards = f"{store.scan(clusters, 'cards')}"
    joined = f"{store.scan(clusters)} c LEFT JOIN {cards} k USING (cluster)"
    named = f"SELECT c.sample_id, c.cluster AS key, k.name FROM {joined}"
    return table(named), by_source


def feature_counts(store: Store, activations: Artifact, threshold: float, segment: str, samples: int) -> pa.Array:
    """Return int32 [samples], the number of features of each sample above the threshold, sample 0 first."""
    what = "count(DISTINCT feature_id)" if segment == "all" else "count(*)"
    table = store.sql(
        f"SELECT sample_id, {what}::INTEGER AS n FROM {store.scan(activations, 'by_sample')} "
        f"WHERE max_act > ? AND {_segment(segment)} GROUP BY sample_id",
        [threshold],
    ).to_arrow_table()
    counts = np.zeros(samples, dtype=np.int32)
    counts[table["sample_id"].to_numpy()] = table["n"].to_numpy()
    return pa.array(counts)


def sample(store: Store, sample_id: int) -> dict[str, Any] | None:
    """One row with its token counts; None where there is no such sample."""
    rows = (
        store.sql(f"FROM {Snapshot.newest(store).samples_sql()} WHERE sample_id = ?", [sample_id])
        .to_arrow_table()
        .to_pylist()
    )
    return rows[0] if rows else None


def sample_features(
    store: Store,
    activations: Artifact,
    features: Artifact,
    sample_id: int,
    threshold: float,
    segment: str,
    labels: Mapping[int, str],
) -> pa.Table:
    """Return the features of one sample above the threshold, strongest first, with how rare each is in the dataset."""
    base, values = labelled(store, features, labels)
    return store.sql(
        f"SELECT p.feature_id, f.label, max(p.max_act) AS max_act, sum(p.n_tokens)::INTEGER AS n_tokens, f.share, "
        f"f.length_corr FROM {store.scan(activations, 'by_sample')} p JOIN {base} f USING (feature_id) "
        f"WHERE p.sample_id = ? AND p.max_act > ? AND {_segment(segment)} "
        "GROUP BY ALL ORDER BY max_act DESC, p.feature_id",
        [*values, sample_id, threshold],
    ).to_arrow_table()


def sample_selections(store: Store, sample_id: int) -> list[dict[str, Any]]:
    """Return the stored selections of these samples that hold the sample, with its rank, gain and round."""
    found = []
    for run in Snapshot.newest(store).selections:
        query = f"SELECT rank, gain, round FROM {store.scan(run)} WHERE sample_id = ?"
        for rank, gain, turn in store.sql(query, [sample_id]).fetchall():
            found.append({"run": run, "rank": int(rank), "gain": float(gain), "round": int(turn)})
    return found


def rows(
    store: Store, clusters: Artifact | None, ids: Sequence[int] | None, *, search: str = "", limit: int, offset: int = 0
) -> tuple[pa.Table, int]:
    """Return a page of rows, in the order of `ids` (None: all, in source order), and how many rows there are."""
    where, values = "true", []
    if search.strip():
        where = "contains(lower(concat_ws(' ', s.prompt, s.response, s.source)), ?)"
        values.append(search.strip().lower())
    order = "s.sample_id"
    source = f"{Snapshot.newest(store).samples_sql()} s"
    if ids is not None:
        source += " JOIN (SELECT unnest(?::BIGINT[]) AS sample_id, generate_subscripts(?::BIGINT[], 1) AS place) i "
        source += "USING (sample_id)"
        values = [list(ids), list(ids), *values]
        order = "i.place"
    cluster = "NULL::VARCHAR"
    if clusters is not None:
        source += f" LEFT JOIN {store.scan(clusters)} c USING (sample_id) "
        source += f"LEFT JOIN {store.scan(clusters, 'cards')} k USING (cluster)"
        cluster = "k.name"
    table = store.sql(
        f"SELECT s.sample_id, left(s.prompt, 240) AS prompt, left(s.response, 240) AS response, s.response_tokens, "
        f"s.source, {cluster} AS cluster, count(*) OVER () AS total FROM {source} WHERE {where} "
        f"ORDER BY {order} LIMIT ? OFFSET ?",
        [*values, limit, offset],
    ).to_arrow_table()
    total = int(table["total"][0].as_py()) if table.num_rows else 0
    return table.drop_columns(["total"]), total


def cluster_cards(store: Store, clusters: Artifact) -> pa.Table:
    """Name, size, words, lengths and mean distance of every cluster, largest first."""
    return store.sql(
        f"""SELECT k.cluster, k.name, k.size, k.words, median(s.response_tokens) AS median_tokens,
                   avg(c.distance) AS mean_distance
            FROM {store.scan(clusters, "cards")} k JOIN {store.scan(clusters)} c USING (cluster)
            JOIN {Snapshot.newest(store).samples_sql()} s USING (sample_id)
            GROUP BY ALL ORDER BY k.size DESC, k.cluster"""
    ).to_arrow_table()


def dataset_summary(store: Store) -> dict[str, Any]:
    """Return counts and quantiles of the newest samples: rows, tokens, characters, duplicates, sources."""
    source = Snapshot.newest(store).samples_sql()
    relation = store.sql(
        f"""SELECT count(*) AS rows, sum(response_tokens) AS response_tokens, sum(prompt_tokens) AS prompt_tokens,
                   median(response_tokens) AS median_tokens, quantile_cont(response_tokens, 0.95) AS p95_tokens,
                   median(response_chars) AS median_chars, sum(truncated::INTEGER) AS truncated,
                   count(duplicate_of) AS duplicates, count(DISTINCT source) AS sources FROM {source}"""
    )
    summary: dict[str, Any] = dict(zip(relation.columns, relation.fetchall()[0], strict=True))
    summary["by_source"] = store.sql(
        f"SELECT source, count(*) AS n FROM {source} GROUP BY source ORDER BY n DESC, source LIMIT 12"
    ).fetchall()
    return summary


def lengths(store: Store) -> pa.Table:
    """(sample_id, prompt_tokens, response_tokens, response_chars, source), sample 0 first."""
    return store.sql(
        "SELECT sample_id, prompt_tokens, response_tokens, response_chars, source, left(prompt, 90) AS words "
        f"FROM {Snapshot.newest(store).samples_sql()} ORDER BY sample_id"
    ).to_arrow_table()


def at_page(query: FeatureQuery, page: int) -> FeatureQuery:
    """Return the same query at page `page`, counted from 1."""
    return replace(query, offset=(page - 1) * query.limit)


def cluster_rows(store: Store, clusters: Artifact, cluster: int) -> list[int]:
    """Return the samples of one cluster, nearest to its centre first."""
    found = store.sql(
        f"SELECT sample_id FROM {store.scan(clusters)} WHERE cluster = ? ORDER BY distance, sample_id", [cluster]
    )
    return [int(row[0]) for row in found.fetchall()]


def picks(store: Store, run: Artifact) -> pa.Table:
    """Return the ranking of a stored selection (`records.RANKING`), first pick first."""
    return store.sql(f"FROM {store.scan(run)} ORDER BY rank").to_arrow_table()


def cluster_of(store: Store, clusters: Artifact, samples: int) -> np.ndarray:
    """Return the cluster of each sample, int32 [samples], read-only; 0 where it has none."""
    table = store.sql(f"SELECT sample_id, cluster FROM {store.scan(clusters)}").to_arrow_table()
    found = np.zeros(samples, dtype=np.int32)
    found[table["sample_id"].to_numpy()] = table["cluster"].to_numpy()
    found.flags.writeable = False
    return found
