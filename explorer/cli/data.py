"""Verbs that import a dataset, show what is in a workspace, and export a selection: ingest, info, export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from explorer.cli.options import JsonOption, ProgressOption, WorkspaceOption
from explorer.cli.output import emit, open_store, progress_printer
from explorer.errors import refuse
from explorer.options.verbs import ExportOptions, IngestOptions


def ingest(
    workspace: WorkspaceOption, options: IngestOptions, json: JsonOption = False, progress: ProgressOption = "auto"
) -> None:
    """Import a dataset. Dropped rows are counted by reason."""
    from explorer.ingest.plan import plan
    from explorer.pipeline.ingest import ingest as run

    if not json and sys.stderr.isatty():
        asked: dict[str, Any] = {"format": options.format, "mapping": options.roles or None, "split": options.split}
        for file in plan(options.source, **asked).files:
            roles = ", ".join(f"{role} = {column}" for role, column in file.detection.mapping.items())
            typer.echo(f"{file.origin.name}: {file.detection.format} ({roles})", err=True)
    is_new = not (Path(workspace) / "workspace.json").exists()
    store = open_store(workspace, create=True)
    try:
        result = run(store, options, progress=progress_printer(progress))
    except BaseException:
        if is_new:
            _remove_if_empty(store.path)
        raise
    emit(result, as_json=json)


def info(workspace: WorkspaceOption, json: JsonOption = False) -> None:
    """Show what a workspace holds, what is missing, and what to run next."""
    from explorer.pipeline.info import info as run

    result = run(open_store(workspace))
    emit(result, as_json=json, lines=result.lines)


def export(
    workspace: WorkspaceOption,
    options: ExportOptions,
    push_to: Annotated[
        str, typer.Option(help="Instead push a bundle to this dataset repository of the Hugging Face Hub (USER/NAME).")
    ] = "",
    public: Annotated[bool, typer.Option("--public", help="Make a new repository public.")] = False,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Export a selection in pick order. A recipe beside it makes the selection again."""
    from explorer.pipeline.export import export as write
    from explorer.pipeline.export import push

    if bool(options.out) == bool(push_to):
        refuse("an export needs one destination", allowed="--out PATH or --push-to USER/NAME")
    store, shown = open_store(workspace), progress_printer(progress)
    if push_to:
        format = "alpaca" if options.format == "jsonl" else options.format
        pushed = push(
            store, options.run, push_to, format=format, extras=options.extras, private=not public, progress=shown
        )
        emit(pushed, as_json=json)
        return
    emit(write(store, options, progress=shown), as_json=json)


def _remove_if_empty(folder: Path) -> None:
    """Remove a workspace that this very command began and put nothing into."""
    import shutil

    if {entry.name for entry in folder.iterdir()} <= {"workspace.json", ".drafts"}:
        shutil.rmtree(folder)


VERBS = (ingest, info, export)
