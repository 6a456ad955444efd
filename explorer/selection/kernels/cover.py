"""Greedy coverage in rounds for equal weights and costs: an exact search, about 10 times as fast as the lazy one.

Samples with equal feature sets form one group: in a round at most one of them can add anything, so a round works on
groups. An inverted index keeps the gains exact: when a feature becomes covered, every group that has it loses one, so a
round costs O(pairs of the groups left) whatever the number of picks. Blocks find the largest gain: gains only fall
within a round, so a block's last known maximum is an upper bound, and only blocks that may hold the maximum are scanned
again. When half of the groups are used up, the index is rebuilt without them.
"""

# ruff: noqa: ANN001, ANN201 (the types of a kernel stand in its signature)
from __future__ import annotations

import numpy as np
from numba import types

from explorer.selection.kernels.compiled import compiled, i32s, i64s, out_i32s, out_i64s, out_u8s

BLOCK = 256


@compiled(types.int64(i64s, i32s, i32s, out_i32s, out_i32s))
def group_equal(indptr, indices, order, first, following):
    """Group the samples of `order` by equal rows; returns the number of groups, in order of their first sample.

    `first[g]` becomes the first position (in `order`) of group g, `following[p]` the next position in p's group or -1.
    """
    m = len(order)
    slots = 1
    while slots < 2 * m + 1:
        slots *= 2
    table = np.full(slots, -1, np.int32)
    last, key = np.empty(m, np.int32), np.empty(m, np.uint64)
    groups = 0
    for p in range(m):
        following[p] = -1
        start, end = indptr[order[p]], indptr[order[p] + 1]
        mixed = np.uint64(end - start)
        for k in range(np.uint64(start), np.uint64(end)):
            spread = np.uint64(indices[k]) * np.uint64(0x9E3779B97F4A7C15)
            mixed += spread ^ (spread >> np.uint64(29))
        mixed ^= mixed >> np.uint64(32)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(31)
        slot = np.int64(mixed & np.uint64(slots - 1))
        while True:
            g = table[slot]
            if g < 0:
                table[slot], first[groups], last[groups], key[groups] = groups, p, p, mixed
                groups += 1
                break
            other = indptr[order[first[g]]]
            same = key[g] == mixed and indptr[order[first[g]] + 1] - other == end - start
            if same:
                for k in range(end - start):
                    if indices[start + k] != indices[other + k]:
                        same = False
                        break
            if same:
                following[last[g]] = p
                last[g] = p
                break
            slot = (slot + 1) & (slots - 1)
    return groups


@compiled(types.void(i64s, i32s, i32s, i32s, types.int64, out_i64s, out_i32s))
def invert(indptr, indices, order, front, alive, starts, owners):
    """Inverted index of the first `alive` groups: `owners[starts[f]:starts[f + 1]]` are the groups that have f."""
    starts[:] = 0
    for g in range(alive):
        i = order[front[g]]
        for k in range(indptr[i], indptr[i + 1]):
            starts[indices[k] + 1] += 1
    for f in range(len(starts) - 1):
        starts[f + 1] += starts[f]
    for g in range(alive):
        i = order[front[g]]
        for k in range(indptr[i], indptr[i + 1]):
            f = indices[k]
            owners[starts[f]] = g
            starts[f] += 1
    for f in range(len(starts) - 1, 0, -1):
        starts[f] = starts[f - 1]
    starts[0] = 0


@compiled(types.int32(i32s, types.int64, types.int64))
def highest(gain_of, start, end):
    """The largest of `gain_of[start:end]`, at least 0."""
    best = np.int32(0)
    for g in range(np.uint64(start), np.uint64(end)):
        best = max(best, gain_of[g])
    return best


@compiled(types.void(out_i32s, types.int64, i32s, i32s))
def by_next_sample(level, count, size_of, front):
    """Sort groups of equal gain (they come by falling size) so that those of equal size stand by their next sample."""
    start = 0
    while start < count:
        end = start + 1
        while end < count and size_of[level[end]] == size_of[level[start]]:
            end += 1
        if end - start > 1:
            part = level[start:end].copy()
            places = np.argsort(front[part])
            for t in range(end - start):
                level[start + t] = part[places[t]]
        start = end


@compiled(types.int64(i64s, i32s, i32s, out_i64s, out_u8s, types.int64, out_i32s, out_i32s, out_i32s))
def cover(indptr, indices, order, left, covered, limit, picks, gains, rounds):
    """Rank the samples of `order` by coverage gain, round after round; returns the number of picks.

    `order` int32 [M]: the samples by falling set size, then rising id, none empty. `left` int64 [width]: how many of
    them have each feature. `covered` uint8 [width]: features that count as covered in the first round.
    """
    m, width = len(order), len(covered)
    limit = min(limit, m)
    if limit <= 0:
        return 0
    front, following = np.empty(m, np.int32), np.empty(m, np.int32)
    built = group_equal(indptr, indices, order, front, following)
    single = built == m
    pairs = 0
    for g in range(built):
        pairs += indptr[order[front[g]] + 1] - indptr[order[front[g]]]
    starts, owners = np.empty(width + 1, np.int64), np.empty(pairs, np.int32)
    gain_of, size_of = np.empty(built, np.int32), np.empty(built, np.int32)
    bound, level = np.empty((built + BLOCK - 1) // BLOCK, np.int32), np.empty(built, np.int32)
    done, number, alive = 0, 1, built
    stale = True
    while done < limit:
        if 2 * alive < built:
            remaining = 0
            for g in range(built):
                if front[g] >= 0:
                    front[remaining] = front[g]
                    remaining += 1
            built, stale = remaining, True
        if stale:
            invert(indptr, indices, order, front, built, starts, owners)
            for g in range(built):
                size_of[g] = indptr[order[front[g]] + 1] - indptr[order[front[g]]]
            stale = False
        blocks = (built + BLOCK - 1) // BLOCK
        for g in range(built):
            gain_of[g] = size_of[g] if front[g] >= 0 else 0
        missing = 0
        for f in range(width):
            if covered[f] == 1:
                for k in range(starts[f], starts[f + 1]):
                    gain_of[owners[k]] -= 1
            elif left[f] > 0:
                missing += 1
        for b in range(blocks):
            bound[b] = highest(gain_of, b * BLOCK, min(built, (b + 1) * BLOCK))
        while missing > 0 and done < limit:
            goal = np.int32(0)
            for b in range(blocks):
                if bound[b] > goal:
                    bound[b] = highest(gain_of, b * BLOCK, min(built, (b + 1) * BLOCK))
                    goal = max(goal, bound[b])
            tied = 0
            for b in range(blocks):
                if bound[b] >= goal:
                    for g in range(b * BLOCK, min(built, (b + 1) * BLOCK)):
                        if gain_of[g] == goal:
                            level[tied] = g
                            tied += 1
            if not single and tied > 1:
                by_next_sample(level, tied, size_of, front)
            for t in range(tied):
                best = level[t]
                if gain_of[best] < goal:
                    continue
                p = front[best]
                i = order[p]
                for k in range(indptr[i], indptr[i + 1]):
                    f = indices[k]
                    left[f] -= 1
                    if covered[f] == 0:
                        covered[f] = 1
                        missing -= 1
                        for q in range(np.uint64(starts[f]), np.uint64(starts[f + 1])):
                            gain_of[np.uint32(owners[q])] -= np.int32(1)
                picks[done], gains[done], rounds[done] = i, goal, number
                done += 1
                front[best] = following[p]
                if front[best] < 0:
                    alive -= 1
                if missing == 0 or done >= limit:
                    break
        covered[:] = 0
        number += 1
    return done
