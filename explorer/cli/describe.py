"""Verbs that describe what was extracted: label, embed, cluster, project, score, length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli.options import (
    EmbeddingOption,
    JsonOption,
    OverwriteReportOption,
    ParamOption,
    ProgressOption,
    ReportOption,
    SeedOption,
    SegmentOption,
    ThresholdOption,
    WorkspaceOption,
    parse_pairs,
)
from explorer.cli.output import aligned, emit, open_store, progress_printer

if TYPE_CHECKING:
    from pathlib import Path


def register(app: typer.Typer) -> None:
    """Add this module's verbs to `app`."""
    for verb in (label, embed, cluster, project, score, length):
        app.command()(verb)


def label(
    workspace: WorkspaceOption,
    model: Annotated[str, typer.Option(help="The model, for the logit lens.")] = "default",
    neuronpedia: Annotated[
        str, typer.Option(help="Explanations to import: an export file or folder, api, or MODEL/SOURCE.")
    ] = "",
    llm: Annotated[str, typer.Option(help="Base URL of an OpenAI-compatible endpoint that writes labels.")] = "",
    llm_model: Annotated[str, typer.Option(help="The model's name at that endpoint.")] = "",
    llm_features: Annotated[int | None, typer.Option(help="Only this many of the most common features.", min=1)] = None,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Describe every feature: statistics, words, directions, logit lens and a label."""
    from explorer.pipeline.label import label as run

    result = run(
        open_store(workspace),
        model=model,
        neuronpedia=neuronpedia,
        llm=llm,
        llm_model=llm_model,
        llm_features=llm_features,
        progress=progress_printer(progress),
    )
    emit(result, as_json=json)


def embed(
    workspace: WorkspaceOption,
    method: Annotated[str, typer.Option(help="lm-mean, sae-tfidf, or a sentence-embedding model.")] = "lm-mean",
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Give every sample a unit-norm vector."""
    from explorer.pipeline.embed import embed as run

    emit(run(open_store(workspace), method=method, progress=progress_printer(progress)), as_json=json)


def cluster(
    workspace: WorkspaceOption,
    k: Annotated[str, typer.Option(help="Number of clusters, or auto.")] = "auto",
    seed: SeedOption = 0,
    embedding: EmbeddingOption = "",
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Cluster the samples by k-means; `--k auto` chooses by silhouette and inertia and says why."""
    from explorer.pipeline.cluster import cluster as run

    store = open_store(workspace)
    emit(run(store, k=k, seed=seed, embedding=embedding, progress=progress_printer(progress)), as_json=json)


def project(
    workspace: WorkspaceOption,
    method: Annotated[str, typer.Option(help="umap, umap-features (no embedding), or pca.")] = "umap",
    seed: SeedOption = 0,
    embedding: EmbeddingOption = "",
    onto: Annotated[str, typer.Option(help="Place the samples on this map of others instead of drawing one.")] = "",
    param: ParamOption = None,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Lay the samples out on a 2-D map."""
    from explorer.pipeline.project import project as run

    params = parse_pairs(param)
    shown = progress_printer(progress)
    store = open_store(workspace)
    result = run(store, method=method, seed=seed, embedding=embedding, onto=onto, params=params, progress=shown)
    emit(result, as_json=json)


def score(
    workspace: WorkspaceOption,
    scorer: Annotated[
        str, typer.Option(help="heuristic, perplexity, ifd, reward-model, llm-judge, or a column of the data.")
    ] = "heuristic",
    param: ParamOption = None,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Score the quality of every sample; a score that failed is missing and counted."""
    from explorer.pipeline.score import score as run

    params = parse_pairs(param)
    emit(run(open_store(workspace), scorer=scorer, params=params, progress=progress_printer(progress)), as_json=json)


def length(
    workspace: WorkspaceOption,
    threshold: ThresholdOption = None,
    segment: SegmentOption = "response",
    report: ReportOption = "",
    overwrite: OverwriteReportOption = False,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Explain why picking the longest responses works: length against active features."""
    from dataclasses import asdict
    from pathlib import Path

    from explorer.exports import atomic
    from explorer.pipeline.length import length as run
    from explorer.pipeline.length import measure

    target = Path(report) if report else None
    if target is not None:
        atomic.check(target, overwrite=overwrite)
    store = open_store(workspace)
    measured = measure(store, threshold=threshold, segment=segment)
    result = asdict(
        run(store, threshold=threshold, segment=segment, measured=measured, progress=progress_printer(progress))
    )
    if target is not None:
        _report(store, result, measured, target, overwrite=overwrite)
        result["report"] = str(target)
    emit(result, as_json=json, lines=lambda: _length(result))


def _length(result: dict[str, Any]) -> list[str]:
    """The correlations with their intervals, then what they mean."""
    kinds = ("pearson", "spearman")
    rows = [[kind.capitalize(), *(result[f"{kind}{end}"] for end in ("", "_low", "_high"))] for kind in kinds]
    about = f"{result['samples']:,} samples, features of the {result['segment']} above {result['threshold']:g}"
    said = [f"report  {result['report']}"] if "report" in result else []
    return [about, *aligned(["length against features", "r", "95 % from", "to"], rows), result["summary"], *said]


def _report(store: Any, result: dict[str, Any], measured: Any, target: Path, *, overwrite: bool) -> None:
    from explorer.figures import length_report
    from explorer.figures import report as html
    from explorer.length.statistics import by_size, codes_of
    from explorer.queries.samples import lengths
    from explorer.workspace import Snapshot

    words = lengths(Snapshot.newest(store))["words"].fill_null("").to_pylist()
    places, names = by_size(*codes_of(measured.sources))
    source = (places, names) if len(names) > 1 else None
    counts = measured.count(result["threshold"])
    html.write(
        target,
        "Why does length work?",
        length_report.blocks(result, measured.tokens, counts, words, source),
        subtitle=f"{store.name}, {measured.sets.n:,} rows",
        overwrite=overwrite,
    )
