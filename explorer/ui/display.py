"""Numbers, names and texts as the app writes them; text of the dataset never becomes Markdown."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from explorer.queries import groups
from explorer.text import one_line as clean
from explorer.workspace import Artifact

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:^=])")


def md(text: object, limit: int = 120) -> str:
    """Text of the dataset or the user inside a Markdown string: one line, cut, every mark escaped."""
    return _MARKDOWN.sub(r"\\\1", clean(text, limit)).replace("&", "&amp;")


def count(value: float | None) -> str:
    """12,345 up to a million, then 1.23 M."""
    if value is None:
        return "–"
    if abs(value) >= 1e9:
        return f"{value / 1e9:,.2f} G"
    if abs(value) >= 1e6:
        return f"{value / 1e6:,.2f} M"
    return f"{value:,.0f}"


def noun(value: float | None, singular: str, plural: str = "") -> str:
    """`1 row`, `12 rows`."""
    return f"{count(value)} {singular if value == 1 else plural or singular + 's'}"


def share(value: float | None) -> str:
    """Return a share as a percentage with two significant digits, never `0%` for what is there."""
    if value is None:
        return "–"
    percent = 100 * value
    if not percent:
        return "0%"
    if abs(percent) < 0.01:
        return "< 0.01%"
    if abs(percent) < 1:
        return f"{percent:.2f}%"
    if abs(percent) < 10 or 99 < percent < 100:
        return f"{percent:.1f}%"
    return f"{percent:.0f}%"


def seconds(value: float) -> str:
    """Return a duration: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 100:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def when(created: str) -> str:
    """Return an artifact's time stamp as `2026-11-20 06:17` (UTC)."""
    try:
        moment = datetime.fromisoformat(created.replace("Z", "+00:00"))
    except ValueError:
        return created
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def decimal(value: float | None, digits: int = 1) -> str:
    """Return a plain number with fixed decimals."""
    return "–" if value is None else f"{value:,.{digits}f}"


def run_name(run: Artifact) -> str:
    """Name of a saved selection: its own, or its method and budget."""
    return clean(groups.run_name(run), 60)
