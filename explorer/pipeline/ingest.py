"""From a source to the `samples` artifact: a stream of rows in, record batches out, every row accounted for."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.errors import refuse
from explorer.ingest.datamodels import RowDropped
from explorer.ingest.formats import FORMATS
from explorer.ingest.plan import FilePlan, Plan, plan
from explorer.ingest.values import has_escaped_surrogate, json_text, plain, without_surrogates
from explorer.options.base import keywords
from explorer.options.verbs import IngestOptions
from explorer.progress import Progress, silent
from explorer.records import SAMPLES, Sample
from explorer.workspace import Artifact, Store

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 1  # raise it when the same bytes would make other samples
BATCH_ROWS = 16_384
BATCH_CHARS = 1 << 26  # of raw text: bounds the memory of a batch whatever the length of the rows
SOURCE_COLUMNS = ("source", "category", "dataset")
SURROGATES = "lone surrogates replaced by U+FFFD"


@dataclass(frozen=True)
class IngestResult:
    """What came in. `dropped` and `repaired` count rows by reason; `duplicates` are kept and marked."""

    samples: int
    dropped: dict[str, int]
    duplicates: int
    format: str
    artifact: str
    existed: bool = False
    repaired: dict[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)


@keywords(IngestOptions)
def ingest(store: Store, options: IngestOptions, *, progress: Progress = silent) -> IngestResult:
    """Read a dataset into a samples artifact of `store`; the same content is imported only once.

    `mapping` names columns by role: `prompt`, `response`, `system`, `input`, `history`, or `turns`. A row that makes
    no sample is counted with its reason. A source that is missing, empty or broken raises an `InputError` (file, line
    and column), and nothing is written.
    """
    planned = plan(options.source, format=options.format, mapping=options.roles or None, split=options.split)
    identities = []
    for file in planned.files:
        progress("fingerprint", len(identities), len(planned.files), file.origin.name)
        identities.append(file.origin.identity())
    parameters = {
        "version": VERSION,
        "files": [
            {**identity, "format": file.detection.format, "mapping": dict(file.detection.mapping)}
            for identity, file in zip(identities, planned.files, strict=True)
        ],
        "split": options.split,
        "limit": options.limit,
    }
    existing = store.find("samples", parameters, {})
    if existing is not None:
        return _result(existing, planned, existed=True)
    with store.draft("samples", parameters=parameters, inputs={}) as draft:
        work = _Work(planned, options.limit, progress)
        draft.write(work.batches())
        draft.dropped = dict(work.dropped.most_common())
        draft.info = {
            "source": options.source,
            "format": planned.format,
            "source_rows": work.source_row,
            "duplicates": work.duplicates,
            "repaired": dict(work.repaired),
            "columns": list(work.columns),
            "files": work.files,
            "left_out": dict(planned.left_out),
        }
        artifact = draft.commit()
    return _result(artifact, planned, existed=False)


class _Work:
    """One pass over the planned files; the counters are complete when `batches` is exhausted."""

    def __init__(self, planned: Plan, limit: int | None, progress: Progress) -> None:
        self.dropped: Counter[str] = Counter()
        self.repaired: Counter[str] = Counter()
        self.duplicates = 0
        self.source_row = 0  # of the row being read, counted over all files
        self.samples = 0
        self.columns: dict[str, None] = {}
        self.files: list[dict[str, Any]] = []
        self._planned = planned
        self._limit = limit
        self._progress = progress
        self._first: dict[bytes, int] = {}  # content hash to the sample that had it first
        self._columns: dict[str, list[Any]] = {name: [] for name in SAMPLES.names}
        self._chars = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield batches of `records.SAMPLES`; refused when the source makes no sample at all."""
        for file in self._planned.files:
            yield from self._file(file)
        if not self.samples:
            counted = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.most_common(5))
            refuse(f"{self._planned.source}: no row makes a sample; dropped: {counted}")
        if self._columns["sample_id"]:
            yield self._flush()

    def _file(self, file: FilePlan) -> Iterator[pa.RecordBatch]:
        format = FORMATS[file.detection.format]
        mapping = file.detection.mapping
        begun, had = self.source_row, self.samples
        for row in file.origin.rows():
            if self._limit is not None and self.samples >= self._limit:
                break
            value = row.value
            try:
                if not isinstance(value, dict):
                    raise RowDropped("not an object")
                if row.problem:
                    raise RowDropped(row.problem)
                if has_escaped_surrogate(row.raw):
                    value = self._repair(value)
                self._add(format.parse(value, mapping), value, mapping, file.origin.stem, row.raw)
            except RowDropped as reason:
                self.dropped[str(reason)] += 1
            self.source_row += 1
            if self._chars >= BATCH_CHARS or len(self._columns["sample_id"]) >= BATCH_ROWS:
                yield self._flush()
        schema = file.origin.schema()
        self.files.append(
            {
                "name": file.origin.name,
                "kind": file.origin.kind,
                "format": format.slug,
                "mapping": dict(mapping),
                "detected": not file.detection.asked,
                "first_row": begun,
                "rows": self.source_row - begun,
                "samples": self.samples - had,
                "schema": None if schema is None else base64.b64encode(schema.serialize().to_pybytes()).decode(),
            }
        )

    def _repair(self, value: dict[str, Any]) -> dict[str, Any]:
        cleaned = without_surrogates(value)
        if cleaned != value:
            self.repaired[SURROGATES] += 1
        return cleaned

    def _add(self, sample: Sample, row: dict[str, Any], mapping: Mapping[str, str], stem: str, raw: str) -> None:
        digest = sample.content_hash
        key = bytes.fromhex(digest)
        original = self._first.setdefault(key, self.samples)
        duplicate = original if original != self.samples else None
        self.duplicates += duplicate is not None
        used = set(mapping.values())
        source, column = _source(row, used)
        meta = {name: cell for name, cell in row.items() if name not in used and name != column and name != "meta"}
        own = row.get("meta") if "meta" not in used else None
        if isinstance(own, dict):
            meta = {**own, **meta}
        elif own is not None:
            meta["meta"] = own
        turns = [{"role": role, "content": content} for role, content in sample.turns]
        cells = (
            self.samples,
            self.source_row,
            sample.prompt,
            sample.response,
            sample.system,
            turns,
            len(sample.prompt),
            len(sample.response),
            source or stem,
            digest,
            duplicate,
            json_text(plain(meta)) if meta else "{}",
            raw,
        )
        for values, cell in zip(self._columns.values(), cells, strict=True):
            values.append(cell)
        self.columns.update(dict.fromkeys(row))
        self._chars += len(raw)
        self.samples += 1

    def _flush(self) -> pa.RecordBatch:
        import pyarrow as pa

        arrays = [pa.array(values, type=SAMPLES.field(name).type) for name, values in self._columns.items()]
        for values in self._columns.values():
            values.clear()
        self._chars = 0
        self._progress("ingest", self.source_row, None, f"{self.samples:,} samples")
        return pa.RecordBatch.from_arrays(arrays, schema=SAMPLES)


def _source(row: Mapping[str, Any], used: set[str]) -> tuple[str, str]:
    for column in SOURCE_COLUMNS:
        value = row.get(column)
        if column not in used and isinstance(value, str) and value and not value.isspace():
            return value, column
    return "", ""


def _result(artifact: Artifact, planned: Plan, *, existed: bool) -> IngestResult:
    manifest = artifact.manifest
    return IngestResult(
        samples=manifest.rows["samples"],
        dropped=manifest.dropped,
        duplicates=manifest.info["duplicates"],
        format=manifest.info["format"],
        artifact=artifact.ref,
        existed=existed,
        repaired=manifest.info["repaired"],
        files=tuple(planned.lines),
        left_out=dict(planned.left_out),
    )
