"""The workspace folder: which artifacts it holds, and DuckDB queries over them."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from explorer.errors import InputError, MissingStep, refuse
from explorer.workspace.artifact import Artifact, Draft, Manifest, artifact_id, write_json
from explorer.workspace.kinds import KINDS

SCHEMA_VERSION = 1
NAMES = "names.json"  # further names of artifacts, by kind, and new names, by kind and id
RENAMED = "renamed"
MAX_NAME = 200  # characters

_connection: duckdb.DuckDBPyConnection | None = None
_connecting = threading.Lock()


class Store:
    """A workspace on disk. Open or create one with the class methods; everything else reads it or adds to it."""

    def __init__(self, path: Path, name: str, created: str) -> None:
        self.path = path
        self.name = name
        self.created = created

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, name: str = "") -> Store:
        """Open the workspace at `path`, making an empty one if there is none. A non-workspace folder is refused."""
        folder = Path(path)
        if (folder / "workspace.json").exists():
            return cls.open(folder)
        if not cls.is_free(folder):
            refuse(f"{folder} exists and is not a workspace", allowed="a new or empty folder, or a workspace")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            about = {"schema_version": SCHEMA_VERSION, "name": name or folder.resolve().name, "created": created}
            write_json(folder / "workspace.json", about)
        except OSError as error:
            raise InputError(f"cannot write a workspace at {folder}: {error.strerror}") from error
        return cls(folder, about["name"], created)

    @staticmethod
    def is_free(path: str | os.PathLike[str]) -> bool:
        """Whether a workspace can be made at `path`: nothing is there, or an empty folder."""
        folder = Path(path)
        return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Store:
        """Open the workspace at `path`; a missing one, or one of a newer schema, is refused."""
        folder = Path(path)
        file = folder / "workspace.json"
        if not file.is_file():
            refuse(f"{folder} is not a workspace (no workspace.json); make one with: ingest SOURCE -w {folder}")
        try:
            about = json.loads(file.read_text("utf-8"))
            version = int(about["schema_version"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file} cannot be read: {error}") from error
        if version > SCHEMA_VERSION:
            refuse(
                f"{folder} was written by a newer SAE Data Explorer: its schema version is {version}",
                allowed=f"up to {SCHEMA_VERSION} (update the program)",
            )
        return cls(folder, str(about.get("name", folder.name)), str(about.get("created", "")))

    # Artifacts -------------------------------------------------------------------------------------------------

    def artifacts(self, kind: str) -> list[Artifact]:
        """Every finished artifact of `kind`, oldest first."""
        if kind not in KINDS:
            raise ValueError(f"unknown artifact kind {kind!r}")
        folder = self.path / kind
        renamed = self._names().get(RENAMED, {})
        found = []
        for path in folder.iterdir() if folder.is_dir() else ():
            if (path / "manifest.json").is_file():
                found.append(_load(kind, path, renamed))
        return sorted(found, key=lambda artifact: (artifact.manifest.created, artifact.id))

    def newest(self, kind: str, *, inputs: Mapping[str, str] | None = None) -> Artifact | None:
        """The latest artifact of `kind`, or of those made from `inputs` (kind -> id); None where there is none."""
        wanted = (inputs or {}).items()
        fitting = [a for a in self.artifacts(kind) if all(a.manifest.inputs.get(k) == v for k, v in wanted)]
        return fitting[-1] if fitting else None

    def find(self, kind: str, parameters: Mapping[str, Any], inputs: Mapping[str, str]) -> Artifact | None:
        """The artifact that this very step would make, if it is there already."""
        path = self.path / kind / artifact_id(kind, parameters, inputs)
        if not (path / "manifest.json").is_file():
            return None
        return _load(kind, path, self._names().get(RENAMED, {}))

    def resolve(self, kind: str, reference: str) -> Artifact:
        """The artifact meant by an id, a unique start of one, `kind/id`, or a name (the latest of that name)."""
        known = self.artifacts(kind)
        text = reference.removeprefix(f"{kind}/").rstrip("/")
        named = self._called(known, kind, text)
        started = [a for a in known if text and a.id.startswith(text)]
        if named is not None:
            return named
        if len(started) == 1:
            return started[0]
        said = [f"{a.id} ({_called(a)})" if _called(a) else a.id for a in known] or "none yet"
        problem = "is the start of several ids" if started else "is not there"
        refuse(f"{kind} {reference!r} {problem} in {self.path}", allowed=said)

    def named(self, kind: str, name: str) -> Artifact | None:
        """The artifact of `kind` that `name` means; None where it means none."""
        name = _fitting(name)
        return self._called(self.artifacts(kind), kind, name) if name else None

    def _called(self, known: list[Artifact], kind: str, name: str) -> Artifact | None:
        meant = self._names().get(kind, {}).get(name)
        found = [a for a in known if a.id == meant] or [a for a in known if a.manifest.name == name]
        return found[-1] if found else None

    def also_call(self, artifact: Artifact, name: str) -> None:
        """Let `name` mean `artifact` from now on, also where it is not the one that was stored with that name last."""
        name = _fitting(name)
        meant = self.named(artifact.kind, name)
        if name and (meant is None or meant.id != artifact.id):
            names = self._names()
            names.setdefault(artifact.kind, {})[name] = artifact.id
            write_json(self.path / NAMES, names)

    def rename(self, artifact: Artifact, name: str) -> None:
        """Call an artifact `name` from now on: its manifest stays as it was written."""
        name = _fitting(name)
        if not name:
            refuse("a name has letters", got="none", allowed=f"1 to {MAX_NAME}")
        names = self._names()
        names.setdefault(RENAMED, {})[artifact.ref] = name
        write_json(self.path / NAMES, names)
        self.also_call(artifact, name)

    def _names(self) -> dict[str, dict[str, str]]:
        file = self.path / NAMES
        try:
            return json.loads(file.read_text("utf-8")) if file.is_file() else {}
        except ValueError as error:
            raise InputError(f"{file} cannot be read: {error}") from error

    def draft(
        self,
        kind: str,
        *,
        parameters: Mapping[str, Any],
        inputs: Mapping[str, str],
        seed: int | None = None,
        name: str = "",
        resumable: bool = False,
    ) -> Draft:
        """Begin a new artifact: `with store.draft(…) as draft: draft.write(…); artifact = draft.commit()`."""
        name = _fitting(name)
        return Draft(self.path, kind, parameters=parameters, inputs=inputs, seed=seed, name=name, resumable=resumable)

    def discard(self, artifact: Artifact) -> Path:
        """Move an artifact to the workspace's bin (`.bin/`); `restore` brings it back."""
        target = self.path / ".bin" / f"{artifact.kind}-{artifact.id}-{time.time_ns()}"
        target.parent.mkdir(exist_ok=True)
        shutil.move(artifact.path, target)
        return target

    def binned(self, kind: str) -> list[Artifact]:
        """What of a kind lies in the bin, thrown away last first."""
        renamed = self._names().get(RENAMED, {})
        paths = (self.path / ".bin").glob(f"{kind}-*-*/manifest.json")
        found = sorted((path.parent for path in paths), key=lambda path: int(path.name.rsplit("-", 1)[1]), reverse=True)
        return [_load(kind, path, renamed) for path in found]

    def restore(self, binned: Artifact) -> Artifact:
        """Move an artifact out of the bin; one that was made again meanwhile is refused."""
        target = self.path / binned.kind / binned.id
        if target.exists():
            refuse(f"{binned.ref} is there already: it was made again")
        target.parent.mkdir(exist_ok=True)
        shutil.move(binned.path, target)
        return Artifact(binned.kind, binned.id, target, binned.manifest)

    # Queries ---------------------------------------------------------------------------------------------------

    def sql(self, query: str, parameters: Sequence[Any] | None = None) -> duckdb.DuckDBPyRelation:
        """Run `query` on a fresh cursor. Values, above all text of the dataset, go in as `?` parameters only."""
        return cursor().sql(query, params=list(parameters) if parameters is not None else None)

    def scan(self, artifact: Artifact, table: str = "") -> str:
        """A `read_parquet(…)` expression over one table of an artifact, to stand in a FROM clause."""
        files = artifact.files(table)
        if not files:
            raise MissingStep(f"{artifact.ref} in {self.path} holds no table {table or artifact.kind!r}")
        return f"read_parquet([{', '.join(_quoted(file) for file in files)}])"


