"""Compare: metrics of saved selections side by side, and their overlap."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from explorer.errors import refuse
from explorer.pipeline.pool import LoadedPool, find_inputs, read_pool
from explorer.pipeline.select import Ranked, rank
from explorer.progress import Progress, silent
from explorer.queries.sets import feature_sets
from explorer.selection.methods import METHODS
from explorer.selection.metrics import Metrics, coverage_curve, jaccard, measure, seed_stability
from explorer.selection.spec import SelectionSpec
from explorer.workspace import Artifact, Snapshot, Store


@dataclass(frozen=True)
class RunReport:
    """One selection: its description, its metrics, and the mean Jaccard over seeds (None if not requested)."""

    artifact: str
    name: str
    method: str
    budget: str
    seed: int | None
    metrics: Metrics
    seed_stability: float | None = None


@dataclass(frozen=True)
class Overlap:
    """Two selections: number of samples in both, and their share of the samples in either."""

    a: str
    b: str
    rows: int
    jaccard: float


@dataclass(frozen=True)
class CompareResult:
    """Selections measured at one threshold and segment, so that their coverage can be compared."""

    runs: list[RunReport]
    overlaps: list[Overlap]
    threshold: float | None
    segment: str
    clusters: str | None
    quality: str | None


def compare(
    store: Store,
    runs: Sequence[str],
    *,
    threshold: float | None = None,
    segment: str = "response",
    seeds: int = 0,
    progress: Progress = silent,
) -> CompareResult:
    """Measure saved selections of the newest dataset.

    Args:
        store: The workspace.
        runs: Ids or names of selections, one or more.
        threshold: Features count above it, the same for all; None means the default of the extraction.
        segment: Whose features count.
        seeds: 2 or more: rank again with the seeds 0 to `seeds` - 1 and report how much the results agree.
        progress: Called with the step and its progress.

    Raises:
        InputError: an unknown selection, or one of another dataset.
    """
    if not runs:
        refuse("which selections?", allowed="one or more names or ids")
    if seeds < 0 or seeds == 1:
        refuse("invalid number of seeds", got=seeds, allowed="0, or 2 or more")
    snapshot = Snapshot.newest(store)
    loaded, selections = _pool(snapshot, runs, threshold, segment)
    rankings = loaded.pool.runs
    reports: list[RunReport] = []
    for number, (run, ranking) in enumerate(zip(selections, rankings, strict=True)):
        progress("compare", number, len(selections), run.manifest.name or run.id)
        metrics = measure(loaded.pool, ranking)
        stability = _stability(store, run, seeds) if seeds else None
        parameters = run.manifest.parameters
        reports.append(
            RunReport(
                artifact=run.ref,
                name=run.manifest.name,
                method=str(parameters.get("method", "")),
                budget=str(parameters.get("budget", "")),
                seed=parameters.get("seed"),
                metrics=metrics,
                seed_stability=stability,
            )
        )
    overlaps = []
    for (a, left), (b, right) in itertools.combinations(zip(selections, rankings, strict=True), 2):
        shared = len(np.intersect1d(left, right))
        overlaps.append(Overlap(a.ref, b.ref, shared, jaccard(left, right)))
    progress("compare", len(selections), len(selections))
    return CompareResult(
        runs=reports,
        overlaps=overlaps,
        threshold=loaded.threshold,
        segment=segment,
        clusters=snapshot.clusters.ref if snapshot.clusters is not None else None,
        quality=snapshot.quality.ref if snapshot.quality is not None else None,
    )


def run_metrics(snapshot: Snapshot, run: str, *, threshold: float, segment: str) -> Metrics:
    """Every metric of one saved selection."""
    pool = _pool(snapshot, [run], threshold, segment)[0].pool
    return measure(pool, pool.runs[0])


def _pool(
    snapshot: Snapshot, runs: Sequence[str], threshold: float | None, segment: str
) -> tuple[LoadedPool, tuple[Artifact, ...]]:
    """Read the pool that selections are measured on, their rankings included; also return the selections."""
    inputs = find_inputs(snapshot, frozenset(), references=tuple(dict.fromkeys(runs)))
    inputs = replace(inputs, clusters=snapshot.clusters, quality=snapshot.quality)
    return read_pool(inputs, frozenset(), threshold=threshold, segment=segment), inputs.runs


def seed_band(
    snapshot: Snapshot, run: Artifact, *, seeds: int, threshold: float, segment: str, progress: Progress = silent
) -> tuple[np.ndarray, np.ndarray] | None:
    """Lowest and highest coverage (shares, float [n]) after 1..n picks over the seeds 0 to `seeds` - 1 of `run`.

    None for a method that does not depend on the seed. Features count above `threshold` in `segment`.
    """
    if run.manifest.parameters.get("method") not in METHODS or not METHODS[run.manifest.parameters["method"]].seeded:
        return None
    shares = []
    for seed in range(seeds):
        progress("seeds", seed, seeds, run.manifest.name)
        ranked = _again(snapshot.store, run, seed)
        sets = ranked.pool.features
        if (threshold, segment) != (ranked.threshold, run.manifest.parameters["segment"]) or sets is None:
            sets = feature_sets(snapshot, threshold=threshold, segment=segment)
        curve = coverage_curve(sets, ranked.ranking.positions)
        shares.append(curve.covered / max(1, curve.present))
    shortest = min(map(len, shares))
    by_seed = np.array([share[:shortest] for share in shares])
    return by_seed.min(axis=0), by_seed.max(axis=0)


def _stability(store: Store, run: Artifact, seeds: int) -> float:
    return seed_stability([_again(store, run, seed).ranking.positions for seed in range(seeds)])


def _again(store: Store, run: Artifact, seed: int) -> Ranked:
    """Rank as `run` was ranked, with another seed."""
    return rank(store, replace(SelectionSpec.from_manifest(run.manifest.parameters), seed=seed))
