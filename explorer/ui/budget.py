"""The steps of the budget slider, and what a step means in rows. No Streamlit in here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

UNITS = ("percent", "rows", "tokens")
_PERCENT = (0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 100)
_STEPS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)


@dataclass(frozen=True)
class Chosen:
    """A budget as chosen: `text` as the command line takes it, `rows` what it comes to in this ranking."""

    text: str
    rows: int


def _grid(top: int) -> list[int]:
    """Round numbers from 1 to `top`, about ten to a decade, `top` among them."""
    grid = {top}
    scale = 1
    while scale <= top:
        grid.update(round(step * scale) for step in _STEPS if round(step * scale) <= top)
        scale *= 10
    return sorted(grid)


def options(unit: str, samples: int, tokens: int) -> list[float]:
    """Return the budgets that the slider offers in `unit`."""
    if unit == "rows":
        return [float(value) for value in _grid(samples)]
    if unit == "tokens":
        return [float(value) for value in _grid(max(1, tokens)) if value >= min(1_000, tokens)]
    return [value for value in _PERCENT if value * samples >= 50] or [100.0]


def start(unit: str, offered: list[float]) -> float:
    """Return the budget that the slider begins with: about five percent."""
    wanted = 5.0 if unit == "percent" else offered[-1] * 0.05
    return min(offered, key=lambda value: abs(value - wanted))


def shown(unit: str, value: float) -> str:
    """Return a budget as the slider shows it."""
    return f"{value:g} %" if unit == "percent" else f"{value:,.0f}{' tokens' if unit == 'tokens' else ' rows'}"


def text(unit: str, value: float) -> str:
    """Return a budget as `select --budget` takes it."""
    return f"{value:g}%" if unit == "percent" else f"{value:.0f}{'tok' if unit == 'tokens' else ''}"


def chosen(unit: str, value: float, samples: int, tokens: np.ndarray | None, ranked: int) -> Chosen:
    """Return what a budget comes to: `tokens` are cumulative over the ranking of `ranked` picks."""
    if unit == "tokens":
        rows = int(np.searchsorted(tokens, value, side="right")) if tokens is not None else ranked
    elif unit == "percent":
        rows = max(1, int(value / 100 * samples + 0.5))
    else:
        rows = int(value)
    return Chosen(text(unit, value), min(rows, ranked))
