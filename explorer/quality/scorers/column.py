"""A number that the data already carries, in a column of the source rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from explorer.errors import refuse
from explorer.quality.base import Item, Score, ScoreBatch
from explorer.registry import param


@dataclass(frozen=True)
class Params:
    """Parameters of `column`."""

    column: str = param("", "name of a numeric column of the source rows (a key of meta)")
    descending: bool = param(False, "small numbers are the good ones: the sign is turned round")


class Column:
    """q = the column's number (or its negative). A row without a finite number has no score and is counted."""

    slug = "column"
    title = "Column of the data"
    goal = "a rating that comes with the dataset"
    version = 1
    cached = False
    retries_failed = False
    Params = Params

    def identity(self, params: Params) -> dict[str, Any]:
        """See `Scorer`."""
        return asdict(params)

    @contextmanager
    def session(self, params: Params) -> Iterator[ScoreBatch]:
        """See `Scorer`."""
        if not params.column:
            refuse("scorer column needs the parameter column", allowed="the name of a numeric column")

        def score(items: Sequence[Item]) -> list[Score]:
            return [_score(item, params) for item in items]

        yield score


def number(value: Any) -> float | None:
    """`value` as a finite number; text that reads as one counts, true and false do not."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _score(item: Item, params: Params) -> Score:
    if params.column not in item.meta or item.meta[params.column] in (None, ""):
        return Score.failed("no value")
    found = number(item.meta[params.column])
    if found is None:
        return Score.failed("not a finite number")
    return Score(-found if params.descending else found)
