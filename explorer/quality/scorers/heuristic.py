"""A score from the text alone: repetition, truncation, refusal, language mix, emptiness."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from explorer.errors import refuse
from explorer.quality.base import Item, Score, ScoreBatch
from explorer.quality.heuristic_language import language
from explorer.quality.heuristic_parts import emptiness, refusal, repetition, truncation
from explorer.registry import param

PARTS = ("repetition", "truncation", "refusal", "language", "empty")


@dataclass(frozen=True)
class Params:
    """Parameters of `heuristic`."""

    leave_out: tuple[str, ...] = param((), f"parts that do not count, of: {', '.join(PARTS)}")

    def __post_init__(self) -> None:
        unknown = [part for part in self.leave_out if part not in PARTS]
        if unknown:
            refuse("scorer heuristic: parameter leave_out", got=unknown[0], allowed=PARTS)


class Heuristic:
    """q = product of the parts, each in (0, 1]; 1 means that no sign of junk was found, not that the answer is good.

    It cannot see whether an answer is off-topic, wrong or dull. Cost: about 0.2 ms a sample.
    """

    slug = "heuristic"
    title = "Heuristic (text only)"
    goal = "no model needed: finds looping, cut-off, empty, refusing, garbled text; not off-topic or wrong answers"
    version = 1
    cached = True
    retries_failed = False
    Params = Params

    def identity(self, params: Params) -> dict[str, Any]:
        """See `Scorer`."""
        return asdict(params)

    @contextmanager
    def session(self, params: Params) -> Iterator[ScoreBatch]:
        """See `Scorer`."""
        kept = [part for part in PARTS if part not in params.leave_out]

        def score(items: Sequence[Item]) -> list[Score]:
            return [_score(item, kept) for item in items]

        yield score


def _score(item: Item, kept: list[str]) -> Score:
    parts = {
        "repetition": repetition(item.response),
        "truncation": truncation(item.response),
        "refusal": refusal(item.response),
        "language": language(item.prompt, item.response),
        "empty": emptiness(item.prompt, item.response),
    }
    value = 1.0
    for part in kept:
        value *= parts[part]
    return Score(value, parts)
