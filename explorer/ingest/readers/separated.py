"""CSV (and TSV): the first line names the columns; every cell is text, an empty cell is the empty string.

Quoting is strict, so that a quote that is never closed is refused instead of swallowing the rest of the file.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import InputError, refuse
from explorer.ingest.datamodels import Row
from explorer.ingest.readers.text import WIDE, not_utf8, opened
from explorer.ingest.values import json_text

if TYPE_CHECKING:
    import pyarrow as pa

SEPARATORS = (",", "\t", ";", "|")


class Separated:
    """Reader of CSV and TSV files. The separator is the one of `SEPARATORS` that the header holds most often."""

    slug = "csv"
    suffixes = (".csv", ".tsv", ".csv.gz", ".tsv.gz")

    def rows(self, path: Path, *, split: str) -> Generator[Row, None, None]:
        """Yield one row per record; a record with too few or too many cells carries that as its problem."""
        del split
        csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
        with opened(path) as stream:
            _refuse_wide(path)
            text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
            records = csv.reader(text, strict=True, delimiter=separator(path))
            number = 1
            try:
                columns = _header(next(records, []), path)
                for cells in records:
                    number = records.line_num + 1
                    if not cells:
                        continue  # a blank line is no row
                    value = dict(zip(columns, cells, strict=False))
                    problem = "" if len(cells) == len(columns) else "wrong number of cells"
                    yield Row(value, json_text(value), problem)
            except csv.Error as error:
                raise InputError(f"{path}, line {max(number, records.line_num)}: broken CSV: {error}") from error
            except UnicodeDecodeError as error:
                raise not_utf8(path, records.line_num + 1, error) from error

    def schema(self, path: Path) -> pa.Schema | None:
        """CSV declares no types: every cell is text."""
        del path


def separator(path: Path) -> str:
    """Return the character that separates the cells of the header line."""
    with opened(path) as stream:
        header = stream.readline(1 << 20).decode("utf-8", "replace")
    return max(SEPARATORS, key=lambda one: (header.count(one), -SEPARATORS.index(one)))


def _header(cells: list[str], path: Path) -> list[str]:
    twice = [name for name in cells if cells.count(name) > 1]
    if twice:
        refuse(f"{path}, line 1: two columns are called {twice[0]!r}")
    return cells


def _refuse_wide(path: Path) -> None:
    with opened(path) as stream:
        if stream.read(2) in WIDE:
            raise InputError(f"{path} is UTF-16; save the file as UTF-8 and try again")
