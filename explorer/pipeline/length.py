"""Length: the longest-response analysis on the samples of a workspace."""

from __future__ import annotations

import numpy as np

from explorer.errors import refuse
from explorer.features.sets import check_threshold, load_sets
from explorer.length import analysis
from explorer.length.analysis import Analysis, Counts, Inputs
from explorer.length.result import LengthResult
from explorer.length.statistics import Floats, Groups, Ints
from explorer.progress import Progress, silent
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
    activations, rows = snapshot.require("activations"), snapshot.rows
    if rows < 3:
        refuse("the length analysis needs at least 3 samples", got=rows)
    sets = load_sets(store, activations, segment=segment, threshold=0.0, samples=rows)
    counts = Counts.of(sets, segment, default, threshold=level)

    def score(ids: Ints) -> Floats:
        return repetition(snapshot, ids)

    return analysis.analyse(read(snapshot), sets, counts, level, score, seed=seed, progress=progress)


def read(snapshot: Snapshot) -> Inputs:
    """Read the response lengths and the groups (source, cluster); a factor with one group is left out."""
    store, samples, activations = snapshot.store, snapshot.require("samples"), snapshot.require("activations")
    tokens, rows = store.scan(activations, "tokens"), store.scan(samples)
    table = store.sql(
        "SELECT coalesce(t.response_tokens, 0)::BIGINT AS tokens, s.response_chars AS chars, "
        f"coalesce(s.source, '') AS source FROM {rows} s LEFT JOIN {tokens} t USING (sample_id) ORDER BY sample_id"
    ).to_arrow_table()
    groups = {"source": Groups.of(table["source"].to_pylist())}
    if snapshot.clusters is not None:
        clusters = store.sql(f"SELECT cluster FROM {store.scan(snapshot.clusters)} ORDER BY sample_id").to_arrow_table()
        cards = store.sql(f"SELECT name FROM {store.scan(snapshot.clusters, 'cards')} ORDER BY cluster").fetchall()
        groups["cluster"] = Groups(clusters["cluster"].to_numpy().astype(np.int64), [name for (name,) in cards])
    return Inputs(
        tokens=table["tokens"].to_numpy().astype(np.int64),
        characters=table["chars"].to_numpy().astype(np.int64),
        groups={factor: named for factor, named in groups.items() if len(named.names) > 1},
    )


def repetition(snapshot: Snapshot, ids: Ints) -> Floats:
    """Repetition part of the heuristic score of some responses, in the order of `ids`; 1 means no repetition."""
    from explorer.quality.heuristic_parts import repetition as score

    store = snapshot.store
    responses = store.sql(
        f"SELECT s.response FROM {store.scan(snapshot.require('samples'))} s "
        "JOIN (SELECT unnest(?::BIGINT[]) AS sample_id, generate_subscripts(?::BIGINT[], 1) AS place) i "
        "USING (sample_id) ORDER BY i.place",
        [ids.tolist(), ids.tolist()],
    ).fetchall()
    return np.array([score(text or "") for (text,) in responses], dtype=float)
