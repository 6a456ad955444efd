"""Scans in a fixed order that accept a sample when it brings enough new features, pass after pass."""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, i32s, i64s, out_i32s


@compiled(
    types.int64(i64s, i32s, i32s, types.int64, types.float64, types.boolean, types.int64, out_i32s, out_i32s, out_i32s)
)
def scan(indptr, indices, order, width, max_overlap, some_new, limit, picks, gains, rounds):
    """Scan `order` (int32 [M], no empty sets) until `limit` picks; returns the number of picks.

    A sample is accepted when |F & C| / |F| <= max_overlap and, with `some_new`, F adds a feature to C; C then gains F.
    At the end of a pass C is emptied and the samples left over are scanned again.
    """
    m = len(order)
    waiting = order.copy()
    covered = np.zeros(width, np.uint8)
    done, number, left = 0, 1, m
    while done < min(limit, m):
        covered[:] = 0
        put_back = 0
        for p in range(left):
            i = waiting[p]
            start, end = indptr[i], indptr[i + 1]
            size = end - start
            shared = 0
            for k in range(start, end):
                shared += covered[indices[k]]
            if done < limit and shared / size <= max_overlap and (shared < size or not some_new):
                for k in range(start, end):
                    covered[indices[k]] = 1
                picks[done], gains[done], rounds[done] = i, size - shared, number
                done += 1
                if done >= limit:
                    break
            else:
                waiting[put_back] = i
                put_back += 1
        left = put_back
        number += 1
    return done
