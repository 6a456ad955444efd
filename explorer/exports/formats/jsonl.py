"""JSON lines: every source row unchanged, whatever its format. Lines of a JSON lines source are the same bytes."""

from __future__ import annotations

from pathlib import Path

from explorer.exports.formats.lines import NoParams, Options, write_lines
from explorer.exports.picks import Picks
from explorer.exports.shapes import one_line
from explorer.progress import Progress


class JsonLinesExport:
    """The source rows, one a line."""

    slug = "jsonl"
    title = "JSON lines (source rows)"
    suffix = ".jsonl"
    takes_extras = True
    Params = NoParams

    def write(self, picks: Picks, target: Path, params: Options, progress: Progress, *, ending: str) -> int:
        """Write the lines; a row that lay over several lines in a JSON array is joined, token for token."""
        del params, ending
        return write_lines(picks, target, lambda pick: one_line(pick.raw), progress)
