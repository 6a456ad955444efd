"""Similarities of embedding vectors in fixed point (int16, see `explorer.selection.fixed_point`)."""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, f64s, i16s, i16s2, out_f64s, out_i32s, out_i64s


@compiled(types.int32(i16s, i16s))
def dot(a, b):
    """Dot product of two fixed-point unit vectors; 32 bits hold it and, by Cauchy-Schwarz, every partial sum."""
    total = np.int32(0)
    for k in range(len(a)):
        total = np.int32(total + np.int32(np.int32(a[k]) * np.int32(b[k])))
    return total


@compiled(types.void(i16s2, out_f64s))
def lengths(points, out):
    """Length of every point."""
    for i in range(len(points)):
        out[i] = np.sqrt(np.float64(dot(points[i], points[i])))


@compiled(
    types.void(
        i16s2, f64s, types.float64, types.int64, types.int64, types.int64, out_i32s, out_i64s, out_i32s, out_i32s
    )
)
def scan_dissimilar(points, length, max_similarity, start, end, number, waiting, state, picks, rounds):
    """Scan `waiting[start:end]`, accepting a point whose cosine to every point accepted in this pass is below a limit.

    `number` is that of the pass. `state` int64 [3] is (picks made when the pass began, picks made, points put back):
    points that are not accepted move to the front of `waiting` for the next pass. Stops when `picks` is full.
    """
    opened, done, put_back = state
    for p in range(start, end):
        if done >= len(picks):
            break
        i = waiting[p]
        accepted = True
        for q in range(opened, done):
            both = length[i] * length[picks[q]]
            cosine = dot(points[i], points[picks[q]]) / both if both > 0 else 0.0
            if cosine >= max_similarity:
                accepted = False
                break
        if accepted:
            picks[done], rounds[done] = i, number
            done += 1
        else:
            waiting[put_back] = i
            put_back += 1
    state[1], state[2] = done, put_back


@compiled(types.void(i16s2, i16s2, types.int16[:, ::1]))
def similarities(points, anchors, out):
    """Cosines of every point to every anchor in units of 1/32768, negative ones as 0; `out` int16 [N, A]."""
    for i in range(len(points)):
        for v in range(len(anchors)):
            value = dot(points[i], anchors[v]) >> 15
            out[i, v] = np.int16(min(max(value, 0), 32_767))
