"""Differences: the features that separate one group of rows from another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.features import user_labels
from explorer.features.contrast import contrast
from explorer.features.sets import check_threshold
from explorer.progress import Progress, silent
from explorer.queries import columns, groups
from explorer.queries.features import labels_of
from explorer.queries.sets import feature_sets
from explorer.workspace import Snapshot, Store


@dataclass(frozen=True)
class DifferencesResult:
    """`more_in_a`, `more_in_b`: the features of each side with the largest |z|: label, counts, shares, lift, z.

    `features_a`, `features_b` count the significant ones of each side (false discovery rate 5%).
    """

    a: str
    b: str
    rows_a: int
    rows_b: int
    rows_in_both: int
    threshold: float
    segment: str
    features_a: int
    features_b: int
    more_in_a: list[dict[str, Any]]
    more_in_b: list[dict[str, Any]]


def differences(
    store: Store,
    a: str,
    b: str = groups.REST,
    *,
    threshold: float | None = None,
    segment: str = "response",
    equal_length: bool = False,
    limit: int = 20,
    progress: Progress = silent,
) -> DifferencesResult:
    """Compare two groups of rows (keys of `explorer.queries.groups`) by the features they have.

    `equal_length` weights the rows of `b` to the response lengths of `a`: see `explorer.features.contrast`.
    """
    snapshot = Snapshot.newest(store)
    activations = snapshot.require("activations")
    cut = check_threshold(snapshot.threshold if threshold is None else threshold)
    progress("differences", 0, 2, "reading")
    sets = feature_sets(snapshot, threshold=cut, segment=segment)
    left, right = groups.pair(snapshot, a, b)
    lengths = columns.response_tokens(snapshot).astype(np.float64) if equal_length else None
    result = contrast(sets, left.ids, right.ids, lengths=lengths)
    progress("differences", 1, 2, "labels")
    sides = [result.strongest(more_in_a=side, limit=limit) for side in (True, False)]
    labels: dict[int, str] = {}
    if snapshot.features is not None:
        ids = [int(number) for side in sides for number in side]
        labels = labels_of(snapshot, ids, user_labels.read(store, activations))
    tables = [
        [
            {
                "feature_id": int(i),
                "label": labels.get(int(i)),
                "n_a": int(result.n_a[i]),
                "n_b": int(result.n_b[i]),
                "share_a": float(result.share_a[i]),
                "share_b": float(result.share_b[i]),
                "lift": float(result.lift[i]),
                "log_odds": float(result.log_odds[i]),
                "z": float(result.z[i]),
            }
            for i in side
        ]
        for side in sides
    ]
    progress("differences", 2, 2)
    return DifferencesResult(
        a=left.name,
        b=right.name,
        rows_a=len(left),
        rows_b=len(right),
        rows_in_both=result.shared,
        threshold=cut,
        segment=segment,
        features_a=len(result.strongest(more_in_a=True)),
        features_b=len(result.strongest(more_in_a=False)),
        more_in_a=tables[0],
        more_in_b=tables[1],
    )
