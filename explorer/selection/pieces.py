"""Long searches cut into pieces, so that they can report progress and be cancelled."""

from __future__ import annotations

from collections.abc import Iterator

PIECE = 1 << 29  # multiplications between two progress reports: about a tenth of a second


def pieces(total: int, cost: int) -> Iterator[tuple[int, int]]:
    """Ranges that cut 0..`total` into pieces of about `PIECE` multiplications; one step costs `cost` of them."""
    step = max(1, PIECE // max(1, cost))
    for start in range(0, total, step):
        yield start, min(total, start + step)
