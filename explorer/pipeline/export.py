"""Export a stored selection: the chosen source rows in pick order, and the recipe that makes them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from explorer.exports.hub import Pushed
from explorer.exports.hub import push as to_hub
from explorer.exports.write import write
from explorer.options.base import keywords
from explorer.options.verbs import ExportOptions
from explorer.progress import Progress, silent
from explorer.workspace import Store


@dataclass(frozen=True)
class ExportResult:
    """What was written: `path` the data, `recipe` the YAML beside it, `extras` the added columns by their names."""

    path: str
    rows: int
    format: str
    recipe: str
    artifact: str
    extras: dict[str, str] = field(default_factory=dict)


@keywords(ExportOptions)
def export(store: Store, options: ExportOptions, *, progress: Progress = silent) -> ExportResult:
    """Write a selection to a file or folder, with its recipe beside it.

    `format` is one of `explorer.exports.formats.EXPORTS`; `params` are its own (`safe=false` for CSV). An existing
    `out` raises an `InputError` unless `overwrite`.
    """
    selection = store.resolve("selections", options.run)
    written = write(
        store,
        selection,
        format=options.format,
        out=Path(options.out).expanduser(),
        extras=options.extras,
        params=options.params,
        overwrite=options.overwrite,
        progress=progress,
    )
    return ExportResult(
        path=str(written.path),
        rows=written.rows,
        format=options.format,
        recipe=str(written.recipe),
        artifact=selection.ref,
        extras=written.extras,
    )


def push(
    store: Store,
    run: str,
    repo: str,
    *,
    format: str = "alpaca",
    extras: Sequence[str] = (),
    private: bool = True,
    progress: Progress = silent,
) -> Pushed:
    """Write the bundle of selection `run` to the dataset repository `repo` (USER/NAME) of the Hugging Face Hub.

    Needs a login there (`hf auth login`) and a network; `format` is one that a bundle has.
    """
    selection = store.resolve("selections", run)
    return to_hub(store, selection, repo, format=format, extras=extras, private=private, progress=progress)
