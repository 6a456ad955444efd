"""Concave sums by lazy greedy search: f(S) = sum over features of weight_f * g(n_f), n_f how much of f is in S."""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, f64s, i32s, i64s, inlined, out_i32s, out_i64s
from explorer.selection.kernels.search import lazy_greedy


@inlined
def count_value(state, p):
    """The rise of the sum when each n_f of p grows by 1; divided by the cost."""
    indptr, indices, weight, step, cost, order, seen = state
    i, last = order[p], len(step) - 1
    gain = 0
    for k in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
        f = np.uint32(indices[k])
        gain += weight[f] * step[np.uint64(min(seen[f], last))]
    return gain, gain / cost[i]


@inlined
def count_take(state, p):
    """Count the features of p; the search is never finished early."""
    indptr, indices, _, _, _, order, seen = state
    for k in range(indptr[order[p]], indptr[order[p] + 1]):
        seen[indices[k]] += 1
    return False


fill_counts, search_counts = lazy_greedy(count_value, count_take)


@compiled(types.void(i64s, i32s, i64s, i64s, f64s, i32s, types.int64, out_i32s, out_i64s))
def concave(indptr, indices, weight, step, cost, order, limit, picks, gains):
    """Pick by the rise of sum_f weight_f * g(n_f) divided by `cost`; `picks` are places in `order` (int32 [m]).

    `step` int64 [S]: g(n+1) - g(n) in fixed point, never rising; the last entry holds for every larger n.
    """
    key, heap = np.empty(len(order), np.float64), np.empty(len(order), np.int32)
    seen = np.zeros(len(weight), np.int64)
    state = (indptr, indices, weight, step, cost, order, seen)
    fill_counts(state, key, heap)
    search_counts(state, key, heap, 0, limit, picks, gains)


@inlined
def sum_value(state, p):
    """The rise of the sum when each n_f of p grows by its amount; divided by the cost."""
    indptr, indices, amount, weight, shape, cap, unit, scale, cost, order, total = state
    i = order[p]
    gain = 0
    for k in range(indptr[i], indptr[i + 1]):
        f = indices[k]
        old, new = total[f], total[f] + amount[k]
        if shape == 0:
            step = np.sqrt(new / unit) - np.sqrt(old / unit)
        elif shape == 1:
            step = np.log1p(new / unit) - np.log1p(old / unit)
        else:
            step = (min(new, cap) - min(old, cap)) / unit
        gain += weight[f] * np.int64(np.rint(step * scale))
    return gain, gain / cost[i]


@inlined
def sum_take(state, p):
    """Add the amounts of p; the search is never finished early."""
    indptr, indices, amount, _, _, _, _, _, _, order, total = state
    for k in range(indptr[order[p]], indptr[order[p] + 1]):
        total[indices[k]] += amount[k]
    return False


fill_sums, search_sums = lazy_greedy(sum_value, sum_take)


@compiled(
    types.void(
        i64s, i32s, i64s, i64s, types.int64, types.int64, types.float64, types.float64, f64s, i32s, types.int64,
        out_i32s, out_i64s,
    )
)  # fmt: skip
def concave_sums(indptr, indices, amount, weight, shape, cap, unit, scale, cost, order, limit, picks, gains):
    """As `concave`, for n_f the summed `amount` (int64 [nnz]) of f over the picks, in units of 1/`unit`.

    `shape` 0: sqrt, 1: log(1 + n), 2: min(n, cap), `cap` in the units of `amount`. `scale`: fixed point of g.
    """
    key, heap = np.empty(len(order), np.float64), np.empty(len(order), np.int32)
    total = np.zeros(len(weight), np.int64)
    state = (indptr, indices, amount, weight, shape, cap, unit, scale, cost, order, total)
    fill_sums(state, key, heap)
    search_sums(state, key, heap, 0, limit, picks, gains)
