"""The steps of the budget slider, what a budget comes to in rows, and suggested budgets. No Streamlit."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from explorer.selection.budget import Budget, Unit
from explorer.selection.metrics import Curve

UNITS: dict[Unit, str] = {"share": "percent", "rows": "rows", "tokens": "tokens", "time": "training time"}
_PERCENT = (0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 100)
_STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
_SECONDS = (
    *(6, 12, 18, 30, 45),
    *(60 * minutes for minutes in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 45, 50)),
    *(3600 * hours for hours in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 30, 36, 48, 72, 96, 120)),
    *(3600 * hours for hours in (168, 336, 720, 2160, 8760)),
)


@dataclass(frozen=True)
class Costs:
    """Training tokens (prompt and response) of every row, and the epochs and speed of training."""

    tokens: np.ndarray
    epochs: float
    tokens_per_second: float

    def budget(self, text: str) -> Budget:
        """Return the budget of a step of the slider; one in time is for these epochs and this speed."""
        budget = Budget.parse(text)
        if budget.unit != "time":
            return budget
        return replace(budget, epochs=self.epochs, tokens_per_second=self.tokens_per_second)

    def seconds(self, positions: np.ndarray | None = None) -> float:
        """Seconds of training on the rows at `positions`; on all of them by default."""
        tokens = self.tokens if positions is None else self.tokens[positions]
        return float(tokens.sum(dtype=np.int64)) * self.epochs / self.tokens_per_second


@dataclass(frozen=True)
class Chosen:
    """A budget and the rows that it comes to in a ranking."""

    budget: Budget
    rows: int


@dataclass(frozen=True)
class Suggestion:
    """A budget that the ranking suggests: `name` on the plot, `reason` in words."""

    rows: int
    name: str
    reason: str


def steps(unit: Unit, samples: int, tokens: int, seconds: float = 0.0) -> list[str]:
    """Return the budgets that the slider offers in `unit`, as text, smallest first.

    `tokens` are the response tokens of all samples, `seconds` is what training on all of them takes.
    """
    if unit == "rows":
        amounts: list[float] = [*_grid(samples)]
    elif unit == "tokens":
        amounts = [amount for amount in _grid(max(1, tokens)) if amount >= min(1_000, tokens)]
    elif unit == "time":
        shorter = [amount for amount in _SECONDS if amount < seconds]
        amounts = list(_SECONDS[: len(shorter) + 1])
    else:
        amounts = [percent / 100 for percent in _PERCENT if percent / 100 * samples >= 0.5] or [1.0]
    return [Budget(amount, unit).text for amount in amounts]


def start(offered: list[str]) -> str:
    """Return the budget that the slider begins with: about five percent of the last one."""
    aim = Budget.parse(offered[-1]).amount * 0.05
    return min(offered, key=lambda text: abs(Budget.parse(text).amount - aim))


def label(text: str) -> str:
    """Return a step of the slider as the page shows it: `5%`, `1,000 rows`, `30 min`."""
    budget = Budget.parse(text)
    if budget.unit in ("rows", "tokens"):
        return f"{budget.amount:,.0f} {budget.unit}"
    return re.sub(r"(?<=\d)(?=[a-z])", " ", text)


def chosen(budget: Budget, positions: np.ndarray, response_tokens: np.ndarray | None, costs: Costs) -> Chosen:
    """Return what a budget comes to in the ranking `positions`; tokens are those of every sample."""
    tokens = costs.tokens if budget.unit == "time" else response_tokens
    return Chosen(budget, budget.cut(tokens, positions, len(costs.tokens)))


def suggestions(curve: Curve, rounds: np.ndarray) -> list[Suggestion]:
    """Budgets that the ranking itself suggests, smallest first; those of equal size are joined."""
    suggested: list[Suggestion] = []
    if (knee := curve.knee()) is not None:
        suggested.append(Suggestion(knee, "knee", "beyond it a row adds less than the average row up to full coverage"))
    for share in (0.9, 0.95, 0.99):
        if (rows := curve.rows_for(share)) is not None:
            suggested.append(Suggestion(rows, f"{share:.0%}", f"the first rows that cover {share:.0%} of the features"))
    if len(rounds) and rounds.max() > 1:
        end = int(np.argmax(rounds > 1))
        reason = "no row left adds a feature: from here on features are covered again"
        suggested.append(Suggestion(end, "end of round 1", reason))
    suggested.sort(key=lambda suggestion: suggestion.rows)
    joined: list[Suggestion] = []
    for suggestion in suggested:
        if joined and joined[-1].rows == suggestion.rows:
            last = joined.pop()
            name, reason = f"{last.name}, {suggestion.name}", f"{last.reason}; {suggestion.reason}"
            suggestion = Suggestion(suggestion.rows, name, reason)
        joined.append(suggestion)
    return joined


def _grid(top: int) -> list[int]:
    """Round numbers from 1 to `top`, about ten to a decade, `top` among them."""
    grid = {top}
    scale = 1
    while scale <= top:
        grid.update(round(step * scale) for step in _STEPS if round(step * scale) <= top)
        scale *= 10
    return sorted(grid)
