"""The report of `compare --report FILE.html`: the Compare page's figures and tables in one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from explorer.errors import refuse
from explorer.figures import comparison as figures
from explorer.figures import report
from explorer.pipeline.compare import CompareResult, seed_band
from explorer.progress import Progress
from explorer.queries import columns
from explorer.queries.maps import cluster_cards
from explorer.queries.rankings import read_ranking
from explorer.queries.sets import feature_sets
from explorer.selection.metrics import coverage_curve
from explorer.workspace import Artifact, Snapshot, Store


def write(
    store: Store, compared: CompareResult, target: Path, *, seeds: int, overwrite: bool, progress: Progress
) -> None:
    """Write the comparison to `target`; with `seeds`, coverage has a band over the seeds 0 to `seeds` - 1.

    Raises:
        InputError: there is no extraction, or the file already exists.
    """
    if compared.threshold is None:
        refuse("a report needs an extraction, to count the covered features", allowed="run extract first")
    snapshot = Snapshot.newest(store)
    runs = [store.resolve("selections", run.artifact) for run in compared.runs]
    tokens = columns.response_tokens(snapshot)
    sides = _sides(snapshot, compared, runs, seeds, progress)
    groups = scores = None
    if snapshot.clusters is not None:
        groups = figures.Groups.read(cluster_cards(snapshot), columns.clusters(snapshot))
    if snapshot.quality is not None:
        scorer = str(snapshot.quality.manifest.parameters.get("scorer", ""))
        scores = columns.quality(snapshot).astype(np.float32), scorer
    plots = {"Coverage by number of rows": figures.coverage(sides)}
    plots |= figures.overlap(sides) if len(sides) > 1 else {}
    plots |= figures.profiles(sides, tokens, groups, scores)
    table = [
        figures.numbers(side.name, run, one.metrics) for side, run, one in zip(sides, runs, compared.runs, strict=True)
    ]
    note = figures.note(store.name, compared.threshold, compared.segment)
    under = f"{len(runs)} selections of {len(tokens):,} rows"
    report.write(
        target, figures.TITLE, figures.blocks(sides, runs, plots, table, note), subtitle=under, overwrite=overwrite
    )


def _sides(
    snapshot: Snapshot, compared: CompareResult, runs: list[Artifact], seeds: int, progress: Progress
) -> list[figures.Side]:
    assert compared.threshold is not None  # `write` refuses it
    counting = {"threshold": compared.threshold, "segment": compared.segment}
    sets = feature_sets(snapshot, **counting)
    sides = []
    for about, run in zip(compared.runs, runs, strict=True):
        rows = read_ranking(run)
        curve = coverage_curve(sets, rows)
        band = seed_band(snapshot, run, seeds=seeds, progress=progress, **counting) if seeds else None
        name = about.name or f"{about.method}, {about.budget}"
        sides.append(figures.Side(name, about.method, rows, curve.covered / max(1, curve.present), band))
    return sides
