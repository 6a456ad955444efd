"""Lists of whole numbers as text: `0-4,7` is 0, 1, 2, 3, 4, 7. Rows and features are written this way everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.errors import refuse


def to_ranges(numbers: Sequence[int]) -> str:
    """Write whole numbers in their order, runs of neighbours as one: (0, 1, 2, 7, 5) is `0-2,7,5`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def from_ranges(text: str) -> tuple[int, ...]:
    """Read what `to_ranges` wrote, each number once; anything else raises an `InputError`."""
    numbers: list[int] = []
    for part in text.replace(" ", "").split(","):
        low, _, high = part.partition("-")
        if not (low.isascii() and low.isdigit() and (not high or (high.isascii() and high.isdigit()))):
            refuse("a list of numbers cannot be read", got=text[:80], allowed="numbers and ranges, like 3,7,10-20")
        if high and int(high) < int(low):
            refuse("a range of numbers runs backwards", got=part[:80], allowed="ranges like 10-20")
        numbers.extend(range(int(low), int(high or low) + 1))
    return tuple(dict.fromkeys(numbers))
