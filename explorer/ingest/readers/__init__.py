"""Readers: one kind of file each, a stream of rows out. `READERS` is the one list of them."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from explorer.ingest.datamodels import Row
from explorer.ingest.readers.json_array import JsonArray
from explorer.ingest.readers.json_lines import JsonLines
from explorer.ingest.readers.parquet import Parquet
from explorer.ingest.readers.separated import Separated
from explorer.registry import Registry

if TYPE_CHECKING:
    import pyarrow as pa


class Reader(Protocol):
    """Reads one kind of file. `suffixes` are the file name endings, lower case."""

    @property
    def slug(self) -> str:
        """Its name in options and manifests."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """File name endings it reads."""
        ...

    def rows(self, path: Path, *, split: str) -> Generator[Row, None, None]:
        """Yield the rows in order with bounded memory; a file that is broken is refused with file and line."""
        ...

    def schema(self, path: Path) -> pa.Schema | None:
        """Return the column types the file itself declares, or None."""
        ...


READERS: Registry[Reader] = Registry("file kind", [JsonLines(), JsonArray(), Separated(), Parquet()])
SUFFIXES = tuple(suffix for reader in READERS for suffix in reader.suffixes)


def reader_of(path: Path) -> Reader | None:
    """Return the reader for a file by its name, and for JSON by its first character; None where there is none."""
    name = path.name.lower()
    for reader in READERS:
        if name.endswith(reader.suffixes):
            if reader.slug in ("json", "jsonl"):
                return READERS[_json_kind(path, reader.slug)]
            return reader
    return None


def _json_kind(path: Path, named: str) -> str:
    # A `.json` file is often JSON lines, and a `.jsonl` file now and then an array: the text decides, not the name.
    from explorer.ingest.readers import json_array, json_lines

    first, complete = json_lines.first_line(path)
    if first.startswith("["):
        return "json"
    if named == "json" and not (complete and json_array.is_row(first)):
        return "json"
    return "jsonl"
