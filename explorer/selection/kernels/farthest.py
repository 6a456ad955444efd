"""Farthest-first traversal by lazy greedy search: the distance of a candidate to its nearest pick only falls."""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, i16s2, inlined, out_f64s, out_i32s, out_i64s
from explorer.selection.kernels.search import lazy_greedy
from explorer.selection.kernels.similarity import dot

FAR = 1 << 33  # above the squared distance of any two fixed-point unit vectors


@inlined
def value(state, p):
    """The squared distance of p to its nearest pick, brought up to date with the picks since it was last computed."""
    points, norm, nearest, compared, picks, made = state
    squared = nearest[p]
    for at in range(compared[p], made[0]):
        q = picks[at]
        squared = min(squared, norm[p] + norm[q] - 2 * np.int64(dot(points[p], points[q])))
    nearest[p], compared[p] = squared, made[0]
    return squared, float(squared)


@inlined
def take(state, _):
    """Count the pick (the search has written it); never finished early."""
    made = state[5]
    made[0] += 1
    return False


fill, search = lazy_greedy(value, take)


@compiled(
    types.void(
        i16s2, types.int64, types.int64, types.int64, out_i64s, out_i64s, out_i32s, out_f64s, out_i32s, out_i32s,
        out_i64s,
    )
)  # fmt: skip
def k_center(points, first, start, end, norm, nearest, compared, key, heap, picks, gaps):
    """Picks `start` to `end` - 1 of a farthest-first traversal that begins with `first`.

    `norm` and `nearest` int64, `compared` int32, `key` float64 and `heap` int32, all [N], are the state between calls,
    set up by the call with `start` 0: squared lengths, squared distances to the first `compared` picks, and the heap.
    `gaps` is each pick's squared distance to the picks before it.
    """
    made = np.empty(1, np.int64)
    made[0] = start
    state = (points, norm, nearest, compared, picks, made)
    if start == 0:
        for p in range(len(points)):
            norm[p] = dot(points[p], points[p])
            nearest[p], compared[p] = FAR, 0
        nearest[first] = np.iinfo(np.int64).max
        fill(state, key, heap)
    search(state, key, heap, start, end, picks, gaps)
