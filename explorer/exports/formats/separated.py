"""CSV of the source rows: text as it is, numbers and truth values as JSON, nested values as JSON text.

A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@`, tab or carriage return as a formula, and data text is
not to be trusted: such text gets a leading apostrophe, unless `safe` is switched off. Numbers are left alone.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from explorer.exports.formats.lines import Options
from explorer.exports.picks import Picks
from explorer.ingest.values import Json, json_text
from explorer.progress import Progress
from explorer.registry import param

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class CsvParams:
    """Options of the CSV export."""

    safe: bool = param(True, "put an apostrophe before text that a spreadsheet would run as a formula")


class SeparatedExport:
    """For spreadsheets."""

    slug = "csv"
    title = "CSV (formula-safe)"
    suffix = ".csv"
    takes_extras = True
    Params = CsvParams

    def write(self, picks: Picks, target: Path, params: Options, progress: Progress, *, ending: str) -> int:
        """Write all columns that any source row has, in order of first appearance, then the extras."""
        del ending
        columns = [*picks.columns, *picks.extras.values()]
        rows = 0
        with open(target, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([_cell(name, params.safe) for name in columns])
            for batch in picks.stream():
                for pick in batch:
                    values = {**pick.row, **pick.extras}
                    writer.writerow([_cell(values.get(name), params.safe) for name in columns])
                rows += len(batch)
                progress("export", rows, picks.rows, "rows")
        return rows


def _cell(value: Json, safe: bool) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return json_text(value) if not isinstance(value, float) else repr(value)
    return f"'{value}" if safe and value.startswith(_FORMULA) else value
