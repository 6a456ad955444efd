"""Facility location and a bonus by lazy greedy search.

f(S) = weight * sum over anchors of the largest similarity to a pick + sum of the picks' bonus.
"""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, f64s, i16s2, inlined, out_f64s, out_i32s
from explorer.selection.kernels.search import lazy_greedy


@inlined
def value(state, p):
    """The rise of the objective; it is the gain, too."""
    similar, bonus, weight, best = state
    row = similar[p]
    total = np.int64(0)
    for v in range(len(row)):
        total += max(row[v] - best[v], 0)
    rise = weight * total + bonus[p]
    return rise, rise


@inlined
def take(state, p):
    """Raise the anchors' best similarities; the search is never finished early."""
    similar, _, _, best = state
    row = similar[p]
    for v in range(len(row)):
        best[v] = max(best[v], row[v])
    return False


fill, search = lazy_greedy(value, take)


@compiled(
    types.void(
        i16s2, f64s, types.float64, types.int64, types.int64, out_f64s, out_i32s, types.int16[::1], out_i32s, out_f64s
    )
)
def facility(similar, bonus, weight, start, end, key, heap, best, picks, gains):
    """Picks `start` to `end` - 1 of the candidates (rows of `similar`) by the rise of the objective.

    `similar` int16 [m, A]; `key` float64 [m], `heap` int32 [m] and `best` int16 [A] are the state between calls, set up
    by the call with `start` 0.
    """
    state = (similar, bonus, weight, best)
    if start == 0:
        fill(state, key, heap)
    search(state, key, heap, start, end, picks, gains)
