"""The steps of the budget slider, what a step means in rows, and the budgets that suggest themselves. No Streamlit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from explorer.selection.metrics import Curve

UNITS = ("percent", "rows", "tokens", "training time")
_PERCENT = (0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 100)
_STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
_MINUTES = (
    *(0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 45, 50),
    *(60 * hours for hours in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 30, 36, 48, 72, 96, 120, 168)),
)


@dataclass(frozen=True)
class Costs:
    """Training tokens (prompt and response) of every row, how often each is trained on, and how fast."""

    tokens: np.ndarray
    epochs: float
    tokens_per_second: float

    def minutes(self, positions: np.ndarray) -> np.ndarray:
        """Minutes of training on the first i+1 of `positions`, float64 [n]."""
        total = np.cumsum(self.tokens[positions], dtype=np.int64)
        return total * self.epochs / self.tokens_per_second / 60


@dataclass(frozen=True)
class Chosen:
    """A budget as chosen: `text` as the command line takes it, `rows` what it comes to in this ranking."""

    text: str
    rows: int


@dataclass(frozen=True)
class Suggestion:
    """A budget that suggests itself: `name` on the plot, `reason` in words."""

    rows: int
    name: str
    reason: str


def _grid(top: int) -> list[int]:
    """Round numbers from 1 to `top`, about ten to a decade, `top` among them."""
    grid = {top}
    scale = 1
    while scale <= top:
        grid.update(round(step * scale) for step in _STEPS if round(step * scale) <= top)
        scale *= 10
    return sorted(grid)


def options(unit: str, samples: int, tokens: int, minutes: float = 0.0) -> list[float]:
    """Return the budgets that the slider offers in `unit`; `minutes` is what training on everything takes."""
    if unit == "rows":
        return [float(value) for value in _grid(samples)]
    if unit == "tokens":
        return [float(value) for value in _grid(max(1, tokens)) if value >= min(1_000, tokens)]
    if unit == "training time":
        inside = [value for value in _MINUTES if value < minutes]
        last = _MINUTES[len(inside)] if len(inside) < len(_MINUTES) else math.ceil(minutes)
        return [float(value) for value in (*inside, last)]
    return [float(value) for value in _PERCENT if value * samples >= 50] or [100.0]


def start(unit: str, offered: list[float]) -> float:
    """Return the budget that the slider begins with: about five percent."""
    wanted = 5.0 if unit == "percent" else offered[-1] * 0.05
    return min(offered, key=lambda value: abs(value - wanted))


def shown(unit: str, value: float) -> str:
    """Return a budget as the slider shows it."""
    if unit == "percent":
        return f"{value:g} %"
    if unit == "training time":
        if value < 1:
            return f"{value * 60:g} s"
        return f"{value:g} min" if value < 60 else f"{value / 60:g} h"
    return f"{value:,.0f}{' tokens' if unit == 'tokens' else ' rows'}"


def text(unit: str, value: float) -> str:
    """Return a budget as it stands in the address, and, but for training time, as `select --budget` takes it."""
    if unit == "percent":
        return f"{value:g}%"
    return f"{value:g}min" if unit == "training time" else f"{value:.0f}{'tok' if unit == 'tokens' else ''}"


def read(written: str) -> tuple[str, float] | None:
    """Read what `text` wrote as (unit, value); None for anything else."""
    for ending, unit in (("%", "percent"), ("tok", "tokens"), ("min", "training time"), ("", "rows")):
        if written.endswith(ending):
            try:
                value = float(written.removesuffix(ending))
            except ValueError:
                return None
            fits = 0 < value < 1e15 and (unit != "percent" or value <= 100)
            return (unit, value) if fits and (unit in ("percent", "training time") or value == int(value)) else None
    return None


def chosen(
    unit: str, value: float, samples: int, tokens: np.ndarray | None, ranked: int, minutes: np.ndarray | None = None
) -> Chosen:
    """Return what a budget comes to: `tokens` and `minutes` are cumulative over the ranking of `ranked` picks."""
    if unit == "tokens":
        rows = int(np.searchsorted(tokens, value, side="right")) if tokens is not None else ranked
    elif unit == "training time":
        rows = int(np.searchsorted(minutes, value, side="right")) if minutes is not None else ranked
    elif unit == "percent":
        rows = max(1, int(value / 100 * samples + 0.5))
    else:
        rows = int(value)
    rows = min(rows, ranked)
    return Chosen(str(rows) if unit == "training time" else text(unit, value), rows)


def suggestions(curve: Curve, rounds: np.ndarray) -> list[Suggestion]:
    """Budgets that the ranking itself suggests, smallest first; those of equal size are joined."""
    found: list[Suggestion] = []
    if (knee := curve.knee()) is not None:
        found.append(Suggestion(knee, "knee", "beyond it a row adds less than the average row up to full coverage"))
    for share in (0.9, 0.95, 0.99):
        if (at := curve.rows_for(share)) is not None:
            found.append(Suggestion(at, f"{share:.0%}", f"the first rows that cover {share:.0%} of the features"))
    if len(rounds) and rounds.max() > 1:
        end = int(np.argmax(rounds > 1))
        found.append(
            Suggestion(end, "end of round 1", "no row left adds a feature: from here on features are covered again")
        )
    found.sort(key=lambda one: one.rows)
    joined: list[Suggestion] = []
    for one in found:
        if joined and joined[-1].rows == one.rows:
            last = joined.pop()
            one = Suggestion(one.rows, f"{last.name}, {one.name}", f"{last.reason}; {one.reason}")
        joined.append(one)
    return joined
