"""How much may be selected: rows, a share of the rows, response tokens, or training time. The one budget grammar."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Literal

from explorer.errors import refuse

if TYPE_CHECKING:
    import numpy.typing as npt

Unit = Literal["rows", "share", "tokens", "time"]
EPOCHS, TOKENS_PER_SECOND = 3.0, 5_000.0
EXAMPLES: dict[Unit, str] = {
    "rows": "rows like 1000",
    "share": "a share like 5% or 0.05",
    "tokens": "response tokens like 200000tok",
    "time": "training time like 30min, 2h or 2h,2epochs,8000tok/s",
}
_SECONDS = {"s": 1, "min": 60, "h": 3600}
_NUMBER = r"([0-9][0-9_]*(?:,[0-9]{3})*(?:\.[0-9]+)?|\.[0-9]+)"
_AMOUNT = re.compile(rf"{_NUMBER}\s*(%|tok|tokens|rows)?", re.ASCII)
_TIME = re.compile(rf"{_NUMBER}\s*(s|min|h)(?:\s*,\s*{_NUMBER}\s*epochs?)?(?:\s*,\s*{_NUMBER}\s*tok/s)?", re.ASCII)


@dataclass(frozen=True)
class Budget:
    """An amount in a unit: `share` is a part of 1, `time` is in seconds, `rows` and `tokens` are whole numbers.

    A budget in time is what training on prompts and responses takes: `epochs` times, at `tokens_per_second`.
    """

    amount: float
    unit: Unit
    epochs: float = EPOCHS
    tokens_per_second: float = TOKENS_PER_SECOND

    def __post_init__(self) -> None:
        allowed = EXAMPLES.values()
        if not math.isfinite(self.amount) or self.amount <= 0:
            refuse("the budget must be more than 0", got=self.amount, allowed=allowed)
        if self.unit == "share" and self.amount > 1:
            refuse("a budget cannot be more than 100%", got=f"{100 * self.amount:.6g}%", allowed=allowed)
        if self.unit in ("rows", "tokens") and self.amount != int(self.amount):
            refuse(f"a budget in {self.unit} is a whole number", got=self.amount, allowed=allowed)
        if not all(math.isfinite(value) and value > 0 for value in (self.epochs, self.tokens_per_second)):
            refuse("epochs and tokens per second must be more than 0", got=self.text, allowed=EXAMPLES["time"])

    @classmethod
    def parse(cls, value: Any, units: Sequence[Unit] = ("rows", "share", "tokens", "time")) -> Budget:
        """Read `1000`, `"1000"`, `"5%"`, `0.05`, `"200000tok"` or `"30min,2epochs,8000tok/s"`.

        A float up to 1.0 is a share. Training takes 3 epochs at 5,000 tokens per second where the text does not say.

        Raises:
            InputError: another text, or a unit that is not among `units`.
        """
        budget = value if isinstance(value, Budget) else _parse(value)
        if budget.unit not in units:
            allowed = [EXAMPLES[unit] for unit in units]
            refuse(f"a budget in {budget.unit} cannot be used here", got=budget.text, allowed=allowed)
        return budget

    @classmethod
    def everything(cls) -> Budget:
        """The budget that every sample fits into."""
        return cls(1.0, "share")

    @property
    def text(self) -> str:
        """The budget as the command line takes it; `parse` gives the same budget back."""
        if self.unit == "share":
            return f"{self.amount * 100:.12g}%"
        if self.unit == "time":
            unit = "h" if self.amount % 3600 == 0 else "min" if self.amount >= 60 else "s"
            epochs = f",{self.epochs:.12g}epochs" if self.epochs != EPOCHS else ""
            speed = f",{self.tokens_per_second:.12g}tok/s" if self.tokens_per_second != TOKENS_PER_SECOND else ""
            return f"{self.amount / _SECONDS[unit]:.12g}{unit}{epochs}{speed}"
        return f"{int(self.amount)}{'tok' if self.unit == 'tokens' else ''}"

    @property
    def training_tokens(self) -> float:
        """Tokens of prompts and responses that a budget in time trains on, each counted once."""
        return self.amount * self.tokens_per_second / self.epochs

    def rows(self, n: int) -> int:
        """How many of `n` samples a budget in rows or a share allows (a share rounds half up, to at least one row)."""
        if self.unit == "share":
            return min(n, max(1, math.floor(self.amount * n + 0.5)))
        if self.unit == "rows":
            return min(n, int(self.amount))
        raise ValueError(f"a budget in {self.unit} allows a number of rows only for a given order: see `cut`")

    def cut(self, tokens: npt.NDArray[Any] | None, positions: npt.NDArray[Any], n: int) -> int:
        """How many leading entries of the ranking `positions` fit, out of a pool of `n` samples.

        In tokens or time: the longest prefix whose total stays within the budget, so that a larger budget keeps every
        pick. `tokens` of each sample are those of its response for a budget in tokens, of prompt and response for time.
        """
        if self.unit in ("rows", "share"):
            return min(self.rows(n), len(positions))
        if tokens is None:
            refuse(
                f"a budget in {self.unit} needs token counts; run extract first, or give rows or a share", got=self.text
            )
        import numpy as np

        limit = self.amount if self.unit == "tokens" else self.training_tokens
        return int(np.searchsorted(np.cumsum(tokens[positions], dtype=np.int64), math.floor(limit), side="right"))


def _parse(value: Any) -> Budget:
    if isinstance(value, bool):
        refuse("the budget must be a number", got=value, allowed=EXAMPLES.values())
    if isinstance(value, Integral):
        return Budget(int(value), "rows")
    if isinstance(value, Real):
        return Budget(float(value), "share" if value <= 1 else "rows")
    text = str(value).strip()
    if match := _TIME.fullmatch(text):
        epochs = _number(match[3]) if match[3] else EPOCHS
        speed = _number(match[4]) if match[4] else TOKENS_PER_SECOND
        return Budget(_number(match[1]) * _SECONDS[match[2]], "time", epochs, speed)
    match = _AMOUNT.fullmatch(text)
    if match is None:
        refuse("the budget cannot be read", got=value, allowed=EXAMPLES.values())
    amount, unit = _number(match[1]), match[2]
    if unit == "%":
        return Budget(amount / 100, "share")
    if unit in ("tok", "tokens"):
        return Budget(amount, "tokens")
    return Budget(amount, "share" if unit is None and "." in match[1] and amount <= 1 else "rows")


def _number(text: str) -> float:
    return float(text.replace("_", "").replace(",", ""))
