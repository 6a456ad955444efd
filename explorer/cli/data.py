"""Verbs that bring data in and say what is there: ingest, info, export."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from explorer.cli.options import JsonOption, ProgressOption, WorkspaceOption, parse_pairs
from explorer.cli.output import emit, open_store, progress_printer


def register(app: typer.Typer) -> None:
    """Add this module's verbs to `app`."""
    for verb in (ingest, info, export):
        app.command()(verb)


def ingest(
    source: Annotated[str, typer.Argument(help="A .json, .jsonl, .csv or .parquet file, a folder, or a Hub id.")],
    workspace: WorkspaceOption,
    format: Annotated[str, typer.Option(help="auto, alpaca, sharegpt, messages or columns.")] = "auto",
    map: Annotated[str, typer.Option(help="Columns by role, e.g. prompt=COL,response=COL.")] = "",
    split: Annotated[str, typer.Option(help="Which split of a dataset that has several.")] = "train",
    limit: Annotated[int | None, typer.Option(help="Stop after this many samples.")] = None,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Read a dataset into the workspace; dropped rows are counted by reason."""
    from explorer.ingest.plan import plan
    from explorer.pipeline.ingest import ingest as run

    mapping = parse_pairs([part for part in map.split(",") if part], option="--map") or None
    if not json and sys.stderr.isatty():
        for file in plan(source, format=format, mapping=mapping, split=split).files:
            roles = ", ".join(f"{role} = {column}" for role, column in file.detection.mapping.items())
            typer.echo(f"{file.origin.name}: {file.detection.format} ({roles})", err=True)
    new = not _exists(workspace)
    store = open_store(workspace, create=True)
    try:
        result = run(
            store,
            source,
            format=format,
            mapping=mapping,
            split=split,
            limit=limit,
            progress=progress_printer(progress),
        )
    except BaseException:
        if new:
            _remove_if_empty(store.path)
        raise
    emit(result, as_json=json)


def info(workspace: WorkspaceOption, json: JsonOption = False) -> None:
    """Say what is in a workspace, what is missing, and what to run next."""
    from explorer.pipeline.info import info as run

    result = run(open_store(workspace))
    emit(result, as_json=json, lines=result.lines)


def export(
    run: Annotated[str, typer.Argument(help="The selection: an id, the start of one, or its name.")],
    workspace: WorkspaceOption,
    out: Annotated[str, typer.Option(help="Where to write.")] = "",
    format: Annotated[
        str, typer.Option(help="alpaca, jsonl, parquet, csv, hf, sharegpt, messages or indices.")
    ] = "jsonl",
    extra: Annotated[list[str] | None, typer.Option(help="Add a column: rank, gain, cluster or score.")] = None,
    param: Annotated[list[str] | None, typer.Option(help="An option of the format, key=value.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    push_to: Annotated[
        str, typer.Option(help="Push a bundle to this dataset repository of the Hugging Face Hub (USER/NAME) instead.")
    ] = "",
    public: Annotated[bool, typer.Option("--public", help="A new repository is public.")] = False,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Write the chosen rows in pick order, with a recipe that makes the selection again beside them."""
    from explorer.errors import refuse
    from explorer.pipeline.export import export as write
    from explorer.pipeline.export import push

    if bool(out) == bool(push_to):
        refuse("an export goes to one place", allowed="--out PATH or --push-to USER/NAME")
    if push_to:
        pushed = push(
            open_store(workspace),
            run,
            push_to,
            format="alpaca" if format == "jsonl" else format,
            extras=tuple(extra or ()),
            private=not public,
            progress=progress_printer(progress),
        )
        emit(pushed, as_json=json)
        return
    result = write(
        open_store(workspace),
        run,
        format=format,
        out=out,
        extras=tuple(extra or ()),
        params=parse_pairs(param),
        overwrite=overwrite,
        progress=progress_printer(progress),
    )
    emit(result, as_json=json)


def _exists(path: str) -> bool:
    from pathlib import Path

    return (Path(path) / "workspace.json").exists()


def _remove_if_empty(path: object) -> None:
    """Take back a workspace that this very command began and put nothing into."""
    import shutil
    from pathlib import Path

    folder = Path(str(path))
    if {entry.name for entry in folder.iterdir()} <= {"workspace.json", ".drafts"}:
        shutil.rmtree(folder)
