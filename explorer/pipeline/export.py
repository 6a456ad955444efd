"""Export a stored selection: the chosen source rows in pick order, and the recipe that makes them again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.exports.hub import Pushed
from explorer.exports.hub import push as to_hub
from explorer.exports.write import write
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


def export(
    store: Store,
    run: str,
    *,
    format: str,
    out: str | Path,
    extras: Sequence[str] = (),
    params: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> ExportResult:
    """Write selection `run` (id, start of one, or name) to `out`.

    `format` is one of `explorer.exports.formats.EXPORTS`; `extras` of rank, gain, cluster and score; `params` the
    format's own options (`safe=false` for CSV). An existing `out` is refused unless `overwrite`.
    """
    selection = store.resolve("selections", run)
    target = Path(out).expanduser()
    written = write(
        store,
        selection,
        format=format,
        out=target,
        extras=extras,
        params=params,
        overwrite=overwrite,
        progress=progress,
    )
    return ExportResult(
        path=str(written.path),
        rows=written.rows,
        format=format,
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
