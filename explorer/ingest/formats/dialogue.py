"""From turns to a sample: the rules every format shares.

A usable conversation is: at most one system turn, first; then user and assistant in strict alternation. `response` is
the last assistant turn, `prompt` all that comes before it without the system prompt: the user's text alone where
there is one turn, else the turns under `User:` and `Assistant:`.
"""

from __future__ import annotations

from collections.abc import Iterable

from explorer.ingest.datamodels import RowDropped
from explorer.ingest.values import Json, is_missing, json_text
from explorer.records import Sample

EMPTY_RESPONSE = "empty response"
EMPTY_PROMPT = "empty prompt"
_TITLES = {"user": "User", "assistant": "Assistant"}

Turn = tuple[str, str]


def text_of(value: Json, column: str) -> str:
    """Return the text of a cell: strings as they are, numbers and truth values as JSON, lists of text parts joined."""
    if isinstance(value, str):
        return value
    if is_missing(value):
        return ""
    if isinstance(value, (bool, int, float)):
        return json_text(value)
    if isinstance(value, list) and value:
        return "\n".join(_part(part, column) for part in value)
    if isinstance(value, list):
        return ""
    raise RowDropped(f"column {column!r} is not text")


def _part(part: Json, column: str) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and part.get("type", "text") == "text" and isinstance(part.get("text"), str):
        return part["text"]
    raise RowDropped(f"column {column!r} is not text")


def sample_of(turns: Iterable[Turn]) -> Sample:
    """Make a sample of turns whose roles are system, user and assistant; `RowDropped` says what is wrong."""
    kept = list(turns)
    system = ""
    if kept and kept[0][0] == "system":
        system = kept[0][1]
        kept = kept[1:]
    if any(role == "system" for role, _ in kept):
        raise RowDropped("broken turns: a system turn after the first turn")
    while kept and kept[-1][0] == "user":
        kept.pop()  # a question nobody answered teaches nothing; the source row keeps it
    if not kept:
        raise RowDropped("broken turns: no assistant turn")
    for place, (role, _) in enumerate(kept):
        if role != ("user", "assistant")[place % 2]:
            raise RowDropped("broken turns: user and assistant do not alternate")
    if blank(kept[-1][1]):
        raise RowDropped(EMPTY_RESPONSE)
    asked = kept[:-1]
    if all(blank(content) for _, content in asked):
        raise RowDropped(EMPTY_PROMPT)
    opening = (("system", system),) if not blank(system) else ()
    return Sample(
        prompt=prompt_of(asked),
        response=kept[-1][1],
        system="" if blank(system) else system,
        turns=(*opening, *kept),
    )


def prompt_of(turns: list[Turn]) -> str:
    """Return the text before the response; `turns` without system prompt and response."""
    if len(turns) == 1:
        return turns[0][1]
    return "\n\n".join(f"{_TITLES[role]}: {content}" for role, content in turns)


def blank(text: str) -> bool:
    """Empty, or white space only."""
    return not text or text.isspace()
