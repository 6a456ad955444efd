"""Sums over sparse rows, and what each pick in turn adds."""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, i32s, i64s, out_i64s


@compiled(types.void(i64s, i32s, i64s, out_i64s))
def row_sums(indptr, indices, weight, out):
    """`out[i]` = the sum of `weight[f]` over row i."""
    for i in range(len(indptr) - 1):
        total = np.int64(0)
        for k in range(np.uint64(indptr[i]), np.uint64(indptr[i + 1])):
            total += weight[np.uint32(indices[k])]
        out[i] = total


@compiled(types.void(i64s, i32s, i64s, types.int64, out_i64s))
def newly_covered(indptr, indices, positions, width, out):
    """`out[k]` = features that row `positions[k]` has and no row before it in `positions`."""
    covered = np.zeros(width, np.uint8)
    for at in range(len(positions)):
        i = positions[at]
        new = 0
        for k in range(indptr[i], indptr[i + 1]):
            if covered[indices[k]] == 0:
                covered[indices[k]] = 1
                new += 1
        out[at] = new
