"""Every method as its definition reads: sets and loops, nothing clever. The oracle for the fast ones."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from explorer.selection.points import fixed_point

from explorer.features.sets import FeatureSets
from explorer.selection.coverage import UNIT, feature_weights
from explorer.selection.method import Pool


def rows_of(sets: FeatureSets) -> list[set[int]]:
    return [set(sets.row(i).tolist()) for i in range(sets.n)]


def greedselect(pool: Pool, limit: int, *, weights: str, tokens: bool, must=(), exclude=(), pin=(), ban=()) -> list:
    assert pool.features is not None and pool.response_tokens is not None
    sets = pool.features
    counted = FeatureSets.from_rows([sorted(r - set(exclude)) for r in rows_of(sets)], sets.width)
    if weights == "activation":
        counted = sets.without(exclude)
    weight = [Fraction(int(w), UNIT) for w in feature_weights(counted, weights)]
    rows = rows_of(counted)
    cost = [max(1, int(t)) if tokens else 1 for t in pool.response_tokens]
    left = [i for i in range(pool.n) if i not in ban]
    limit = min(limit, len(left))
    covered: set[int] = set()
    picks: list[tuple[int, float, int]] = []

    def gain(i: int) -> Fraction:
        return sum((weight[f] for f in rows[i] - covered), Fraction(0))

    def take(i: int, number: int) -> None:
        picks.append((i, float(gain(i)), number))
        covered.update(rows[i])
        left.remove(i)

    for i in dict.fromkeys(pin):
        take(i, 1)
    while True:
        missing = set(must) - covered
        if not any(rows[i] & missing for i in left):
            break
        take(min(left, key=lambda i: (-len(rows[i] & missing), -gain(i) / cost[i], -len(rows[i]), i)), 1)
    number = 1
    while len(picks) < limit:
        best = min(left, key=lambda i: (-gain(i) / cost[i], -len(rows[i]), i))
        if gain(best) > 0:
            take(best, number)
        elif rows[best]:
            covered.clear()
            number += 1
        else:
            picks.extend((i, 0.0, 0) for i in sorted(left)[: limit - len(picks)])
    return picks[:limit]


def saturated(pool: Pool, limit: int, weight: np.ndarray, step: np.ndarray, cost: np.ndarray) -> list[int]:
    assert pool.features is not None
    rows = rows_of(pool.features)
    seen = [0] * pool.features.width
    left, picks = list(range(pool.n)), []
    while left and len(picks) < limit:

        def gain(i: int) -> int:
            return sum(int(weight[f]) * int(step[min(seen[f], len(step) - 1)]) for f in rows[i])

        best = min(left, key=lambda i: (not rows[i], -gain(i) / cost[i], -len(rows[i]), i))
        picks.append(best)
        left.remove(best)
        for f in rows[best]:
            seen[f] += 1
    return picks


def scan(sets: FeatureSets, limit: int, *, max_overlap: float, some_new: bool) -> list[tuple[int, float, int]]:
    rows = rows_of(sets)
    waiting = sorted((i for i in range(sets.n) if rows[i]), key=lambda i: (-len(rows[i]), i))
    picks: list[tuple[int, float, int]] = []
    number = 1
    while waiting and len(picks) < limit:
        covered: set[int] = set()
        rest = []
        for i in waiting:
            shared = len(rows[i] & covered)
            if shared / len(rows[i]) <= max_overlap and not (some_new and shared == len(rows[i])):
                picks.append((i, float(len(rows[i]) - shared), number))
                covered |= rows[i]
            else:
                rest.append(i)
        waiting = rest
        number += 1
    picks.extend((i, 0.0, 0) for i in range(sets.n) if not rows[i])
    return picks[:limit]


def quotas(weights: list[int], total: int, caps: list[int]) -> list[int]:
    given = [0] * len(caps)
    total = min(total, sum(caps))
    active = [j for j in range(len(caps)) if weights[j] > 0 and caps[j] > 0]
    while total and active:
        whole = sum(weights[j] for j in active)
        exact = {j: Fraction(total * weights[j], whole) for j in active}
        quota = {j: int(exact[j]) for j in active}
        spare = total - sum(quota.values())
        for j in sorted(active, key=lambda j: (-(exact[j] - quota[j]), -weights[j], j))[:spare]:
            quota[j] += 1
        over = [j for j in active if quota[j] > caps[j]]
        if not over:
            for j in active:
                given[j] = quota[j]
            break
        for j in over:
            given[j] = caps[j]
            total -= caps[j]
            active.remove(j)
    return given


def by_cluster(clusters: np.ndarray, key: list[float], eligible: list[bool]) -> list[list[int]]:
    groups = range(int(clusters.max()) + 1)
    return [
        sorted((i for i in range(len(clusters)) if clusters[i] == j and eligible[i]), key=lambda i: (key[i], i))
        for j in groups
    ]


def cosines(pool: Pool) -> np.ndarray:
    assert pool.embeddings is not None
    points = fixed_point(pool.embeddings).astype(np.int64)
    return points @ points.T


def k_center(pool: Pool, limit: int, first: int) -> list[int]:
    dots = cosines(pool)
    norm = np.diag(dots)
    picks = [first]
    while len(picks) < min(limit, pool.n):
        left = [i for i in range(pool.n) if i not in picks]
        picks.append(min(left, key=lambda i: (-min(norm[i] + norm[j] - 2 * dots[i, j] for j in picks), i)))
    return picks


def distinct(pool: Pool, score: list[float], candidates: list[int], limit: int, max_similarity: float) -> list:
    dots = cosines(pool)
    length = np.sqrt(np.diag(dots).astype(np.float64))
    waiting = sorted(candidates, key=lambda i: (-score[i], i))
    picks: list[tuple[int, int]] = []
    number = 1
    while waiting and len(picks) < limit:
        accepted: list[int] = []
        for i in waiting:
            both = [length[i] * length[j] for j in accepted]
            cos = [dots[i, j] / b if b else 0.0 for j, b in zip(accepted, both, strict=True)]
            if all(c < max_similarity for c in cos):
                accepted.append(i)
        picks.extend((i, number) for i in accepted)
        waiting = [i for i in waiting if i not in accepted]
        number += 1
    picks.extend((i, 0) for i in range(pool.n) if i not in candidates)
    return picks[:limit]


def facility(pool: Pool, known: list[int], anchors: list[int], bonus: list[float], weight: float) -> list[int]:
    similar = np.clip(cosines(pool) >> 15, 0, 32_767)
    best = {v: 0 for v in anchors}
    left, picks = list(known), []
    while left:

        def value(i: int) -> float:
            return weight * sum(max(int(similar[i, v]) - best[v], 0) for v in anchors) + bonus[known.index(i)]

        pick = min(left, key=lambda i: (-value(i), i))
        picks.append(pick)
        left.remove(pick)
        for v in anchors:
            best[v] = max(best[v], int(similar[pick, v]))
    return picks
