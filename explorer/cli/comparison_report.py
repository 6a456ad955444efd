"""What `compare --report FILE.html` writes: the Compare page's figures and tables as one file."""

from __future__ import annotations

from pathlib import Path

from explorer.errors import refuse
from explorer.features import browse
from explorer.features.sets import load_sets
from explorer.figures import comparison as figures
from explorer.figures import report
from explorer.maps.browse import quality
from explorer.pipeline.compare import CompareResult, seed_band
from explorer.progress import Progress
from explorer.selection.metrics import coverage_curve
from explorer.workspace import Artifact, Snapshot, Store


def write(
    store: Store, compared: CompareResult, target: Path, *, seeds: int, overwrite: bool, progress: Progress
) -> None:
    """Write the comparison to `target`; with `seeds`, coverage has a band over the seeds 0 to `seeds` - 1.

    Raises:
        InputError: no features to draw the coverage of, or a file that is there already.
    """
    if compared.threshold is None:
        refuse("a report draws the features that are covered", allowed="a workspace that `extract` has run on")
    runs = [store.resolve("selections", one.artifact) for one in compared.runs]
    tokens = browse.lengths(store)["response_tokens"].fill_null(0).to_numpy()
    sides = _sides(store, compared, runs, len(tokens), seeds, progress)
    groups = scores = None
    if compared.clusters is not None:
        clusters = store.resolve("clusters", compared.clusters)
        groups = figures.Groups.read(
            browse.cluster_cards(store, clusters), browse.cluster_of(store, clusters, len(tokens))
        )
    if compared.quality is not None:
        scored = store.resolve("quality", compared.quality)
        scores = quality(store, scored, len(tokens)), str(scored.manifest.parameters.get("scorer", ""))
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
    store: Store, compared: CompareResult, runs: list[Artifact], samples: int, seeds: int, progress: Progress
) -> list[figures.Side]:
    assert compared.threshold is not None  # the caller refuses without
    how = {"threshold": compared.threshold, "segment": compared.segment}
    sets = load_sets(store, Snapshot.newest(store).require("activations"), samples=samples, **how)
    found = []
    for about, run in zip(compared.runs, runs, strict=True):
        rows = browse.picks(store, run)["sample_id"].to_numpy()
        curve = coverage_curve(sets, rows)
        band = seed_band(store, run, seeds=seeds, progress=progress, **how) if seeds else None
        name = about.name or f"{about.method}, {about.budget}"
        found.append(figures.Side(name, about.method, rows, curve.covered / max(1, curve.present), band))
    return found
