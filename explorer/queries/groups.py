"""Groups of rows by key: `run:ID`, `cluster:N`, `source:NAME`, `set:NAME`, `search:TEXT`, `all`, or `rest`.

The same keys stand in the address of the Differences page, so that any two groups of rows can be compared by a link.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.workspace import Artifact, Snapshot, marks

ALL, REST = "all", "rest"
PREFIXES = ("run", "cluster", "source", "set", "search")
MAX_KEY = 300  # characters


@dataclass(frozen=True)
class Group:
    """Rows under a name: `ids` int64, ascending, each once."""

    key: str
    name: str
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def choices(snapshot: Snapshot) -> dict[str, str]:
    """All keys of this dataset with their display names: selections first, newest first."""
    store, samples = snapshot.store, snapshot.require("samples")
    named = {ALL: "every row"}
    named |= {f"run:{run.id}": f"selection {run_name(run)}" for run in reversed(snapshot.selections)}
    named |= {f"set:{name}": f"set {name}" for name in marks.read(store, samples).sets}
    sources = store.sql(
        f"SELECT source, count(*) AS n FROM {store.scan(samples)} GROUP BY source ORDER BY n DESC, source LIMIT 200"
    ).fetchall()
    named |= {f"source:{name or ''}": f"source {name or '(none)'}" for name, _ in sources}
    if snapshot.clusters is not None:
        cards = store.scan(snapshot.clusters, "cards")
        clusters = store.sql(f"SELECT cluster, name FROM {cards} ORDER BY size DESC, cluster").fetchall()
        named |= {f"cluster:{number}": f"cluster {name}" for number, name in clusters}
    return named


def run_name(run: Artifact) -> str:
    """The display name of a saved selection: its own name, or its method and budget."""
    parameters = run.manifest.parameters
    return run.manifest.name or f"{parameters.get('method', 'selection')}, {parameters.get('budget', '')}"


def pair(snapshot: Snapshot, a: str, b: str) -> tuple[Group, Group]:
    """Resolve two keys, of which either may be `rest`: the rows outside the other."""
    if a == REST:
        right = resolve(snapshot, b)
        return resolve(snapshot, a, right), right
    left = resolve(snapshot, a)
    return left, resolve(snapshot, b, left)


def resolve(snapshot: Snapshot, key: str, other: Group | None = None) -> Group:
    """The rows that `key` means; `rest` means every row that is not in `other`.

    Raises:
        InputError: a key of unknown kind, or one that names nothing in this dataset.
    """
    if len(key) > MAX_KEY:
        refuse("the key of a group of rows is too long", got=f"{len(key)} characters", allowed=f"up to {MAX_KEY}")
    store, samples = snapshot.store, snapshot.require("samples")
    every = np.arange(snapshot.rows, dtype=np.int64)
    if key == ALL:
        return Group(key, "every row", every)
    if key == REST:
        if other is None:
            refuse("'rest' means the rows outside another group", allowed="a group beside it")
        return Group(key, "the rest", np.setdiff1d(every, other.ids))
    kind, _, value = key.partition(":")
    if kind == "run":
        run = snapshot.resolve("selections", value)
        return Group(key, run_name(run), _ids(snapshot, f"SELECT sample_id FROM {store.scan(run)}"))
    if kind == "cluster":
        return _cluster(snapshot, key, value)
    if kind == "source":
        query = f"SELECT sample_id FROM {store.scan(samples)} WHERE coalesce(source, '') = ?"
        return _named(key, f"source {value or '(none)'}", _ids(snapshot, query, value))
    if kind == "set":
        sets = marks.read(store, samples).sets
        if value not in sets:
            refuse(f"there is no set of rows called {value!r}", allowed=list(sets) or "none is saved yet")
        return Group(key, f"set {value}", np.asarray(sets[value], dtype=np.int64))
    if kind == "search" and value.strip():
        query = (
            f"SELECT sample_id FROM {store.scan(samples)} "
            "WHERE contains(lower(concat_ws(' ', prompt, response, source)), ?)"
        )
        return _named(key, f"rows with “{value.strip()}”", _ids(snapshot, query, value.strip().lower()))
    refuse("unknown group of rows", got=key[:60], allowed=[ALL, REST, *(f"{prefix}:…" for prefix in PREFIXES)])


def _cluster(snapshot: Snapshot, key: str, value: str) -> Group:
    store, clusters = snapshot.store, snapshot.clusters
    if clusters is None:
        refuse("there are no clusters yet", allowed="run: cluster")
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 9 else -1
    names = store.sql(f"SELECT name FROM {store.scan(clusters, 'cards')} WHERE cluster = ?", [number]).fetchall()
    if not names:
        refuse(f"there is no cluster {value!r}", allowed="a number of the newest clusters")
    ids = _ids(snapshot, f"SELECT sample_id FROM {store.scan(clusters)} WHERE cluster = ?", number)
    return Group(key, f"cluster {names[0][0]}", ids)


def _named(key: str, name: str, ids: NDArray[np.int64]) -> Group:
    if not len(ids):
        refuse(f"no row is in {name}", got=key[:60])
    return Group(key, name, ids)


def _ids(snapshot: Snapshot, query: str, *values: object) -> NDArray[np.int64]:
    ids = snapshot.store.sql(query, values or None).to_arrow_table()["sample_id"].to_numpy()
    return np.unique(ids.astype(np.int64))
