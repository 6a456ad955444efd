"""Rows of the dataset: one row, pages of rows, their features and texts, and a summary of the dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.queries.columns import IN_ORDER
from explorer.queries.features import feature_table
from explorer.queries.occurrences import segment_condition
from explorer.workspace import Snapshot


def sample(snapshot: Snapshot, sample_id: int) -> dict[str, Any] | None:
    """One row with its token counts; None where there is no such sample."""
    query = f"FROM {snapshot.samples_sql()} WHERE sample_id = ?"
    rows = snapshot.store.sql(query, [sample_id]).to_arrow_table().to_pylist()
    return rows[0] if rows else None


def sample_features(
    snapshot: Snapshot, sample_id: int, threshold: float, segment: str, labels: Mapping[int, str]
) -> pa.Table:
    """The features of one sample above the threshold, strongest first, with how common each is in the dataset."""
    features, values = feature_table(snapshot, labels, threshold)
    pairs = snapshot.store.scan(snapshot.require("activations"), "by_sample")
    return snapshot.store.sql(
        f"SELECT p.feature_id, f.label, max(p.max_act) AS max_act, sum(p.n_tokens)::INTEGER AS n_tokens, f.share, "
        f"f.length_corr FROM {pairs} p JOIN {features} f USING (feature_id) "
        f"WHERE p.sample_id = ? AND p.max_act > ? AND {segment_condition(segment)} "
        "GROUP BY ALL ORDER BY max_act DESC, p.feature_id",
        [*values, sample_id, threshold],
    ).to_arrow_table()


def rows(
    snapshot: Snapshot, ids: Sequence[int] | None, *, search: str = "", limit: int, offset: int = 0
) -> tuple[pa.Table, int]:
    """A page of rows in the order of `ids` (None: all, in source order), and the total number of matching rows."""
    store = snapshot.store
    where, values = "true", []
    if search.strip():
        where = "contains(lower(concat_ws(' ', s.prompt, s.response, s.source)), ?)"
        values.append(search.strip().lower())
    order = "s.sample_id"
    source = f"{snapshot.samples_sql()} s"
    if ids is not None:
        source += f" JOIN {IN_ORDER} USING (sample_id)"
        values = [np.asarray(ids, dtype=np.int64).tolist(), *values]
        order = "place"
    cluster = "NULL::VARCHAR"
    if snapshot.clusters is not None:
        source += f" LEFT JOIN {store.scan(snapshot.clusters)} c USING (sample_id) "
        source += f"LEFT JOIN {store.scan(snapshot.clusters, 'cards')} k USING (cluster)"
        cluster = "k.name"
    table = store.sql(
        f"SELECT s.sample_id, left(s.prompt, 240) AS prompt, left(s.response, 240) AS response, s.response_tokens, "
        f"s.source, {cluster} AS cluster, count(*) OVER () AS total FROM {source} WHERE {where} "
        f"ORDER BY {order} LIMIT ? OFFSET ?",
        [*values, limit, offset],
    ).to_arrow_table()
    total = int(table["total"][0].as_py()) if table.num_rows else 0
    return table.drop_columns(["total"]), total


def texts(snapshot: Snapshot, ids: Sequence[int] | NDArray[np.int64] | None = None) -> list[tuple[str, str]]:
    """Prompt and response of every sample by sample id, or of `ids`, in that order."""
    scan = snapshot.store.scan(snapshot.require("samples"))
    if ids is None:
        relation = snapshot.store.sql(f"SELECT prompt, response FROM {scan} ORDER BY sample_id")
    else:
        relation = snapshot.store.sql(
            f"SELECT prompt, response FROM {scan} JOIN {IN_ORDER} USING (sample_id) ORDER BY place",
            [np.asarray(ids, dtype=np.int64).tolist()],
        )
    return [(prompt or "", response or "") for prompt, response in relation.fetchall()]


def summary(snapshot: Snapshot) -> dict[str, Any]:
    """Counts and quantiles of the dataset: rows, tokens, characters, duplicates, sources."""
    source = snapshot.samples_sql()
    relation = snapshot.store.sql(
        f"""SELECT count(*) AS rows, sum(response_tokens) AS response_tokens, sum(prompt_tokens) AS prompt_tokens,
                   median(response_tokens) AS median_tokens, quantile_cont(response_tokens, 0.95) AS p95_tokens,
                   median(response_chars) AS median_chars, sum(truncated::INTEGER) AS truncated,
                   count(duplicate_of) AS duplicates, count(DISTINCT source) AS sources FROM {source}"""
    )
    values: dict[str, Any] = dict(zip(relation.columns, relation.fetchall()[0], strict=True))
    values["by_source"] = snapshot.store.sql(
        f"SELECT source, count(*) AS n FROM {source} GROUP BY source ORDER BY n DESC, source LIMIT 12"
    ).fetchall()
    return values
