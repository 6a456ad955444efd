"""Conversations in one column: OpenAI `messages` and ShareGPT differ only in what they call the two keys of a turn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from explorer.ingest.datamodels import RowDropped
from explorer.ingest.formats.dialogue import Turn, blank, sample_of, text_of
from explorer.ingest.values import Json, is_missing, json_text
from explorer.records import Sample

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "function_call": "assistant",
    "tool": "user",  # what a tool returned takes the user's place, as trainers have it
    "tool_result": "user",
    "function": "user",
    "observation": "user",
}
_TOOLS = ("tool", "tool_result", "function", "observation")
_ALIASES = ("conversation", "dialogue", "dialog", "turns", "chat")


class Chat:
    """A list of turns, each an object with a role and a text."""

    def __init__(self, slug: str, title: str, role: str, content: str, columns: tuple[str, ...]) -> None:
        self.slug = slug
        self.title = title
        self.roles: tuple[str, ...] = ("turns", "system")
        self.role = role
        self.content = content
        self._columns = columns

    def match(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
        """Find the column that holds lists of such turns; the usual names first."""
        present = list(dict.fromkeys(name for row in rows for name in row))
        known = [name for name in (*self._columns, *_ALIASES) if name in present]
        for column in dict.fromkeys((*known, *present)):
            if any(self._fits(row.get(column)) for row in rows):
                mapping = {"turns": column}
                if "system" in present:
                    mapping["system"] = "system"
                return mapping
        return None

    def parse(self, row: Mapping[str, Any], mapping: Mapping[str, str]) -> Sample:
        """Map the roles to system, user and assistant; a `system` column is the system turn where there is none."""
        column = mapping["turns"]
        if column not in row:
            raise RowDropped(f"no column {column!r}")
        value = _listed(row[column])
        if not isinstance(value, list) or not value:
            raise RowDropped(f"broken turns: column {column!r} is not a list of turns")
        turns = list(self._turns(value, column))
        if "system" in mapping and turns[0][0] != "system":
            system = text_of(row.get(mapping["system"]), mapping["system"])
            turns = [("system", system), *turns] if not blank(system) else turns
        return sample_of(turns)

    def _turns(self, value: list[Any], column: str) -> Iterator[Turn]:
        held: Turn | None = None
        for turn in value:
            if not isinstance(turn, dict):
                raise RowDropped("broken turns: a turn is not an object")
            said = turn.get(self.role)
            role = ROLES.get(said.lower()) if isinstance(said, str) else None
            if role is None:
                raise RowDropped("broken turns: unknown role")
            content = text_of(turn.get(self.content), column)
            if not content and not is_missing(turn.get("tool_calls")) and turn["tool_calls"]:
                content = json_text(turn["tool_calls"])
            if held is not None and role == "user" == held[0] and str(said).lower() in _TOOLS:
                held = (role, f"{held[1]}\n{content}")  # several tools may answer one call
                continue
            if held is not None:
                yield held
            held = (role, content)
        if held is not None:
            yield held

    def _fits(self, value: Json) -> bool:
        turns = _listed(value)
        return (
            isinstance(turns, list)
            and bool(turns)
            and all(isinstance(turn, dict) and self.role in turn for turn in turns)
        )


def _listed(value: Json) -> Json:
    # CSV, and many a Parquet file, hold the list as JSON text
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
