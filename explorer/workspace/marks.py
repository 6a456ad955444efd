"""What the user marked in a dataset: rows pinned or banned, and named sets of rows. `marks.json` in the workspace.

Marks are wishes, not results: a selection takes the pins and bans that stand when it runs into its parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from explorer.errors import InputError, refuse
from explorer.workspace.artifact import Artifact, write_json
from explorer.workspace.store import Store

FILE = "marks.json"
MAX_NAME = 80  # characters


@dataclass(frozen=True)
class Marks:
    """Sample ids, ascending: always selected, never selected, and kept under a name (a lasso, a search result)."""

    pinned: tuple[int, ...] = ()
    banned: tuple[int, ...] = ()
    sets: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def read(store: Store, samples: Artifact) -> Marks:
    """Return the marks of a dataset; an InputError where the file is not what was written."""
    kept = _read(store).get(samples.id, {})
    try:
        sets = {str(name): _ids(ids) for name, ids in kept.get("sets", {}).items()}
        return Marks(_ids(kept.get("pinned", ())), _ids(kept.get("banned", ())), sets)
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{store.path / FILE} cannot be read: {error}") from error


def pin(store: Store, samples: Artifact, ids: Iterable[int]) -> Marks:
    """Mark rows as always selected; a ban on them is lifted."""
    marks, new = read(store, samples), set(_inside(samples, ids))
    return _write(
        store,
        samples,
        replace(marks, pinned=_ids(new.union(marks.pinned)), banned=_ids(set(marks.banned) - new)),
    )


def ban(store: Store, samples: Artifact, ids: Iterable[int]) -> Marks:
    """Mark rows as never selected; a pin on them is lifted."""
    marks, new = read(store, samples), set(_inside(samples, ids))
    return _write(
        store,
        samples,
        replace(marks, banned=_ids(new.union(marks.banned)), pinned=_ids(set(marks.pinned) - new)),
    )


def clear(store: Store, samples: Artifact, ids: Iterable[int] | None = None) -> Marks:
    """Lift pins and bans from `ids`; from every row where none are given."""
    marks = read(store, samples)
    gone = set(marks.pinned + marks.banned) if ids is None else set(ids)
    return _write(
        store,
        samples,
        replace(marks, pinned=_ids(set(marks.pinned) - gone), banned=_ids(set(marks.banned) - gone)),
    )


def keep_set(store: Store, samples: Artifact, name: str, ids: Iterable[int]) -> Marks:
    """Keep rows under `name`, in place of what had that name before; no rows take the name away."""
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME:
        refuse("a set of rows needs a name", got=f"{len(name)} characters", allowed=f"1 to {MAX_NAME}")
    marks = read(store, samples)
    sets = {key: value for key, value in marks.sets.items() if key != name}
    if inside := _ids(_inside(samples, ids)):
        sets[name] = inside
    return _write(store, samples, replace(marks, sets=sets))


def _inside(samples: Artifact, ids: Iterable[int]) -> list[int]:
    rows = sum(samples.manifest.rows.values())
    found = [int(number) for number in ids]
    if outside := [number for number in found if not 0 <= number < rows]:
        refuse("there is no such row", got=outside[0], allowed=f"0 to {rows - 1}")
    return found


def _ids(values: Iterable[Any]) -> tuple[int, ...]:
    return tuple(sorted({int(value) for value in values}))


def _write(store: Store, samples: Artifact, marks: Marks) -> Marks:
    kept = _read(store)
    kept[samples.id] = {"pinned": marks.pinned, "banned": marks.banned, "sets": dict(marks.sets)}
    write_json(store.path / FILE, kept)
    return marks


def _read(store: Store) -> dict[str, Any]:
    path = store.path / FILE
    if not path.is_file():
        return {}
    try:
        kept = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not isinstance(kept, dict) or not all(isinstance(value, dict) for value in kept.values()):
        raise InputError(f"{path} cannot be read: an object of objects is expected")
    return kept
