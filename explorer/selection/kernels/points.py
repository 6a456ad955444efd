"""Searches among embedding vectors in fixed point (int16, see `explorer.selection.points`)."""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, f64s, i16s2, i32s, out_f64s, out_i32s, out_i64s
from explorer.selection.kernels.lazy import sift_down

i16s = types.Array(types.int16, 1, "C", readonly=True)


@compiled(types.int32(i16s, i16s))
def dot(a, b):
    """Dot product of two fixed-point unit vectors; 32 bits hold it and, by Cauchy-Schwarz, every partial sum."""
    total = np.int32(0)
    for k in range(len(a)):
        total = np.int32(total + np.int32(np.int32(a[k]) * np.int32(b[k])))
    return total


@compiled(types.int64(i16s2, types.int64, types.int64, out_i32s, out_i64s))
def k_center(points, first, limit, picks, gaps):
    """Farthest-first traversal from `first`; `gaps` is each pick's squared distance to the picks before it.

    Ties: smaller position. Returns how many picks were made.
    """
    n = len(points)
    norm = np.empty(n, np.int64)
    nearest = np.full(n, np.iinfo(np.int64).max, np.int64)
    for i in range(n):
        norm[i] = dot(points[i], points[i])
    chosen = first
    for step in range(min(limit, n)):
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
    return min(limit, n)


@compiled(types.int64(i16s2, i32s, types.float64, types.int64, out_i32s, out_i32s, out_f64s))
def distinct(points, order, max_similarity, limit, picks, rounds, similarity):
    """Scan `order`, accepting a point whose cosine to every point accepted in this pass is below `max_similarity`.

    At the end of a pass the accepted ones are set aside and the points left over are scanned again. `similarity` is
    each pick's cosine to its nearest accepted neighbour (-1 for the first of a pass). Returns how many were accepted.
    """
    m = len(order)
    waiting = order.copy()
    norm = np.empty(m, np.float64)
    length = np.zeros(len(points), np.float64)
    for p in range(m):
        norm[p] = np.sqrt(np.float64(dot(points[order[p]], points[order[p]])))
        length[order[p]] = norm[p]
    done, number, left = 0, 1, m
    while done < min(limit, m):
        opened = done
        kept = 0
        for p in range(left):
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
                if done >= limit:
                    break
            else:
                waiting[kept] = i
                kept += 1
        left = kept
        number += 1
    return done


@compiled(types.void(i16s2, i16s2, types.int16[:, ::1]))
def similarities(points, anchors, out):
    """Cosines of every point to every anchor in units of 1/32768, negative ones as 0; `out` int16 [N, A]."""
    for i in range(len(points)):
        for v in range(len(anchors)):
            value = dot(points[i], anchors[v]) >> 15
            out[i, v] = np.int16(min(max(value, 0), 32_767))


@compiled(types.int64(i16s2, f64s, types.float64, types.int64, out_i32s, out_i64s, out_f64s))
def facility(similar, bonus, weight, limit, picks, gains, keys):
    """Lazy greedy on weight * (sum over anchors of the best similarity) + the picks' bonus; ties: smaller position.

    `similar` int16 [N, A]; `gains` is each pick's part of the sum, `keys` the whole. Returns how many were picked.
    """
    n, anchors = similar.shape
    best = np.zeros(anchors, np.int16)
    key, heap = np.empty(n, np.float64), np.empty(n, np.int32)
    for i in range(n):
        total = np.int64(0)
        for v in range(anchors):
            total += similar[i, v]
        key[i] = weight * total + bonus[i]
        heap[i] = i
    for at in range(n // 2 - 1, -1, -1):
        sift_down(key, heap, n, at)
    size, done = n, 0
    while done < min(limit, n):
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
    return done
