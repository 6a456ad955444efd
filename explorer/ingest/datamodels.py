"""The nouns of ingest: a row as a reader yields it, what detection found, and why a row was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from explorer.errors import ExplorerError
from explorer.records import Sample

ROLES = ("prompt", "input", "response", "system", "history", "turns")
"""What a column can be mapped to. `input` is appended to the prompt; `history` is a list of (prompt, response)."""


class Row(NamedTuple):
    """One row of a source file: the parsed value, and its JSON text (for JSON sources the very characters)."""

    value: Any
    raw: str
    problem: str = ""  # why the row cannot be used although it could be read, e.g. a key that stands there twice


class RowDropped(ExplorerError):
    """A row that makes no sample; the message is the reason it is counted under."""


@dataclass(frozen=True)
class Detection:
    """How one file will be read, to be shown before it is used.

    `confidence` is the share of the rows looked at that make a sample this way, 0 to 1.
    """

    format: str
    mapping: Mapping[str, str]
    confidence: float
    evidence: str
    columns: tuple[str, ...] = ()
    preview: tuple[Sample, ...] = field(default=(), repr=False)
    asked: bool = False  # the user named the format or the columns

    @property
    def line(self) -> str:
        """One line for a terminal or a caption: format, mapping, evidence."""
        mapped = ", ".join(f"{role}={column}" for role, column in self.mapping.items())
        return f"{self.format} ({mapped}): {self.evidence}"
