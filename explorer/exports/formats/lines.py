"""What the JSON formats share: rows as text, one after the other, to a JSON array or to JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from explorer.exports.picks import Pick, Picks
from explorer.exports.shapes import extended
from explorer.progress import Progress

Options: TypeAlias = Any
"""An instance of the `Params` of an export format."""


@dataclass(frozen=True)
class NoParams:
    """A format without options."""


def write_array(picks: Picks, target: Path, text: Callable[[Pick], str], progress: Progress) -> int:
    """Write a JSON array, one row after the other on lines of their own."""
    return _write(picks, target, text, progress, ("[\n", ",\n", "\n]\n"))


def write_lines(picks: Picks, target: Path, text: Callable[[Pick], str], progress: Progress) -> int:
    """Write JSON lines."""
    return _write(picks, target, text, progress, ("", "\n", "\n"))


def dumped(value: object) -> str:
    """One value as JSON text on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _write(
    picks: Picks, target: Path, text: Callable[[Pick], str], progress: Progress, frame: tuple[str, str, str]
) -> int:
    before, between, after = frame
    rows = 0
    with open(target, "w", encoding="utf-8", newline="") as file:
        file.write(before)
        for batch in picks.stream():
            written = [extended(text(pick), pick.extras) for pick in batch]
            if rows:
                file.write(between)
            file.write(between.join(written))
            rows += len(written)
            progress("export", rows, picks.rows, "rows")
        file.write(after)
    return rows
