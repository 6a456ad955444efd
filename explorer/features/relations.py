"""DuckDB queries behind the feature page: who points the same way, every label, the map, and who was picked for it.

As in `explorer.features.browse`: values reach SQL as parameters, `threshold` is the activation that does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from explorer.features.browse import labelled
from explorer.workspace import Artifact, Store


@dataclass(frozen=True)
class Pick:
    """How a stored selection treats one feature: rows of it that have it, and the first of them in pick order."""

    run: Artifact
    rows: int
    first_rank: int
    sample_id: int
    gain: float


def has_directions(features: Artifact) -> bool:
    """Whether decoder directions are kept with these features."""
    return bool(features.manifest.info.get("directions"))


def same_direction(store: Store, features: Artifact, feature_id: int, labels: Mapping[int, str]) -> pa.Table:
    """Features whose decoder rows have the largest cosine with this one's: feature_id, label, share, cosine."""
    base, values = labelled(store, features, labels)
    return store.sql(
        f"""WITH near AS (SELECT unnest(near) AS feature_id, unnest(cosine) AS cosine
                          FROM {store.scan(features, "directions")} WHERE feature_id = ?)
        SELECT n.feature_id, f.label, f.share, n.cosine FROM near n JOIN {base} f USING (feature_id)
        ORDER BY n.cosine DESC, n.feature_id""",
        [feature_id, *values],
    ).to_arrow_table()


def all_labels(store: Store, features: Artifact, feature_id: int) -> list[dict[str, Any]]:
    """Every label that is known of a feature, with who made it and its score; the one in use first."""
    if not features.files("labels"):
        return []
    return (
        store.sql(
            f'SELECT source, label, score, "by" FROM {store.scan(features, "labels")} WHERE feature_id = ?',
            [feature_id],
        )
        .to_arrow_table()
        .to_pylist()
    )


def feature_map(store: Store, features: Artifact, labels: Mapping[int, str]) -> pa.Table:
    """Every active feature with its place on the map: feature_id, x, y, label, label_source, share, length_corr."""
    base, values = labelled(store, features, labels)
    return store.sql(
        f"""SELECT f.feature_id, d.x, d.y, f.label, f.label_source, f.share, f.length_corr
        FROM {base} f JOIN {store.scan(features, "directions")} d USING (feature_id)
        WHERE d.x IS NOT NULL ORDER BY f.feature_id""",
        values or None,
    ).to_arrow_table()


def picked_for(
    store: Store, activations: Artifact, runs: Sequence[Artifact], feature_id: int, threshold: float
) -> list[Pick]:
    """Return the stored selections that have rows with the feature in the response, each with its first such pick."""
    if not runs:
        return []
    union = " UNION ALL ".join(
        f"SELECT {number} AS run, sample_id, rank, gain FROM {store.scan(run)}" for number, run in enumerate(runs)
    )
    found = store.sql(
        f"""WITH mine AS (SELECT sample_id FROM {store.scan(activations, "by_feature")}
                          WHERE feature_id = ? AND segment = 'response' AND max_act > ?)
        SELECT run, count(*), min(rank), arg_min(sample_id, rank), arg_min(gain, rank)
        FROM ({union}) JOIN mine USING (sample_id) GROUP BY run ORDER BY run""",
        [feature_id, threshold],
    ).fetchall()
    return [Pick(runs[run], int(n), int(rank), int(row), float(gain)) for run, n, rank, row, gain in found]


def length_profile(
    store: Store, activations: Artifact, feature_id: int, threshold: float, bins: int = 10
) -> list[tuple[float, float, int, int]]:
    """Share of responses that have the feature by length: (from, to, rows, rows with it) of equal-sized bins."""
    return [
        (float(low), float(high), int(rows), int(having))
        for low, high, rows, having in store.sql(
            f"""WITH mine AS (SELECT sample_id FROM {store.scan(activations, "by_feature")}
                              WHERE feature_id = ? AND segment = 'response' AND max_act > ?),
            cut AS (SELECT sample_id, response_tokens, ntile(?) OVER (ORDER BY response_tokens, sample_id) AS bin
                    FROM {store.scan(activations, "tokens")})
            SELECT min(response_tokens), max(response_tokens), count(*), count(m.sample_id)
            FROM cut LEFT JOIN mine m USING (sample_id) GROUP BY bin ORDER BY bin""",
            [feature_id, threshold, bins],
        ).fetchall()
    ]
