"""Quotas: how many rows each cluster (or bin) gives, and selections assembled from an order per cluster."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from explorer.errors import refuse
from explorer.selection.budget import Budget
from explorer.selection.method import Floats, Ints, Pool, Ranking

FIXED = 1 << 40


def largest_remainder(weights: npt.ArrayLike, total: int, caps: npt.ArrayLike) -> Ints:
    """Quotas proportional to `weights` by largest remainder, none over its cap, with sum min(total, sum of caps).

    What a group cannot give comes from the others in proportion. Ties of the remainder: larger weight, then smaller
    index. Groups of weight 0 give only when all others are exhausted, in proportion to their caps.

    Args:
        weights: [k], 0 or more; whole numbers are used exactly, others in units of the largest / 2**40.
        total: How many rows to distribute.
        caps: int64 [k], how many rows each group has.

    Returns:
        int64 [k].
    """
    room = np.asarray(caps, dtype=np.int64)
    exact = _whole(np.asarray(weights))
    quotas = np.zeros(len(room), np.int64)
    left = min(int(total), int(room.sum()))
    for shares in (exact, [int(r) for r in room]):
        active = [j for j in range(len(room)) if shares[j] > 0 and quotas[j] < room[j]]
        while left > 0 and active:
            given = _hamilton([shares[j] for j in active], left)
            over = [j for j, g in zip(active, given, strict=True) if g > room[j] - quotas[j]]
            if not over:
                for j, g in zip(active, given, strict=True):
                    quotas[j] += g
                left = 0
                break
            for j in over:
                left -= int(room[j] - quotas[j])
                quotas[j] = room[j]
            active = [j for j in active if j not in set(over)]
    return quotas


def _hamilton(shares: list[int], total: int) -> list[int]:
    whole = sum(shares)
    given = [total * share // whole for share in shares]
    spare = total - sum(given)
    by_remainder = sorted(range(len(shares)), key=lambda j: (-(total * shares[j] % whole), -shares[j], j))
    for j in by_remainder[:spare]:
        given[j] += 1
    return given


def _whole(weights: np.ndarray) -> list[int]:
    if weights.dtype.kind in "iub":
        return [int(w) for w in weights]
    if not np.all(np.isfinite(weights)) or np.any(weights < 0):
        refuse("a cluster weight must be a finite number, 0 or more", got=float(np.min(weights)))
    top = float(weights.max(initial=0.0)) or 1.0
    return [int(w) for w in np.rint(weights / top * FIXED)]


def interleave(orders: list[Ints], quotas: Ints) -> Ints:
    """The first `quotas[j]` entries of each order, mixed so that every prefix is close to the quotas' proportions.

    Entry k of group j stands at (k + 1/2) / quotas[j]; ties: smaller group.
    """
    groups = [(j, int(quota)) for j, quota in enumerate(quotas) if quota > 0]
    if not groups:
        return np.zeros(0, np.int64)
    place = np.concatenate([(2 * np.arange(quota) + 1) / (2 * quota) for _, quota in groups])
    group = np.concatenate([np.full(quota, j) for j, quota in groups])
    picks = np.concatenate([orders[j][:quota] for j, quota in groups])
    return picks[np.lexsort((group, place))].astype(np.int64)


def grouped(group: npt.NDArray[np.integer], key: Floats, eligible: npt.NDArray[np.bool_]) -> list[Ints]:
    """The eligible positions of every group by rising key, then rising position."""
    positions = np.flatnonzero(eligible)
    order = positions[np.lexsort((positions, key[positions], group[positions]))]
    count = int(group.max(initial=-1)) + 1
    ends = np.cumsum(np.bincount(group[positions], minlength=count))
    return [part.astype(np.int64) for part in np.split(order, ends[:-1])] if count else []


def drawn_by_quality(group: npt.NDArray[np.integer], quality: Floats, uniform: Floats) -> tuple[list[Ints], list[Ints]]:
    """Draw the rows of every group without replacement, with probability proportional to their quality.

    By exponential keys (Efraimidis and Spirakis 2006): the order of -log(1 - u) / quality, `uniform` u in [0, 1).

    Returns:
        The rows of positive quality of each group in the order drawn, and the others in random order.
    """
    exponential = -np.log1p(-uniform)  # rate 1
    key = exponential / np.where(quality > 0, quality, 1.0)
    return grouped(group, key, quality > 0), grouped(group, key, quality <= 0)


def by_quota(pool: Pool, budget: Budget, groups: list[Ints], spare: list[Ints], gain: Floats) -> Ranking:
    """Take from every group in proportion to its size, in its order; `spare` samples only when all groups are empty.

    Not nested: largest remainders of a larger budget can give a group one row less.
    """
    sizes = [len(group) + len(more) for group, more in zip(groups, spare, strict=True)]

    def take(rows: int) -> Ranking:
        quotas = largest_remainder(np.asarray(sizes, np.int64), rows, [len(group) for group in groups])
        picks = interleave(groups, quotas)
        if len(picks) < rows:
            more = largest_remainder(np.asarray(sizes, np.int64), rows - len(picks), [len(part) for part in spare])
            picks = np.concatenate([picks, interleave(spare, more)])
        return Ranking.of(picks, gain[picks], quotas={str(j): int(q) for j, q in enumerate(quotas)})

    return fit(pool, budget, take)


def fit(pool: Pool, budget: Budget, take: Callable[[int], Ranking]) -> Ranking:
    """`take(rows)` for the budget's rows; for a budget in tokens, for the most rows that fit (by bisection)."""
    if budget.unit != "tokens":
        return take(budget.rows(pool.n))
    if pool.response_tokens is None:
        pool.require(f"with a budget of {budget.text}", frozenset({"lengths"}))
    low, high = 0, pool.n + 1
    while high - low > 1:
        rows = (low + high) // 2
        ranking = take(rows)
        if budget.cut(pool.response_tokens, ranking.positions, pool.n) == len(ranking):
            low = rows
        else:
            high = rows
    return take(low) if low else take(1).within(pool, budget)
