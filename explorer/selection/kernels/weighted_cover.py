"""Weighted coverage by lazy greedy search, in rounds: f(S) = sum of weight_f over the features that S has."""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, f64s, i32s, i64s, inlined, out_i32s, out_i64s, out_u8s
from explorer.selection.kernels.search import heapify, lazy_greedy


@inlined
def value(state, p):
    """The weight of the features of p that are not covered; divided by the cost."""
    indptr, indices, weight, cost, order, covered, _, _ = state
    i = order[p]
    gain = 0
    for k in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
        f = np.uint32(indices[k])
        if covered[f] == 0:
            gain += weight[f]
    return gain, gain / cost[i]


@inlined
def take(state, p):
    """Cover the features of p; finished when no feature is left to cover."""
    indptr, indices, _, _, order, covered, left, missing = state
    i = order[p]
    for k in range(indptr[i], indptr[i + 1]):
        f = indices[k]
        left[f] -= 1
        if covered[f] == 0:
            covered[f] = 1
            missing[0] -= 1
    return missing[0] == 0


_, search = lazy_greedy(value, take)


@compiled(types.int64(i64s, i32s, i64s, f64s, i32s, out_i64s, out_u8s, types.int64, out_i32s, out_i64s, out_i32s))
def weighted_cover(indptr, indices, weight, cost, order, left, covered, limit, picks, gains, rounds):
    """Pick by weighted coverage gain divided by `cost`, round after round; returns the number of picks.

    As `cover.cover`, with `weight` int64 [width] (all above 0) and `cost` float64 [N] (all above 0); `picks` are places
    in `order`.
    """
    m = len(order)
    missing = np.zeros(1, np.int64)
    state = (indptr, indices, weight, cost, order, covered, left, missing)
    full, key, heap = np.empty(m, np.float64), np.empty(m, np.float64), np.empty(m, np.int32)
    for p in range(m):
        total = 0
        for k in range(indptr[order[p]], indptr[order[p] + 1]):
            total += weight[indices[k]]
        full[p] = total / cost[order[p]]
    done, number = 0, 1
    while done < min(limit, m):
        size = 0
        for p in range(m):
            if full[p] > 0:
                key[p] = full[p]
                heap[size] = p
                size += 1
        heapify(key, heap, size)
        for f in range(len(covered)):
            if left[f] > 0 and covered[f] == 0:
                missing[0] += 1
        before = done
        if missing[0] > 0:
            done = search(state, key, heap, done, limit, picks, gains)
        for at in range(before, done):
            rounds[at] = number
            full[picks[at]] = 0
        for f in range(len(covered)):
            covered[f] = 0
        number += 1
    return done
