"""Cached reads of the Rows page: similar rows, and the selections that hold a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from explorer.features import nearest
from explorer.queries import rankings, samples
from explorer.queries.vectors import load_vectors
from explorer.ui import cache
from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.workspace import Artifact


@cached("samples", "activations", entries=3)
def _weights(view: View, threshold: float) -> nearest.Weights:
    return nearest.weigh(cache.feature_sets(view, threshold, "response"))


def similar(
    view: View, features: np.ndarray, threshold: float, *, leave_out: int | None = None, keep: int = 40
) -> nearest.Nearest:
    """Rows whose responses share most of `features`, int [n]; rare ones count for more."""
    sets, ids = cache.feature_sets(view, threshold, "response"), np.asarray(features, dtype=np.int64)
    return nearest.by_overlap(sets, _weights(view, threshold), ids, keep=keep, leave_out=leave_out)


@cached("samples", "embeddings", entries=2)
def vectors(view: View) -> np.ndarray | None:
    """Unit vectors of every row, of the newest embedding; None where there is none."""
    return load_vectors(view.embeddings, view.rows) if view.embeddings is not None else None


@cached("samples", "selections", entries=128)
def selections_of(view: View, sample_id: int) -> tuple[dict[str, Any], ...]:
    """The saved selections that hold a row: `rankings.selections_of_sample`."""
    return tuple(rankings.selections_of_sample(view, sample_id))


def texts(view: View, ids: list[int]) -> list[tuple[int, str]]:
    """(row, prompt and response) of some rows, long ones cut."""
    pairs = samples.texts(view, ids)
    return [(row, f"{prompt} {response}"[:20_000]) for row, (prompt, response) in zip(ids, pairs, strict=True)]


def new_features(view: View, run: Artifact, rank: int, threshold: float) -> int:
    """How many features of a pick's response no earlier pick of the selection has."""
    sets = cache.feature_sets(view, threshold, "response")
    ids = cache.picks(view, run)["sample_id"].to_numpy()
    covered = np.zeros(sets.width, dtype=bool)
    covered[sets.take(ids[:rank]).indices] = True
    return int((~covered[sets.row(int(ids[rank]))]).sum())
