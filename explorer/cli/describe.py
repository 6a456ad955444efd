"""Verbs that describe a dataset: label, embed, cluster, project, score, length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from explorer.cli.options import JsonOption, ProgressOption, ReportOptions, WorkspaceOption
from explorer.cli.output import aligned, emit, open_store, progress_printer
from explorer.options.verbs import (
    ClusterOptions,
    EmbedOptions,
    LabelOptions,
    LengthOptions,
    ProjectOptions,
    ScoreOptions,
)

if TYPE_CHECKING:
    from pathlib import Path

    from explorer.length.analysis import Stop
    from explorer.workspace import Store


def label(
    workspace: WorkspaceOption, options: LabelOptions, json: JsonOption = False, progress: ProgressOption = "auto"
) -> None:
    """Describe and label every feature. Adds statistics, context words, directions and the logit lens."""
    from explorer.pipeline.label import label as run

    emit(run(open_store(workspace), options, progress=progress_printer(progress)), as_json=json)


def embed(
    workspace: WorkspaceOption, options: EmbedOptions, json: JsonOption = False, progress: ProgressOption = "auto"
) -> None:
    """Give every sample a unit-norm vector."""
    from explorer.pipeline.embed import embed as run

    emit(run(open_store(workspace), options, progress=progress_printer(progress)), as_json=json)


def cluster(
    workspace: WorkspaceOption, options: ClusterOptions, json: JsonOption = False, progress: ProgressOption = "auto"
) -> None:
    """Cluster the samples by k-means. `--k auto` chooses k by silhouette and inertia and shows why."""
    from explorer.pipeline.cluster import cluster as run

    emit(run(open_store(workspace), options, progress=progress_printer(progress)), as_json=json)


def project(
    workspace: WorkspaceOption, options: ProjectOptions, json: JsonOption = False, progress: ProgressOption = "auto"
) -> None:
    """Place the samples on a two-dimensional map."""
    from explorer.pipeline.project import project as run

    emit(run(open_store(workspace), options, progress=progress_printer(progress)), as_json=json)


def score(
    workspace: WorkspaceOption, options: ScoreOptions, json: JsonOption = False, progress: ProgressOption = "auto"
) -> None:
    """Score the quality of every sample. Failed scores are missing and counted."""
    from explorer.pipeline.score import score as run

    emit(run(open_store(workspace), options, progress=progress_printer(progress)), as_json=json)


def length(
    workspace: WorkspaceOption,
    options: LengthOptions,
    html: ReportOptions,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Explain why selecting the longest responses works. Compares length with the number of active features."""
    from dataclasses import asdict
    from pathlib import Path

    from explorer.exports import atomic
    from explorer.length.result import LengthResult
    from explorer.pipeline.length import analyse

    target = Path(html.report) if html.report else None
    if target is not None:
        atomic.check(target, overwrite=html.overwrite)
    store = open_store(workspace)
    analysis = analyse(store, **vars(options), progress=progress_printer(progress))
    result = asdict(LengthResult.of(analysis))
    if target is not None:
        _report(store, result, analysis.at, target, overwrite=html.overwrite)
        result["report"] = str(target)
    emit(result, as_json=json, lines=lambda: _length(result))


def _length(result: dict[str, Any]) -> list[str]:
    """The correlations with their intervals, then the written summary."""
    kinds = ("pearson", "spearman")
    rows = [[kind.capitalize(), *(result[f"{kind}{end}"] for end in ("", "_low", "_high"))] for kind in kinds]
    scope = f"{result['samples']:,} rows, features of the {result['segment']} above {result['threshold']:g}"
    report = [f"report  {result['report']}"] if "report" in result else []
    table = aligned(["length against features", "r", "95% low", "95% high"], rows)
    return [scope, *table, result["summary"], *report]


def _report(store: Store, result: dict[str, Any], at: Stop, target: Path, *, overwrite: bool) -> None:
    from explorer.figures import length_report
    from explorer.figures import report as html
    from explorer.queries.columns import first_words
    from explorer.workspace import Snapshot

    words = first_words(Snapshot.newest(store)).fill_null("").to_pylist()
    source = at.inputs.groups.get("source")
    groups = None
    if source is not None:
        source = source.largest_first()
        groups = source.codes, source.names
    html.write(
        target,
        "Why does length work?",
        length_report.blocks(result, at.inputs.tokens, at.features, words, groups),
        subtitle=f"{store.name}, {len(words):,} rows",
        overwrite=overwrite,
    )


VERBS = (label, embed, cluster, project, score, length)
