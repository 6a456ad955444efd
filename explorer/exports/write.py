"""Write an export to its place, with the recipe beside it; or the first rows of it, to be looked at."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.errors import refuse
from explorer.exports import atomic
from explorer.exports.formats import EXPORTS
from explorer.exports.picks import Picks
from explorer.exports.recipe import recipe_of, recipe_path, write_recipe
from explorer.progress import Progress, silent
from explorer.registry import build
from explorer.workspace import Artifact, Store

OURS = ("state.json", "dataset_info.json")


@dataclass(frozen=True)
class Written:
    """What was written where."""

    path: Path
    recipe: Path
    rows: int
    format: str
    extras: dict[str, str]  # extra to the column name it has


def write(
    store: Store,
    selection: Artifact,
    *,
    format: str,
    out: Path,
    extras: Sequence[str] = (),
    params: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    progress: Progress = silent,
) -> Written:
    """Write `selection` to `out` and its recipe to `<out>.recipe.yaml`.

    Both are there whole or not at all; parent folders are made; an existing `out` is refused unless `overwrite`.
    """
    how = EXPORTS[format]
    options = build(how.Params, params or {}, owner=f"export format {format}")
    if extras and not how.takes_extras:
        refuse(f"export format {format} has no place for extra columns", got=", ".join(extras), allowed="none")
    if not out.name:
        refuse("the export needs a file name", got=str(out))
    atomic.check(recipe_path(out), overwrite=overwrite, ours=OURS)
    picks = Picks.of(store, selection, extras=extras)
    with atomic.replacing(out, overwrite=overwrite, ours=OURS) as temporary:
        rows = how.write(picks, temporary, options, progress, ending=out.suffix.lower())
    recipe = recipe_path(out)
    export = {"format": format, "out": out.name, "extras": list(extras), "params": dict(params or {}), "rows": rows}
    write_recipe(recipe_of(store, selection, export=export), recipe)
    return Written(out, recipe, rows, format, picks.extras)


def preview(store: Store, selection: Artifact, *, format: str, extras: Sequence[str] = (), rows: int = 3) -> str:
    """Show what the export would begin with: its first `rows` as text (of a typed format, columns and rows)."""
    how = EXPORTS[format]
    options = build(how.Params, {}, owner=f"export format {format}")
    picks = Picks.of(store, selection, extras=extras if how.takes_extras else (), limit=rows)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "new"
        if format in ("parquet", "hf"):
            EXPORTS["parquet"].write(picks, target, options, silent, ending="")
            return _shown(target)
        how.write(picks, target, options, silent, ending=how.suffix)
        return target.read_text("utf-8")


def _shown(target: Path) -> str:
    import pyarrow.parquet as pq

    from explorer.ingest.values import json_text

    table = pq.read_table(target)
    columns = [f"{field.name}: {field.type}" for field in table.schema]
    return "\n".join([*columns, "", *(json_text(row) for row in table.to_pylist())]) + "\n"
