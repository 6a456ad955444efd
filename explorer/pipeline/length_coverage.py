"""What each way to choose covers as its budget of tokens grows: the orders, their curves, and where they cross."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.features.sets import FeatureSets
from explorer.length.coverage import (
    CoverageCurve,
    Decomposition,
    coverage_curve,
    crossings,
    decompose,
    leaders,
    longest_order,
    matched_order,
    mean_curve,
)

SHARE = 0.05  # of the rows: the size at which choices are compared in the summary
SHARES = (0.005, 0.01, 0.02, 0.05, 0.1)
GREEDY_PER_TOKEN = "sae-greedselect-per-token"
_SCANNED = 0.1  # of the rows: how far SimScale is followed (it scans again and again after that)
_DRAWS = 5  # of the random choices, averaged


@dataclass(frozen=True)
class Covered:
    """Curves by method, the comparison at each of `SHARES`, and the crossings at equal tokens in words."""

    curves: dict[str, CoverageCurve]
    decompositions: tuple[Decomposition, ...]
    crossings: tuple[str, ...]

    def at(self, share: float, n: int) -> Decomposition | None:
        """Return the comparison at a share of n rows."""
        return next((d for d in self.decompositions if d.rows == _rows(share, n)), None)


def cover(sets: FeatureSets, tokens: NDArray[np.int64], rng: Callable[[int], np.random.Generator]) -> Covered:
    """Follow longest, greedy (by row and by token), SimScale, random and length-matched orders; `rng` gives streams."""
    from explorer.selection.budget import Budget
    from explorer.selection.method import Pool
    from explorer.selection.methods import METHODS

    if not sets.nnz:
        return Covered({}, (), ())
    n = sets.n
    pool = Pool(n=n, features=sets, response_tokens=tokens.astype(np.int32))
    orders = {"longest": longest_order(tokens)}
    for name, slug, share, options in (
        ("sae-greedselect", "sae-greedselect", 1.0, {}),
        (GREEDY_PER_TOKEN, "sae-greedselect", 1.0, {"cost": "tokens"}),
        ("sae-simscale", "sae-simscale", _SCANNED, {}),
    ):
        method = METHODS[slug]
        found = method.rank(pool, Budget(share, "share"), method.Params(**options), rng(11))
        orders[name] = found.positions
    grid = tuple(sorted({round(at) for at in np.geomspace(1, n, 60)} | {_rows(share, n) for share in SHARES}))
    curves = {name: coverage_curve(sets, tokens, name, order, grid) for name, order in orders.items()}
    greedy, draw = orders["sae-greedselect"], rng(10)
    curves["random"] = mean_curve(
        [coverage_curve(sets, tokens, "random", draw.permutation(n), grid) for _ in range(_DRAWS)]
    )
    parts = tuple(
        decompose(sets, tokens, greedy, rows, rng=rng(12 + rows)) for rows in sorted({_rows(s, n) for s in SHARES})
    )
    best = leaders(curves)
    said = ([best] if best else []) + crossings(curves)
    draw, reference = rng(9), greedy[: _rows(SHARE, n)]
    curves["length-matched-random"] = mean_curve(
        [
            coverage_curve(sets, tokens, "length-matched-random", matched_order(tokens, reference, draw), grid)
            for _ in range(_DRAWS)
        ]
    )
    return Covered(curves, parts, tuple(said))


def _rows(share: float, n: int) -> int:
    return max(1, math.floor(share * n + 0.5))
