"""Verbs that choose and compare subsets: select, compare, run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from explorer.cli.options import (
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


def register(app: typer.Typer) -> None:
    """Add this module's verbs to `app`."""
    app.command()(select)
    app.command()(compare)
    app.command("run")(run_recipe)


def select(
    method: Annotated[str, typer.Argument(help="sae-greedselect, sae-simscale, longest, random, kmq …")],
    workspace: WorkspaceOption,
    budget: Annotated[str, typer.Option(help="Rows (1000), a share (5%), or tokens (200000tok).")],
    threshold: ThresholdOption = None,
    segment: SegmentOption = "response",
    seed: SeedOption = 0,
    name: Annotated[str, typer.Option(help="A name for the selection.")] = "",
    param: ParamOption = None,
    pin: Annotated[str, typer.Option(help="Rows (sample ids) taken first, like 3,7,10-20.")] = "",
    ban: Annotated[str, typer.Option(help="Rows never taken, like 4,8.")] = "",
    within: Annotated[
        str, typer.Option(help="Only rows of set:NAME, run:ID, source:NAME, cluster:N, search:TEXT or ids:3,7-20.")
    ] = "",
    must_cover: Annotated[str, typer.Option(help="Features covered first, like 12,400.")] = "",
    exclude: Annotated[str, typer.Option(help="Features that never count, like 7,8.")] = "",
    min_per: Annotated[
        list[str] | None, typer.Option(help="At least so many rows of every source or cluster: source=20, cluster=5.")
    ] = None,
    marks: Annotated[bool, typer.Option(help="Obey the pins and bans set in the app.")] = True,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Choose a subset. An unknown method is refused with the list of all."""
    from explorer.pipeline.rules import rules_of
    from explorer.pipeline.select import select as run
    from explorer.workspace import Snapshot

    store = open_store(workspace)
    rules = rules_of(
        Snapshot.newest(store),
        pin=pin,
        ban=ban,
        within=within,
        must_cover=must_cover,
        exclude=exclude,
        min_per=min_per or (),
    )
    result = run(
        store,
        method,
        budget=budget,
        threshold=threshold,
        segment=segment,
        seed=seed,
        name=name,
        params=parse_pairs(param),
        rules=rules,
        with_marks=marks,
        progress=progress_printer(progress),
    )
    emit(result, as_json=json)


def compare(
    runs: Annotated[list[str], typer.Argument(help="One or more selections, by id or name; overlaps need two.")],
    workspace: WorkspaceOption,
    seeds: Annotated[int, typer.Option(help="2 or more: also say how much the results of so many seeds agree.")] = 0,
    report: ReportOption = "",
    overwrite: OverwriteReportOption = False,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Compare selections: coverage, redundancy, lengths, clusters, quality, overlap."""
    from dataclasses import asdict
    from pathlib import Path

    from explorer.cli import comparison_report
    from explorer.exports import atomic
    from explorer.pipeline.compare import compare as run

    target = Path(report) if report else None
    if target is not None:
        atomic.check(target, overwrite=overwrite)
    store, shown = open_store(workspace), progress_printer(progress)
    compared = run(store, runs, seeds=seeds, progress=shown)
    result = asdict(compared)
    if target is not None:
        comparison_report.write(store, compared, target, seeds=seeds, overwrite=overwrite, progress=shown)
        result["report"] = str(target)
    emit(result, as_json=json, lines=lambda: _comparison(result))


def _comparison(result: dict[str, Any]) -> list[str]:
    """A line for each selection, then one for each pair."""
    shown = ("rows", "coverage", "certificate", "redundancy", "tokens", "median_tokens", "clusters", "quality")
    stable = ["seed stability"] if any(run["seed_stability"] is not None for run in result["runs"]) else []
    header = ["selection", "method", *(name.replace("_", " ") for name in shown), *stable]
    rows = [
        [run["name"] or run["artifact"], run["method"], *(run["metrics"][name] for name in shown)]
        + [run["seed_stability"] for _ in stable]
        for run in result["runs"]
    ]
    called = {run["artifact"]: run["name"] or run["artifact"] for run in result["runs"]}
    pairs = [
        f"{called.get(pair['a'], pair['a'])} and {called.get(pair['b'], pair['b'])} share {pair['rows']:,} rows, "
        f"{pair['jaccard']:.1%} of those in either"
        for pair in result["overlaps"]
    ]
    said = [f"report  {result['report']}"] if "report" in result else []
    return [*aligned(header, rows), *pairs, *said]


def run_recipe(
    recipe: Annotated[str, typer.Argument(help="The .recipe.yaml beside an export.")],
    workspace: WorkspaceOption,
    source: Annotated[str | None, typer.Option(help="The dataset, where it lies elsewhere now.")] = None,
    model: Annotated[str | None, typer.Option(help="The model, where it lies elsewhere now.")] = None,
    sae: Annotated[str | None, typer.Option(help="The SAE, where it lies elsewhere now.")] = None,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Make a recorded selection again, or say what differs."""
    from explorer.pipeline.recipe import run

    store = open_store(workspace, create=True)
    result = run(store, recipe, source=source, model=model, sae=sae, progress=progress_printer(progress))
    emit(result, as_json=json)
