"""Length: the longest-response analysis on the samples of a workspace."""

from __future__ import annotations

import numpy as np

from explorer.errors import refuse
from explorer.features.sets import check_threshold
from explorer.length import analysis
from explorer.length.analysis import Analysis, Counts, Inputs
from explorer.length.result import LengthResult
from explorer.length.statistics import Floats, Groups, Ints
from explorer.progress import Progress, silent
from explorer.queries import columns
from explorer.queries.maps import cluster_names
from explorer.queries.samples import texts
from explorer.queries.sets import feature_sets
from explorer.workspace import Snapshot, Store


def length(
    store: Store,
    *,
    threshold: float | None = None,
    segment: str = "response",
    seed: int = 0,
    progress: Progress = silent,
) -> LengthResult:
    """Analyse response length against active features. Nothing is stored.

    Args:
        store: The workspace.
        threshold: Activations above it count; None means the default of the extraction.
        segment: Whose features count: 'response', 'prompt' or 'all'.
        seed: Of bootstrap resamples and random selections.
        progress: Called with the step that begins.

    Raises:
        InputError: a bad threshold or segment, or fewer than 3 samples.
        MissingStep: there is no extraction.
    """
    return LengthResult.of(analyse(store, threshold=threshold, segment=segment, seed=seed, progress=progress))


def analyse(
    store: Store,
    *,
    threshold: float | None = None,
    segment: str = "response",
    seed: int = 0,
    progress: Progress = silent,
) -> Analysis:
    """Do the analysis of `length` and return its arrays, for plots."""
    progress("length", 0, 5, "reading")
    snapshot = Snapshot.newest(store)
    default = snapshot.threshold
    level = check_threshold(default if threshold is None else threshold)
    sets = feature_sets(snapshot, threshold=0.0, segment=segment)
    if sets.n < 3:
        refuse("the length analysis needs at least 3 samples", got=sets.n)
    counts = Counts.of(sets, segment, default, threshold=level)

    def score(ids: Ints) -> Floats:
        return repetition(snapshot, ids)

    return analysis.analyse(read(snapshot), sets, counts, level, score, seed=seed, progress=progress)


def read(snapshot: Snapshot) -> Inputs:
    """Read the response lengths and the groups (source, cluster); a factor with one group is left out."""
    samples, rows = snapshot.require("samples"), snapshot.rows
    groups = {"source": Groups.of(columns.read_column(samples, "source", rows, missing="").tolist())}
    if snapshot.clusters is not None:
        groups["cluster"] = Groups(columns.clusters(snapshot).astype(np.int64), cluster_names(snapshot.clusters))
    return Inputs(
        tokens=columns.response_tokens(snapshot).astype(np.int64),
        characters=columns.response_characters(snapshot),
        groups={factor: named for factor, named in groups.items() if len(named.names) > 1},
    )


def repetition(snapshot: Snapshot, ids: Ints) -> Floats:
    """Repetition part of the heuristic score of some responses, in the order of `ids`; 1 means no repetition."""
    from explorer.quality.heuristic_parts import repetition as score

    return np.array([score(response) for _, response in texts(snapshot, ids)], dtype=float)
