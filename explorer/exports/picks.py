"""The rows of a selection in pick order, streamed from the workspace with the fields that export formats need."""

from __future__ import annotations

import base64
import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from explorer.errors import refuse
from explorer.ingest.values import has_escaped_surrogate, without_surrogates
from explorer.workspace import Artifact, Snapshot, Store

if TYPE_CHECKING:
    import pyarrow as pa

EXTRAS = ("rank", "gain", "cluster", "score")
PREFIX = "selection_"  # of an extra column whose plain name is a column of the source
BATCH = 2_048  # rows in memory as Python objects


@dataclass(frozen=True)
class Origin:
    """One source file as ingest recorded it; its rows are `first_row` and the `rows - 1` after it."""

    name: str
    kind: str
    format: str
    mapping: dict[str, str]
    first_row: int
    rows: int
    schema: str | None

    def arrow_schema(self) -> pa.Schema | None:
        """The column types that the file declares, or None."""
        import pyarrow as pa

        return None if self.schema is None else pa.ipc.read_schema(pa.py_buffer(base64.b64decode(self.schema)))


@dataclass(frozen=True)
class Pick:
    """One chosen row. `raw` is the source row's JSON text; `turns` are (role, content), the system prompt first."""

    source_row: int
    raw: str
    turns: tuple[tuple[str, str], ...]
    origin: Origin
    extras: dict[str, Any]

    @cached_property
    def row(self) -> dict[str, Any]:
        """The source row as values; lone surrogates, which UTF-8 cannot encode, are replaced."""
        value = json.loads(self.raw)
        return without_surrogates(value) if has_escaped_surrogate(self.raw) else value


@dataclass(frozen=True)
class Picks:
    """A selection to export. `extras` maps each extra to its column name; `limit` is for previews."""

    store: Store
    selection: Artifact
    samples: Artifact
    extras: dict[str, str] = field(default_factory=dict)
    limit: int | None = None

    @classmethod
    def of(cls, store: Store, selection: Artifact, *, extras: Sequence[str] = (), limit: int | None = None) -> Picks:
        """Check that the artifacts of the extras exist, and name their columns."""
        samples = store.resolve("samples", selection.manifest.inputs["samples"])
        names: dict[str, str] = {}
        for extra in extras:
            if extra not in EXTRAS:
                refuse(f"unknown extra column {extra!r}", allowed=EXTRAS)
            taken = extra in samples.manifest.info["columns"]
            names[extra] = f"{PREFIX}{extra}" if taken else extra
        picks = cls(store, selection, samples, names, limit)
        if "cluster" in names:
            picks._side("clusters")
        if "score" in names:
            picks._side("quality")
        return picks

    @property
    def rows(self) -> int:
        """Number of rows to write."""
        rows = self.selection.manifest.rows["selections"]
        return rows if self.limit is None else min(rows, self.limit)

    @property
    def columns(self) -> list[str]:
        """The columns of all source rows, in order of first appearance."""
        return list(self.samples.manifest.info["columns"])

    @cached_property
    def origins(self) -> list[Origin]:
        """The source files, in order."""
        names = Origin.__dataclass_fields__
        return [
            Origin(**{key: value for key, value in file.items() if key in names})
            for file in self.samples.manifest.info["files"]
        ]

    def stream(self) -> Iterator[list[Pick]]:
        """Yield the picks in order, at most `BATCH` at a time."""
        starts = [origin.first_row for origin in self.origins]
        for batch in self._reader():
            picks = []
            for row in batch.to_pylist():
                origin = self.origins[bisect_right(starts, row["source_row"]) - 1]
                turns = tuple((turn["role"], turn["content"]) for turn in row["turns"])
                extras = {self.extras[extra]: row[f"x_{extra}"] for extra in self.extras}
                picks.append(Pick(row["source_row"], row["raw"], turns, origin, extras))
            yield picks

    def source_rows(self) -> list[int]:
        """The zero-based rows of the source, in pick order."""
        query = (
            f"SELECT s.source_row FROM {self.store.scan(self.selection)} r "
            f"JOIN {self.store.scan(self.samples)} s USING (sample_id) ORDER BY r.rank LIMIT ?"
        )
        return [row for (row,) in self.store.sql(query, [self.rows]).fetchall()]

    def source_bytes(self) -> int:
        """The size of the source rows in bytes."""
        query = (
            f"SELECT coalesce(sum(strlen(s.raw)), 0) FROM {self.store.scan(self.selection)} r "
            f"JOIN {self.store.scan(self.samples)} s USING (sample_id)"
        )
        return int(self.store.sql(query).fetchall()[0][0])

    def shape(self) -> tuple[bool, bool]:
        """Whether any pick has a system prompt, and whether any has more than one exchange."""
        query = (
            "SELECT coalesce(bool_or(s.system <> ''), false), "
            "coalesce(bool_or(len(s.turns) > CASE WHEN s.system <> '' THEN 3 ELSE 2 END), false) "
            f"FROM {self.store.scan(self.selection)} r JOIN {self.store.scan(self.samples)} s USING (sample_id)"
        )
        ((system, longer),) = self.store.sql(query).fetchall()
        return bool(system), bool(longer)

    def _reader(self) -> pa.RecordBatchReader:
        wanted = {"rank": "r.rank", "gain": "r.gain", "cluster": "c.cluster", "score": "q.score"}
        extras = "".join(f", {wanted[extra]} AS x_{extra}" for extra in self.extras)
        joins = ""
        if "cluster" in self.extras:
            joins += f" LEFT JOIN {self.store.scan(self._side('clusters'))} c ON c.sample_id = s.sample_id"
        if "score" in self.extras:
            joins += f" LEFT JOIN {self.store.scan(self._side('quality'))} q ON q.sample_id = s.sample_id"
        query = (
            f"SELECT s.source_row, s.raw, s.turns{extras} FROM {self.store.scan(self.selection)} r "
            f"JOIN {self.store.scan(self.samples)} s ON s.sample_id = r.sample_id{joins} ORDER BY r.rank LIMIT ?"
        )
        return self.store.sql(query, [self.rows]).to_arrow_reader(BATCH)

    def _side(self, kind: str) -> Artifact:
        """The artifact of `kind` that the selection was made from, else the newest one of its dataset."""
        used = self.selection.manifest.inputs.get(kind)
        if used is not None:
            return self.store.resolve(kind, used)
        return Snapshot.of(self.store, self.samples).require(kind)
