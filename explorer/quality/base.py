"""What a scorer is: items in, one score each out, a failed one without a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from explorer.registry import Described


@dataclass(frozen=True)
class Item:
    """One sample as a scorer reads it; `turns` is the whole conversation as (role, content)."""

    content_hash: str
    prompt: str
    response: str
    system: str = ""
    turns: tuple[tuple[str, str], ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def conversation(self) -> tuple[tuple[str, str], ...]:
        """The turns, made from system, prompt and response where the row has none."""
        made = (("system", self.system), ("user", self.prompt), ("assistant", self.response))
        return self.turns or tuple((role, text) for role, text in made if text)


@dataclass(frozen=True)
class Score:
    """`value` None: it failed, `problem` says why in a few words. `parts` are the numbers it is made from."""

    value: float | None
    parts: dict[str, float] = field(default_factory=dict)
    problem: str = ""

    @classmethod
    def failed(cls, problem: str) -> Score:
        """Make a score that could not be made."""
        return cls(None, {}, problem)


ScoreBatch = Callable[[Sequence[Item]], list[Score]]


class Scorer(Described, Protocol):
    """One way to score. Higher is better for every scorer, so that they can stand in for each other."""

    @property
    def version(self) -> int:
        """Raised when the same text gets another score: part of the cache key and of the artifact's id."""
        ...

    @property
    def cached(self) -> bool:
        """Whether scores are kept by content hash (not where they depend on more than the content)."""
        ...

    @property
    def retries_failed(self) -> bool:
        """Whether scoring again can help a sample that failed (an endpoint), or gives the same (a missing value)."""
        ...

    def identity(self, params: Any) -> dict[str, Any]:
        """List the parameters that change a score (not, say, how many requests run at once), as JSON values."""
        ...

    def session(self, params: Any) -> AbstractContextManager[ScoreBatch]:
        """Load what is needed and give a function that scores a batch, item by item in order.

        Raises:
            InputError: what is needed is not there (a model, an endpoint).
        """
        ...
