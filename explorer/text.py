"""Dataset text made safe to show: on one line, or with its control and direction marks visible."""

from __future__ import annotations

import unicodedata

_MARKS = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, format and direction marks, lone surrogates, line separators


def one_line(text: object, limit: int = 120) -> str:
    """Return a text on one line: marks become spaces, what is longer than `limit` characters ends in an ellipsis."""
    spaced = "".join(" " if unicodedata.category(c) in _MARKS else c for c in str(text))
    line = " ".join(spaced.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def visible(text: str, *, keep: str = "\n\t") -> str:
    """Return a text with its marks (but those of `keep`) as dots, so that none can turn or break the line around it."""
    return "".join("·" if c not in keep and unicodedata.category(c) in _MARKS else c for c in text)
