"""One artifact: its id, its manifest, and how it is written (draft folder, fsync, rename)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import resource
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from explorer.errors import ExplorerError
from explorer.workspace.kinds import KINDS

FORMAT_VERSION = 1  # part of every id: raise it when the meaning of an artifact's files changes
ROW_GROUP = 65_536
_LIBRARIES = ("torch", "transformers", "sae-lens", "duckdb", "pyarrow", "numpy", "numba", "faiss-cpu", "umap-learn")


def artifact_id(kind: str, parameters: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Short hash of kind, parameters and input artifact ids: the same step always has the same id."""
    canonical = json.dumps(
        {"format": FORMAT_VERSION, "kind": kind, "parameters": parameters, "inputs": inputs},
        sort_keys=True,
        separators=(",", ":"),
        default=str,
    )
    return hashlib.blake2b(canonical.encode(), digest_size=6).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """What `manifest.json` of an artifact says. `seconds` is wall time, `peak_memory` bytes of this process."""

    kind: str
    id: str
    parameters: dict[str, Any]
    inputs: dict[str, str]
    created: str
    name: str = ""
    seed: int | None = None
    rows: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    peak_memory: int = 0
    libraries: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read `manifest.json` in `path`; unknown keys are refused as a damaged artifact."""
        try:
            return cls(**json.loads((path / "manifest.json").read_text("utf-8")))
        except (TypeError, ValueError) as error:
            raise ExplorerError(f"{path / 'manifest.json'} is damaged: {error}") from error


@dataclass(frozen=True)
class Artifact:
    """A finished artifact on disk."""

    kind: str
    id: str
    path: Path
    manifest: Manifest

    @property
    def ref(self) -> str:
        """Its folder relative to the workspace."""
        return f"{self.kind}/{self.id}"

    def files(self, table: str = "") -> list[Path]:
        """The Parquet files of one of its tables ("" for an artifact that is a single table)."""
        return sorted((self.path / table).glob("*.parquet"))


class Draft:
    """An artifact being written; leaving the `with` block without `commit` leaves nothing half-written.

    A resumable draft keeps its finished files when the block ends early, and finds them again the next time.
    Another process that writes the same artifact is refused while this one is at work.
    """

    def __init__(
        self,
        root: Path,
        kind: str,
        *,
        parameters: Mapping[str, Any],
        inputs: Mapping[str, str],
        seed: int | None = None,
        name: str = "",
        resumable: bool = False,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"unknown artifact kind {kind!r}")
        self.kind = kind
        self.id = artifact_id(kind, parameters, inputs)
        self.target = root / kind / self.id
        self.path = root / ".drafts" / f"{kind}-{self.id}"
        self.name = name
        self.parameters = dict(parameters)
        self.inputs = dict(inputs)
        self.seed = seed
        self.rows: dict[str, int] = {}
        self.dropped: dict[str, int] = {}
        self.info: dict[str, Any] = {}
        self._resumable = resumable
        self._started = time.perf_counter()
        self._lock: IO[str] | None = None

    def __enter__(self) -> Draft:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = open(f"{self.path}.lock", "w", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise ExplorerError(f"another process is writing {self.kind}/{self.id}; wait for it or stop it") from error
        if self.path.exists() and not self._resumable:
            shutil.rmtree(self.path)
        self.path.mkdir(exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.path.exists() and not self._resumable:
            shutil.rmtree(self.path)
        if self._lock is not None:
            os.unlink(self._lock.name)
            self._lock.close()

    def write(self, data: pa.Table | Iterable[pa.RecordBatch], table: str = "", *, part: str = "part-0") -> int:
        """Write one Parquet file of `table`; a file is there whole or not at all. Returns its rows."""
        folder = self.path / table
        folder.mkdir(parents=True, exist_ok=True)
        target, temporary = folder / f"{part}.parquet", folder / f"{part}.tmp"
        rows = write_parquet(data, temporary)
        os.replace(temporary, target)
        self.rows[table or self.kind] = self.rows.get(table or self.kind, 0) + rows
        return rows

    def commit(self) -> Artifact:
        """Write the manifest, flush everything to disk and rename the draft to its final place."""
        self.path.mkdir(parents=True, exist_ok=True)
        manifest = Manifest(
            kind=self.kind,
            id=self.id,
            parameters=self.parameters,
            inputs=self.inputs,
            created=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() % 1_000_000_000:09d}Z",
            name=self.name,
            seed=self.seed,
            rows=self.rows,
            dropped=self.dropped,
            info=self.info,
            seconds=round(time.perf_counter() - self._started, 3),
            peak_memory=peak_memory(),
            libraries=library_versions(),
        )
        write_json(self.path / "manifest.json", asdict(manifest))
        for file in self.path.rglob("*"):
            to_disk(file)
        to_disk(self.path)
        self.target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(self.path, self.target)
        to_disk(self.target.parent)
        return Artifact(self.kind, self.id, self.target, manifest)


def write_parquet(data: pa.Table | Iterable[pa.RecordBatch], path: Path) -> int:
    """Write Arrow data as one zstd Parquet file with row groups of `ROW_GROUP`; returns the rows written."""
    if isinstance(data, pa.Table):
        table: Any = data
        pq.write_table(table, path, row_group_size=ROW_GROUP, **_encoding(table.schema))
        return table.num_rows
    rows, writer = 0, None
    try:
        for batch in data:
            if writer is None:
                writer = pq.ParquetWriter(path, batch.schema, **_encoding(batch.schema))
            writer.write_batch(batch, row_group_size=ROW_GROUP)
            rows += batch.num_rows
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise ValueError("no batch to write: an empty table needs at least one batch with its schema")
    return rows


def _encoding(schema: pa.Schema) -> dict[str, Any]:
    """Compress floats by their byte planes, which halves them, and everything else by dictionary."""
    planes, others = [], []
    for column in schema:
        nested = pa.types.is_list(column.type)
        path = f"{column.name}.list.element" if nested else column.name
        kind = column.type.value_type if nested else column.type
        (planes if pa.types.is_floating(kind) else others).append(path)
    return {"compression": "zstd", "use_dictionary": others, "use_byte_stream_split": planes}


def write_json(path: Path, value: Any) -> None:
    """Write JSON to `path` through a temporary file, so that a reader never sees half of it."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n", "utf-8")
    os.replace(temporary, path)


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that results depend on, read without importing them."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def peak_memory() -> int:
    """Highest resident memory of this process so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def to_disk(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