def cursor() -> duckdb.DuckDBPyConnection:
    """A cursor of the process's one in-memory DuckDB connection; safe to use in its own thread."""
    global _connection
    with _connecting:
        if _connection is None:
            config: dict[str, Any] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
            _connection = duckdb.connect(":memory:", config=config)
            _connection.execute("SET enable_progress_bar = false")
        return _connection.cursor()


def _fitting(name: str) -> str:
    """`name` on one line; one that would flood every list is refused."""
    name = " ".join(name.split())
    if len(name) > MAX_NAME or not name.isprintable():
        refuse("a name is short and on one line", got=f"{len(name)} characters", allowed=f"{MAX_NAME}, printable")
    return name


def _load(kind: str, path: Path, renamed: Mapping[str, str]) -> Artifact:
    manifest = Manifest.load(path)
    name = renamed.get(f"{kind}/{manifest.id}")
    return Artifact(kind, manifest.id, path, replace(manifest, name=name) if name else manifest)


def _called(artifact: Artifact) -> str:
    """Return its name; of a selection without one, its method and budget."""
    parameters = artifact.manifest.parameters
    unnamed = f"{parameters.get('method')}, {parameters.get('budget')}" if artifact.kind == "selections" else ""
    return artifact.manifest.name or unnamed


def _quoted(path: Path) -> str:
    text = re.sub(r"([*?\[\]])", r"[\1]", str(path.resolve()))  # a literal path, not a pattern
    return "'" + text.replace("'", "''") + "'"
