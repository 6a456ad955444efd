"""Where a feature fires inside a group of rows: stored contexts first, then the strongest rows by their first words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.workspace import Artifact, Store


def contexts_in(
    store: Store, activations: Artifact, feature_id: int, ids: NDArray[np.int64], segment: str, limit: int = 4
) -> list[dict[str, Any]]:
    """Stored examples of a feature in rows `ids`, strongest first, a row once (as `browse.evidence` gives them)."""
    wanted = "" if segment == "all" else "AND segment = ?"
    values: list[Any] = [feature_id, ids, *([segment] if wanted else []), limit]
    return (
        store.sql(
            "SELECT sample_id, segment, max_act, peak, tokens, activations "
            f"FROM {store.scan(activations, 'evidence')} WHERE feature_id = ? "
            f"AND sample_id IN (SELECT unnest(?::BIGINT[])) {wanted} "
            "QUALIFY row_number() OVER (PARTITION BY sample_id ORDER BY max_act DESC, kind DESC) = 1 "
            "ORDER BY max_act DESC, sample_id LIMIT ?",
            values,
        )
        .to_arrow_table()
        .to_pylist()
    )


def rows_in(
    store: Store, activations: Artifact, feature_id: int, ids: NDArray[np.int64], segment: str
) -> tuple[list[int], list[float]]:
    """Rows of `ids` where the feature is active in `segment`, strongest first, with that activation."""
    wanted = "" if segment == "all" else "AND segment = ?"
    values: list[Any] = [feature_id, ids, *([segment] if wanted else [])]
    found = store.sql(
        f"SELECT sample_id, max(max_act) AS value FROM {store.scan(activations, 'by_feature')} WHERE feature_id = ? "
        f"AND sample_id IN (SELECT unnest(?::BIGINT[])) {wanted} GROUP BY sample_id ORDER BY value DESC, sample_id",
        values,
    ).fetchall()
    return [int(row) for row, _ in found], [float(value) for _, value in found]
