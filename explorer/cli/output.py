"""Output of a verb: progress on standard error, the result on standard output (one JSON object with `--json`)."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from explorer.progress import silent


def open_store(path: str, *, create: bool = False) -> Any:
    """Open the workspace at `path`; `create` makes a missing one."""
    from explorer.workspace import Store

    return Store.create(path) if create else Store.open(path)


def emit(result: Any, *, as_json: bool, lines: Callable[[], list[str]] | None = None) -> None:
    """Print a result: JSON with `as_json`, else `lines()`, else its fields one per line."""
    from dataclasses import asdict

    fields = result if isinstance(result, Mapping) else asdict(result)
    if as_json:
        print(json.dumps(_clean(fields), ensure_ascii=False))  # noqa: T201 - this is the output
        return
    for line in lines() if lines is not None else _plain(fields):
        print(line)  # noqa: T201


def progress_printer(mode: str) -> Callable[..., None]:
    """A progress callback that prints to standard error (`auto`: one updated line on a terminal, else plain lines)."""
    if mode == "none":
        return silent
    if mode == "json":
        return _print_json
    return _Line(live=mode == "auto" and sys.stderr.isatty())


def _print_json(stage: str, done: float, total: float | None, note: str = "") -> None:
    sys.stderr.write(json.dumps({"stage": stage, "done": done, "total": total, "note": note}) + "\n")
    sys.stderr.flush()


class _Line:
    """Progress as text, at most five times a second on a terminal and every ten seconds elsewhere."""

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._stage, self._began, self._written, self._width = "", 0.0, 0.0, 0
        self._first = time.monotonic()

    def __call__(self, stage: str, done: float, total: float | None, note: str = "") -> None:
        now = time.monotonic()
        changed, finished = stage != self._stage, total is not None and done >= total
        if changed:
            if not self._live and now - self._first < 2.0:  # a command that fails at once prints only its error
                return
            if self._live and self._stage:
                sys.stderr.write("\n")
            self._stage, self._began, self._width = stage, now, 0
        elif not finished and now - self._written < (0.2 if self._live else 10.0):
            return
        self._written = now
        text = f"{stage}: {self._share(done, total, now)}{'  ' + note if note else ''}"
        end = "\n" if not self._live else ""
        sys.stderr.write(f"\r{text.ljust(self._width)}" if self._live else f"{text}{end}")
        self._width = len(text)
        if finished and self._live:
            sys.stderr.write("\n")
            self._stage = ""
        sys.stderr.flush()

    def _share(self, done: float, total: float | None, now: float) -> str:
        if not total:
            return f"{done:,.0f}" if done else "…"
        share = min(1.0, done / total)
        left = (now - self._began) * (1 - share) / share if 0.02 < share < 1 else 0.0
        return f"{share:4.0%}{f'  about {_duration(left)} left' if left >= 1 else ''}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _clean(value: Any) -> Any:
    """JSON has no NaN: an undefined number is null."""
    if isinstance(value, Mapping):
        return {str(key): _clean(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(inner) for inner in value]
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):  # a NumPy scalar
        value = value.item()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def aligned(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """A table as lines of text: words to the left, numbers to the right, '–' where there is none."""
    rows = list(rows)
    lines = [header, *(["–" if value is None else _shown(value) for value in row] for row in rows)]
    columns = []
    for i, cells in enumerate(zip(*lines, strict=True)):
        width, words = max(map(len, cells)), any(isinstance(row[i], str) for row in rows)
        columns.append([cell.ljust(width) if words else cell.rjust(width) for cell in cells])
    return ["  ".join(cells).rstrip() for cells in zip(*columns, strict=True)]


def _plain(fields: Mapping[str, Any]) -> list[str]:
    filled = {name: value for name, value in fields.items() if value != ""}
    width = max((len(name) for name in filled), default=0)
    return [f"{name.replace('_', ' '):<{width}}  {_shown(value)}" for name, value in filled.items()]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_shown(inner)}" for key, inner in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return f"{len(value)} entries" if value and isinstance(value[0], Mapping) else "; ".join(map(_shown, value))
    return str(value)
