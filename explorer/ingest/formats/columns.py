"""Named columns: one for the prompt, one for the response, and where there are such, input, system and history.

Detection knows the names that public instruction datasets use; anything else the user maps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from explorer.ingest.datamodels import RowDropped
from explorer.ingest.formats.dialogue import EMPTY_PROMPT, EMPTY_RESPONSE, Turn, blank, sample_of, text_of
from explorer.ingest.values import Json
from explorer.records import Sample

ALIASES: dict[str, tuple[str, ...]] = {
    "prompt": ("instruction", "prompt", "question", "query", "user", "human", "problem", "input"),
    "response": ("response", "output", "completion", "answer", "assistant", "solution", "reply", "target", "gpt"),
    "input": ("input", "context"),
    "system": ("system", "system_prompt"),
    "history": ("history",),
}


class Columns:
    """Prompt and response in columns of their own."""

    slug = "columns"
    title = "Named columns (prompt, response)"
    roles: tuple[str, ...] = ("prompt", "input", "response", "system", "history")

    def match(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
        """Take the first known name of each role, compared without case; prompt and response must both be there."""
        columns = {name.lower(): name for row in rows for name in row}
        mapping: dict[str, str] = {}
        for role, names in ALIASES.items():
            free = (columns[name] for name in names if name in columns and columns[name] not in mapping.values())
            if (found := next(free, None)) is not None:
                mapping[role] = found
        if "prompt" not in mapping or "response" not in mapping:
            return None
        if mapping["prompt"].lower() != "instruction":
            mapping.pop("input", None)  # beside a question, a `context` is not known to be part of it
        return {role: mapping[role] for role in self.roles if role in mapping}

    def parse(self, row: Mapping[str, Any], mapping: Mapping[str, str]) -> Sample:
        """Join prompt and input by a newline; history comes before them, system first of all."""
        for role in ("prompt", "response"):
            if mapping[role] not in row:
                raise RowDropped(f"no column {mapping[role]!r}")
        cells = {role: text_of(row.get(column), column) for role, column in mapping.items() if role != "history"}
        prompt, extra = cells["prompt"], cells.get("input", "")
        if not blank(extra):
            prompt = f"{prompt}\n{extra}" if not blank(prompt) else extra
        if blank(cells["response"]):
            raise RowDropped(EMPTY_RESPONSE)
        if blank(prompt):
            raise RowDropped(EMPTY_PROMPT)
        turns: list[Turn] = [("system", cells["system"])] if cells.get("system") else []
        if "history" in mapping:
            turns.extend(_history(row.get(mapping["history"]), mapping["history"]))
        return sample_of([*turns, ("user", prompt), ("assistant", cells["response"])])


def _history(value: Json, column: str) -> Iterator[Turn]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise RowDropped(f"broken turns: column {column!r} is not a list of pairs") from error
    if not value:
        return
    if not isinstance(value, list):
        raise RowDropped(f"broken turns: column {column!r} is not a list of pairs")
    for pair in value:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise RowDropped(f"broken turns: column {column!r} is not a list of pairs")
        yield "user", text_of(pair[0], column)
        yield "assistant", text_of(pair[1], column)
