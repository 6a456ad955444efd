"""Lazy greedy by a binary heap, for gains that are not small integers: weighted coverage and concave sums.

All gains are fixed-point integers, so a sum does not depend on its order and lazy search equals the naive one.
"""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, f64s, i32s, i64s, out_i32s, out_i64s, out_u8s


@compiled(types.boolean(types.float64[::1], types.int32, types.int32))
def before(key, a, b):
    """Whether position `a` comes off the heap before `b`: larger key, then smaller position."""
    return key[a] > key[b] or (key[a] == key[b] and a < b)


@compiled(types.void(types.float64[::1], out_i32s, types.int64, types.int64))
def sift_down(key, heap, size, at):
    """Let the entry at `at` sink to its place in the first `size` entries."""
    node = heap[at]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and before(key, heap[child + 1], heap[child]):
            child += 1
        if not before(key, heap[child], node):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = node


@compiled(types.int64(i64s, i32s, i64s, f64s, i32s, out_i64s, out_u8s, types.int64, out_i32s, out_i64s, out_i32s))
def weighted_cover(
    indptr,
    indices,
    weight,
    cost,
    order,
    left,
    covered,
    limit,
    picks,
    gains,
    rounds,
):
    """Rank the samples of `order` by weighted coverage gain divided by `cost`, round after round.

    As `cover.cover`, with `weight` int64 [width] (all above 0) and `cost` float64 [N] (all above 0).
    """
    m, width = len(order), len(covered)
    key, heap, full = np.empty(m, np.float64), np.empty(m, np.int32), np.empty(m, np.int64)
    taken = np.zeros(m, np.uint8)
    for p in range(m):
        total = 0
        for k in range(indptr[order[p]], indptr[order[p] + 1]):
            total += weight[indices[k]]
        full[p] = total
    missing = 0
    for f in range(width):
        if left[f] > 0 and covered[f] == 0:
            missing += 1
    done, number = 0, 1
    while done < min(limit, m):
        size = 0
        for p in range(m):
            if taken[p] == 0:
                key[p] = full[p] / cost[order[p]]
                heap[size] = p
                size += 1
        for at in range(size // 2 - 1, -1, -1):
            sift_down(key, heap, size, at)
        while missing > 0 and done < limit:
            p = heap[0]
            i = order[p]
            gain = 0
            for k in range(indptr[i], indptr[i + 1]):
                if covered[indices[k]] == 0:
                    gain += weight[indices[k]]
            fresh = gain / cost[i]
            if fresh < key[p]:
                key[p] = fresh
                sift_down(key, heap, size, 0)
                continue
            for k in range(indptr[i], indptr[i + 1]):
                f = indices[k]
                left[f] -= 1
                if covered[f] == 0:
                    covered[f] = 1
                    missing -= 1
            picks[done], gains[done], rounds[done] = i, gain, number
            taken[p] = 1
            done += 1
            size -= 1
            heap[0] = heap[size]
            sift_down(key, heap, size, 0)
        covered[:] = 0
        missing = 0
        for f in range(width):
            if left[f] > 0:
                missing += 1
        number += 1
    return done


@compiled(types.int64(i64s, i32s, i64s, i64s, f64s, i32s, out_i64s, types.int64, out_i32s, out_i64s))
def concave(indptr, indices, weight, step, cost, order, seen, limit, picks, gains):
    """Rank the samples of `order` by the gain of sum_f weight_f * g(n_f), n_f the picks that have f.

    `step` int64 [S]: g(n+1) - g(n) in fixed point, never rising; the last entry holds for every larger n.
    `seen` int64 [width]: n_f before the first pick; it is updated.
    """
    m, last = len(order), len(step) - 1
    key, heap = np.empty(m, np.float64), np.empty(m, np.int32)
    gain_of = np.empty(m, np.int64)
    for p in range(m):
        i = order[p]
        gain = 0
        for k in range(indptr[i], indptr[i + 1]):
            gain += weight[indices[k]] * step[min(seen[indices[k]], last)]
        gain_of[p] = gain
        key[p] = gain / cost[i]
        heap[p] = p
    for at in range(m // 2 - 1, -1, -1):
        sift_down(key, heap, m, at)
    size, done = m, 0
    while done < min(limit, m):
        p = heap[0]
        i = order[p]
        gain = 0
        for k in range(indptr[i], indptr[i + 1]):
            gain += weight[indices[k]] * step[min(seen[indices[k]], last)]
        if gain < gain_of[p]:
            gain_of[p] = gain
            key[p] = gain / cost[i]
            sift_down(key, heap, size, 0)
            continue
        for k in range(indptr[i], indptr[i + 1]):
            seen[indices[k]] += 1
        picks[done], gains[done] = i, gain
        done += 1
        size -= 1
        heap[0] = heap[size]
        sift_down(key, heap, size, 0)
    return done


@compiled(
    types.int64(
        i64s, i32s, i64s, i64s, types.int64, types.int64, types.float64, f64s, i32s, types.int64, out_i32s, out_i64s
    )
)
def concave_sums(indptr, indices, amount, weight, shape, cap, unit, cost, order, limit, picks, gains):
    """As `concave`, for n_f the summed `amount` (int64 [nnz]) of f over the picks, in units of 1/`unit`.

    `shape` 0: sqrt, 1: log(1 + n), 2: min(n, cap), `cap` in the same units as `amount`.
    """
    m = len(order)
    total = np.zeros(len(weight), np.int64)
    key, heap = np.empty(m, np.float64), np.empty(m, np.int32)
    gain_of = np.full(m, np.iinfo(np.int64).max, np.int64)
    for p in range(m):
        key[p] = np.inf
        heap[p] = p
    size, done = m, 0
    while done < min(limit, m):
        p = heap[0]
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
            gain += weight[f] * np.int64(np.rint(step * 67_108_864.0))
        if gain < gain_of[p]:
            gain_of[p] = gain
            key[p] = gain / cost[i]
            sift_down(key, heap, size, 0)
            continue
        for k in range(indptr[i], indptr[i + 1]):
            total[indices[k]] += amount[k]
        picks[done], gains[done] = i, gain
        done += 1
        size -= 1
        heap[0] = heap[size]
        sift_down(key, heap, size, 0)
    return done
