"""Greedy coverage with rounds, exact: integer gains, a whole ranking in one run."""

from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, i32s, i64s, out_i32s, out_i64s, out_u8s


@compiled(types.int64(i64s, i32s, i32s, out_i64s, out_u8s, types.int64, out_i32s, out_i32s, out_i32s))
def cover(indptr, indices, order, left, covered, limit, picks, gains, rounds):  # noqa: ANN001, ANN201
    """Rank the samples of `order` by coverage gain, round after round; returns how many picks were written.

    `order` int32 [M]: the samples by falling set size, then rising id, none empty. `left` int64 [width]: how many of
    them have each feature. `covered` uint8 [width]: features that count as covered in the first round.
    """
    m, width = len(order), len(covered)
    top = 0
    for p in range(m):
        size = indptr[order[p] + 1] - indptr[order[p]]
        top = max(top, size)
    head = np.full(top + 1, -1, np.int32)
    following = np.empty(m, np.int32)
    taken = np.zeros(m, np.uint8)
    level = np.empty(m, np.int32)
    done, number, start = 0, 1, 0
    missing = 0
    for f in range(width):
        if left[f] > 0 and covered[f] == 0:
            missing += 1
    while done < min(limit, m):
        head[:] = -1
        fresh = start
        for goal in range(top, 0, -1):
            if missing == 0 or done >= limit:
                break
            count = 0
            p = head[goal]
            while p >= 0:
                level[count] = p
                count += 1
                p = following[p]
            if count > 1:
                level[:count].sort()
            at = 0
            while True:
                # The next sample of this bound by position, from the dropped ones or from those not yet looked at.
                while fresh < m and taken[fresh] == 1:
                    fresh += 1
                has_fresh = fresh < m and indptr[order[fresh] + 1] - indptr[order[fresh]] >= goal
                if at < count and (not has_fresh or level[at] < fresh):
                    p = level[at]
                    at += 1
                elif has_fresh:
                    p = fresh
                    fresh += 1
                else:
                    break
                i = order[p]
                gain = 0
                for k in range(indptr[i], indptr[i + 1]):
                    gain += 1 - covered[indices[k]]
                if gain < goal:
                    following[p] = head[gain]
                    head[gain] = p
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
                if missing == 0 or done >= limit:
                    break
        while start < m and taken[start] == 1:
            start += 1
        covered[:] = 0
        missing = 0
        for f in range(width):
            if left[f] > 0:
                missing += 1
        number += 1
    return done
