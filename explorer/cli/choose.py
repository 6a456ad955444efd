"""Verbs that choose and compare subsets: select, compare, run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from explorer.cli.options import JsonOption, NameOption, ProgressOption, ReportOptions, WorkspaceOption
from explorer.cli.output import aligned, emit, open_store, progress_printer
from explorer.selection.spec import SelectionSpec


def select(
    workspace: WorkspaceOption,
    spec: SelectionSpec,
    name: NameOption = "",
    marks: Annotated[bool, typer.Option(help="Obey the pins and bans set in the app.")] = True,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Select a subset of the rows. An unknown method raises an error that lists all of them."""
    from explorer.pipeline.select import select as run

    result = run(open_store(workspace), spec, name=name, with_marks=marks, progress=progress_printer(progress))
    emit(result, as_json=json)


def compare(
    runs: Annotated[list[str], typer.Argument(help="One or more selections, by id or name; overlaps need two.")],
    workspace: WorkspaceOption,
    html: ReportOptions,
    seeds: Annotated[int, typer.Option(help="2 or more: also measure how much this many seeds agree.")] = 0,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Compare selections. Reports coverage, redundancy, lengths, clusters, quality and overlap."""
    from dataclasses import asdict
    from pathlib import Path

    from explorer.cli import comparison_report
    from explorer.exports import atomic
    from explorer.pipeline.compare import compare as run

    target = Path(html.report) if html.report else None
    if target is not None:
        atomic.check(target, overwrite=html.overwrite)
    store, shown = open_store(workspace), progress_printer(progress)
    compared = run(store, runs, seeds=seeds, progress=shown)
    result = asdict(compared)
    if target is not None:
        comparison_report.write(store, compared, target, seeds=seeds, overwrite=html.overwrite, progress=shown)
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
    names = {run["artifact"]: run["name"] or run["artifact"] for run in result["runs"]}
    pairs = [
        f"{names.get(pair['a'], pair['a'])} and {names.get(pair['b'], pair['b'])} share {pair['rows']:,} rows, "
        f"{pair['jaccard']:.1%} of those in either"
        for pair in result["overlaps"]
    ]
    report = [f"report  {result['report']}"] if "report" in result else []
    return [*aligned(header, rows), *pairs, *report]


def run(
    recipe: Annotated[str, typer.Argument(help="The .recipe.yaml beside an export.")],
    workspace: WorkspaceOption,
    source: Annotated[str | None, typer.Option(help="Where the dataset is now, if it was moved.")] = None,
    model: Annotated[str | None, typer.Option(help="Where the model is now, if it was moved.")] = None,
    sae: Annotated[str | None, typer.Option(help="Where the SAE is now, if it was moved.")] = None,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Make a recorded selection again, or report what differs."""
    from explorer.pipeline.recipe import run as run_recipe

    store = open_store(workspace, create=True)
    result = run_recipe(store, recipe, source=source, model=model, sae=sae, progress=progress_printer(progress))
    emit(result, as_json=json)


VERBS = (select, compare, run)
