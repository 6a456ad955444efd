"""Source rows in the shape of a target format: unchanged where they have it already, else converted."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from explorer.exports.picks import Origin, Pick
from explorer.ingest.formats.alpaca import NAMES
from explorer.ingest.formats.dialogue import text_of

_BREAK = re.compile(r"[ \t]*[\r\n][ \t\r\n]*")
_SHAREGPT = {"system": "system", "user": "human", "assistant": "gpt"}


def is_alpaca(origin: Origin) -> bool:
    """Whether the rows of a file have Alpaca's own columns."""
    return origin.format == "alpaca" and all(NAMES[role] == column for role, column in origin.mapping.items())


def is_sharegpt(origin: Origin) -> bool:
    """Whether the rows of a file hold ShareGPT turns under `conversations`."""
    return origin.format == "sharegpt" and origin.mapping["turns"] == "conversations"


def is_messages(origin: Origin) -> bool:
    """Whether the rows of a file hold OpenAI turns under `messages`."""
    return origin.format == "messages" and origin.mapping["turns"] == "messages"


def one_line(raw: str) -> str:
    """JSON text on one line, token for token the same: a line break can only stand between two tokens."""
    return _BREAK.sub(" ", raw) if "\n" in raw or "\r" in raw else raw


def extended(raw: str, extras: dict[str, Any]) -> str:
    """Add keys at the end of a JSON object's text, the rest of it untouched; an infinite gain is null."""
    if not extras:
        return raw
    body = raw.rstrip()[:-1].rstrip()
    finite = {name: None if isinstance(x, float) and not math.isfinite(x) else x for name, x in extras.items()}
    added = json.dumps(finite, ensure_ascii=False, allow_nan=False)[1:]
    return f"{body}{'' if body.endswith('{') else ', '}{added}"


def to_alpaca(pick: Pick, *, system: bool, history: bool) -> dict[str, Any]:
    """Instruction, input, output; `system` and `history` in every row of an export where any row has them."""
    turns = list(pick.turns)
    opening = turns.pop(0)[1] if turns[0][0] == "system" else ""
    instruction, extra = turns[-2][1], ""
    mapping = pick.origin.mapping
    if "input" in mapping and "prompt" in mapping:
        instruction = text_of(pick.row.get(mapping["prompt"]), mapping["prompt"])
        extra = text_of(pick.row.get(mapping["input"]), mapping["input"])
    made: dict[str, Any] = {"instruction": instruction, "input": extra, "output": turns[-1][1]}
    if system:
        made["system"] = opening
    if history:
        earlier = [content for _, content in turns[:-2]]
        made["history"] = [list(pair) for pair in zip(earlier[::2], earlier[1::2], strict=True)]
    return made


def to_sharegpt(pick: Pick) -> dict[str, Any]:
    """Return turns under `conversations` as `from` (system, human, gpt) and `value`."""
    return {"conversations": [{"from": _SHAREGPT[role], "value": content} for role, content in pick.turns]}


def to_messages(pick: Pick) -> dict[str, Any]:
    """Return turns under `messages` as `role` (system, user, assistant) and `content`."""
    return {"messages": [{"role": role, "content": content} for role, content in pick.turns]}
