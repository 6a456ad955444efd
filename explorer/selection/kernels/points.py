"""Searches among embedding vectors in fixed point (int16, see `explorer.selection.points`)."""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, f64s, i16s2, out_f64s, out_i32s, out_i64s
from explorer.selection.kernels.lazy import sift_down

i16s = types.Array(types.int16, 1, "C", readonly=True)


@compiled(types.int32(i16s, i16s))
def dot(a, b):
    """Dot product of two fixed-point unit vectors; 32 bits hold it and, by Cauchy-Schwarz, every partial sum."""
    total = np.int32(0)
    for k in range(len(a)):
        total = np.int32(total + np.int32(np.int32(a[k]) * np.int32(b[k])))
    return total


@compiled(types.int64(i16s2, out_i64s, out_i64s, types.int64, types.int64, types.int64, out_i32s, out_i64s))
def k_center(points, norm, nearest, chosen, start, end, picks, gaps):
    """Picks `start` to `end` - 1 of a farthest-first traversal, `chosen` the first of them; returns the one after.

    `norm` and `nearest` int64 [N] are the state between calls: squared lengths, and squared distances to the picks so
    far (-1 for a pick), both set up by the call with `start` 0. `gaps` is each pick's squared distance to the picks
    before it. Ties: smaller position.
    """
    n = len(points)
    if start == 0:
        for i in range(n):
            norm[i] = dot(points[i], points[i])
            nearest[i] = np.iinfo(np.int64).max
    for step in range(start, end):
        picks[step], gaps[step] = chosen, nearest[chosen]
        nearest[chosen] = -1
        centre = points[chosen]
        for i in range(n):
            if nearest[i] >= 0:
                distance = norm[i] + norm[chosen] - 2 * np.int64(dot(points[i], centre))
                if distance < nearest[i]:
                    nearest[i] = distance
        best = np.int64(-1)
        for i in range(n):
            if nearest[i] > best:
                best = nearest[i]
                chosen = i
    return chosen


@compiled(types.void(i16s2, out_f64s))
def lengths(points, out):
    """Length of every point."""
    for i in range(len(points)):
        out[i] = np.sqrt(np.float64(dot(points[i], points[i])))


@compiled(
    types.void(
        i16s2, f64s, types.float64, types.int64, types.int64, types.int64, out_i32s, out_i64s, out_i32s, out_i32s,
        out_f64s,
    )
)  # fmt: skip
def distinct(points, length, max_similarity, start, end, number, waiting, state, picks, rounds, similarity):
    """Scan `waiting[start:end]`, accepting a point whose cosine to every point accepted in this pass is below a limit.

    `state` int64 [3] is (picks made when the pass began, picks made, points put back): those not accepted move to the
    front of `waiting` for the next pass. `similarity` is each pick's cosine to its nearest accepted neighbour (-1 for
    the first of a pass). Stops when `picks` is full.
    """
    opened, done, kept = state
    for p in range(start, end):
        if done >= len(picks):
            break
        i = waiting[p]
        nearest = -1.0
        fits = True
        for q in range(opened, done):
            both = length[i] * length[picks[q]]
            cosine = dot(points[i], points[picks[q]]) / both if both > 0 else 0.0
            nearest = max(nearest, cosine)
            if cosine >= max_similarity:
                fits = False
                break
        if fits:
            picks[done], rounds[done], similarity[done] = i, number, nearest
            done += 1
        else:
            waiting[kept] = i
            kept += 1
    state[1], state[2] = done, kept


@compiled(types.void(i16s2, i16s2, types.int16[:, ::1]))
def similarities(points, anchors, out):
    """Cosines of every point to every anchor in units of 1/32768, negative ones as 0; `out` int16 [N, A]."""
    for i in range(len(points)):
        for v in range(len(anchors)):
            value = dot(points[i], anchors[v]) >> 15
            out[i, v] = np.int16(min(max(value, 0), 32_767))


@compiled(types.void(i16s2, f64s, types.float64, out_f64s, out_i32s))
def facility_heap(similar, bonus, weight, key, heap):
    """Make the heap of first gains for `facility`: `key` float64 [N], `heap` int32 [N]."""
    n, anchors = similar.shape
    for i in range(n):
        total = np.int64(0)
        for v in range(anchors):
            total += similar[i, v]
        key[i] = weight * total + bonus[i]
        heap[i] = i
    for at in range(n // 2 - 1, -1, -1):
        sift_down(key, heap, n, at)


@compiled(
    types.void(
        i16s2, f64s, types.float64, types.int64, types.int64, out_f64s, out_i32s, types.int16[::1], out_i32s, out_i64s,
        out_f64s,
    )
)  # fmt: skip
def facility(similar, bonus, weight, start, end, key, heap, best, picks, gains, keys):
    """Picks `start` to `end` - 1 of lazy greedy on weight * (sum over anchors of the best similarity) + the bonus.

    `similar` int16 [N, A]; `key`, `heap` (from `facility_heap`) and `best` int16 [A] (from zeros) are the state between
    calls. `gains` is each pick's part of the sum, `keys` the whole. Ties: smaller position.
    """
    n, anchors = similar.shape
    size, done = n - start, start
    while done < end:
        i = heap[0]
        total = np.int64(0)
        for v in range(anchors):
            total += max(similar[i, v] - best[v], 0)
        fresh = weight * total + bonus[i]
        if fresh < key[i]:
            key[i] = fresh
            sift_down(key, heap, size, 0)
            continue
        for v in range(anchors):
            best[v] = max(best[v], similar[i, v])
        picks[done], gains[done], keys[done] = i, total, fresh
        done += 1
        size -= 1
        heap[0] = heap[size]
        sift_down(key, heap, size, 0)
