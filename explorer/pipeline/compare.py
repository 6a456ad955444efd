"""Compare: measure stored selections side by side, and how much they overlap."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from explorer.errors import refuse
from explorer.pipeline.pool import Gathered, gather, sources
from explorer.pipeline.select import Ranked, rank
from explorer.progress import Progress, silent
from explorer.queries.sets import feature_sets
from explorer.selection import METHODS, Rules
from explorer.selection.metrics import Metrics, coverage_curve, jaccard, measure, seed_stability
from explorer.workspace import Artifact, Snapshot, Store


@dataclass(frozen=True)
class RunReport:
    """One selection: what it is, its metrics, and the mean Jaccard over seeds (None where it was not asked for)."""

    artifact: str
    name: str
    method: str
    budget: str
    seed: int | None
    metrics: Metrics
    seed_stability: float | None = None


@dataclass(frozen=True)
class Overlap:
    """Two selections: samples in both, and that as a share of those in either."""

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
    """Measure stored selections of the newest samples.

    Args:
        store: The workspace.
        runs: Ids or names of selections, one or more.
        threshold: At which features count, the same for all; None means the default of the extraction.
        segment: Whose features count.
        seeds: 2 or more: select again with the seeds 0 to `seeds` - 1 and report how much the results agree.
        progress: Told how far it is.

    Raises:
        InputError: an unknown selection, or one of other samples.
    """
    if not runs:
        refuse("which selections?", allowed="one or more names or ids")
    if seeds < 0 or seeds == 1:
        refuse("the number of seeds cannot be used", got=seeds, allowed="0, or 2 or more")
    snapshot = Snapshot.newest(store)
    gathered, selections = _pool(snapshot, runs, threshold, segment)
    rankings = gathered.pool.runs
    reports: list[RunReport] = []
    for number, (run, ranking) in enumerate(zip(selections, rankings, strict=True)):
        progress("compare", number, len(selections), run.manifest.name or run.id)
        metrics = measure(gathered.pool, ranking)
        stability = _stability(store, run, seeds) if seeds else None
        about = run.manifest.parameters
        reports.append(
            RunReport(
                artifact=run.ref,
                name=run.manifest.name,
                method=str(about.get("method", "")),
                budget=str(about.get("budget", "")),
                seed=about.get("seed"),
                metrics=metrics,
                seed_stability=stability,
            )
        )
    overlaps = []
    for (a, left), (b, right) in itertools.combinations(zip(selections, rankings, strict=True), 2):
        both = len(np.intersect1d(left, right))
        overlaps.append(Overlap(a.ref, b.ref, both, jaccard(left, right)))
    progress("compare", len(selections), len(selections))
    return CompareResult(
        runs=reports,
        overlaps=overlaps,
        threshold=gathered.threshold,
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
) -> tuple[Gathered, tuple[Artifact, ...]]:
    """Read what selections are measured on, their rankings among it, and the selections."""
    found = sources(snapshot, frozenset(), references=tuple(dict.fromkeys(runs)))
    found = replace(found, clusters=snapshot.clusters, quality=snapshot.quality)
    return gather(found, frozenset(), threshold=threshold, segment=segment), found.runs


def seed_band(
    snapshot: Snapshot, run: Artifact, *, seeds: int, threshold: float, segment: str, progress: Progress = silent
) -> tuple[np.ndarray, np.ndarray] | None:
    """Lowest and highest coverage (shares, float [n]) after 1..n picks when `run` is made with seeds 0 to `seeds` - 1.

    None for a method whose ranking the seed does not change. Features above `threshold` in `segment` are counted.
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
    least = min(map(len, shares))
    every = np.array([share[:least] for share in shares])
    return every.min(axis=0), every.max(axis=0)


def _stability(store: Store, run: Artifact, seeds: int) -> float:
    return seed_stability([_again(store, run, seed).ranking.positions for seed in range(seeds)])


def _again(store: Store, run: Artifact, seed: int) -> Ranked:
    """Rank as `run` was ranked, with another seed."""
    about: dict[str, Any] = run.manifest.parameters
    return rank(
        store,
        about["method"],
        threshold=about["threshold"],
        segment=about["segment"],
        seed=seed,
        params=about["params"],
        budget=about["budget"],
        rules=Rules.read(about.get("rules", {})),
    )
