"""JSON lines (`.jsonl`, `.ndjson`, also `.gz`): one row a line; `raw` is the line without its newline.

Blank lines are no rows, as in `datasets` and pandas. A byte-order mark is not part of the first row.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import InputError
from explorer.ingest.datamodels import Row
from explorer.ingest.readers.text import BOM, WIDE, decoded, opened
from explorer.ingest.values import Json

if TYPE_CHECKING:
    import pyarrow as pa

MAX_LINE = 1 << 30  # bytes: two such fields would not fit an Arrow string column
FIRST_LINE = 1 << 24  # bytes of the first line that are looked at to tell JSON lines from an array
TWICE = "the same key twice"


class Decoder:
    """A JSON decoder that also says whether any object of the last value had a key twice."""

    def __init__(self) -> None:
        self.problem = ""
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            self.problem = TWICE
        return made

    def whole(self, text: str) -> Json:
        """Decode a text that is one JSON value."""
        self.problem = ""
        return self._decoder.decode(text)

    def start(self, text: str, at: int) -> tuple[Any, int]:
        """Decode the value that starts at `at`; returns it and where it ends."""
        self.problem = ""
        return self._decoder.raw_decode(text, at)


class JsonLines:
    """Reader of JSON lines."""

    slug = "jsonl"
    suffixes = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")

    def rows(self, path: Path, *, split: str) -> Generator[Row, None, None]:
        """Yield one row per line that is not blank."""
        del split
        decoder = Decoder()
        with opened(path) as stream:
            number = 0
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise InputError(f"{path}, line {number}: longer than {MAX_LINE:,} bytes; is it JSON lines?")
                if number == 1:
                    line = line.removeprefix(BOM)
                raw = decoded(line, path, number)
                raw = raw.removesuffix("\n").removesuffix("\r")
                if not raw or raw.isspace():
                    continue
                yield Row(_decode(decoder, raw, path, number), raw, decoder.problem)

    def schema(self, path: Path) -> pa.Schema | None:
        """JSON declares no types."""
        del path


def _decode(decoder: Decoder, raw: str, path: Path, number: int) -> Json:
    try:
        return decoder.whole(raw)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {number}, column {error.pos + 1}: broken JSON: {error.msg}") from error
    except RecursionError as error:
        raise InputError(f"{path}, line {number}: JSON nested too deeply") from error
    except ValueError as error:  # an integer of thousands of digits
        raise InputError(f"{path}, line {number}: broken JSON: {error}") from error


def first_line(path: Path) -> tuple[str, bool]:
    """Return the first line that is not blank, stripped, and whether it is whole; ("", True) for an empty file."""
    with opened(path) as stream:
        number = 0
        while line := stream.readline(FIRST_LINE):
            number += 1
            if number == 1:
                if line.startswith(WIDE):
                    raise InputError(f"{path} is UTF-16; save the file as UTF-8 and try again")
                line = line.removeprefix(BOM)
            if line.strip():
                whole = line.endswith(b"\n") or len(line) < FIRST_LINE
                return line.decode("utf-8", "replace").strip(), whole
    return "", True
