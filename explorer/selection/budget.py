"""How much may be selected: rows, a share of the rows, or tokens."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from explorer.errors import refuse

Unit = Literal["rows", "share", "tokens"]
ALLOWED = "rows like 1000, a share like 5% or 0.05, or tokens like 200000tok"
_TEXT = re.compile(r"([0-9][0-9_,]*(?:\.[0-9]+)?|\.[0-9]+)\s*(%|tok|tokens|rows)?", re.ASCII)


@dataclass(frozen=True)
class Budget:
    """An amount in a unit: `share` is a part of 1, `rows` and `tokens` are whole numbers."""

    amount: float
    unit: Unit

    def __post_init__(self) -> None:
        if not math.isfinite(self.amount) or self.amount <= 0:
            refuse("the budget must be more than 0", got=self.amount, allowed=ALLOWED)
        if self.unit == "share" and self.amount > 1:
            refuse("a budget cannot be more than 100 %", got=f"{100 * self.amount:.6g}%", allowed=ALLOWED)
        if self.unit != "share" and self.amount != int(self.amount):
            refuse(f"a budget in {self.unit} is a whole number", got=self.amount, allowed=ALLOWED)

    @classmethod
    def parse(cls, value: str | int | float | Budget) -> Budget:
        """Read `1000`, `"1000"`, `"5%"`, `0.05` or `"200000tok"`; a number below 1 (or the float 1.0) is a share."""
        if isinstance(value, Budget):
            return value
        if isinstance(value, bool):
            refuse("the budget must be a number", got=value, allowed=ALLOWED)
        if isinstance(value, (int, np.integer)):
            return cls(int(value), "rows")
        if isinstance(value, (float, np.floating)):
            return cls(float(value), "share" if value <= 1 else "rows")
        match = _TEXT.fullmatch(str(value).strip())
        if match is None:
            refuse("the budget cannot be read", got=value, allowed=ALLOWED)
        number, unit = float(match[1].replace("_", "").replace(",", "")), match[2]
        if unit == "%":
            return cls(number / 100, "share")
        if unit in ("tok", "tokens"):
            return cls(number, "tokens")
        if unit is None and "." in match[1] and number <= 1:
            return cls(number, "share")
        return cls(number, "rows")

    @classmethod
    def everything(cls) -> Budget:
        """The budget that every sample fits into."""
        return cls(1.0, "share")

    @property
    def text(self) -> str:
        """The budget as the command line takes it; `parse` gives the same budget back."""
        if self.unit == "share":
            return f"{self.amount * 100:.12g}%"
        return f"{int(self.amount)}{'tok' if self.unit == 'tokens' else ''}"

    def rows(self, n: int) -> int:
        """How many of `n` samples a budget in rows or a share allows (a share rounds half up, to at least one row)."""
        if self.unit == "tokens":
            raise ValueError("a budget in tokens allows a number of rows only for a given order: see `cut`")
        if self.unit == "share":
            return min(n, max(1, math.floor(self.amount * n + 0.5)))
        return min(n, int(self.amount))

    def cut(self, tokens: npt.NDArray[np.int32] | None, positions: npt.NDArray[np.int64], n: int) -> int:
        """How many leading entries of the ranking `positions` fit, out of a pool of `n` samples.

        In tokens: the longest prefix whose total stays within the budget, so that a larger budget keeps every pick.
        """
        if self.unit != "tokens":
            return min(self.rows(n), len(positions))
        if tokens is None:
            refuse("a budget in tokens needs token counts; run extract first, or give rows or a share", got=self.text)
        return int(np.searchsorted(np.cumsum(tokens[positions], dtype=np.int64), int(self.amount), side="right"))
