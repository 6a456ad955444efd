"""Every method as its definition reads: sets, fractions and loops. The oracle imports nothing that it checks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from explorer.features.sets import FeatureSets
    from explorer.selection.method import Pool

SHAPES: dict[str, Callable[[float], float]] = {"sqrt": math.sqrt, "log1p": math.log1p, "capped": lambda n: min(n, 2)}


def rows_of(sets: FeatureSets) -> list[set[int]]:
    return [set(row) for row in activations(sets)]


def activations(sets: FeatureSets) -> list[dict[int, float]]:
    ends = sets.indptr.tolist()
    pairs = list(zip(sets.indices.tolist(), sets.values.tolist(), strict=True))
    return [dict(pairs[start:end]) for start, end in itertools.pairwise(ends)]


def weights(rows: list[dict[int, float]], width: int, kind: str, unit: int) -> list[int]:
    """Weight of every feature in units of 1/`unit`, rounded, at least 1."""
    of = [[row[f] for row in rows if f in row] for f in range(width)]
    pairs = sum(len(values) for values in of)
    overall = sum(sum(values) for values in of) / max(1, pairs) or 1.0
    exact = {
        "uniform": [1.0] * width,
        "idf": [math.log1p(len(rows) / max(1, len(values))) for values in of],
        "activation": [sum(values) / max(1, len(values)) / overall for values in of],
    }[kind]
    return [max(1, round(weight * unit)) for weight in exact]


def costs(pool: Pool, tokens: bool) -> list[int]:
    assert pool.response_tokens is not None
    return [max(1, count) if tokens else 1 for count in pool.response_tokens.tolist()]


def greedselect(pool: Pool, limit: int, *, kind: str, tokens: bool, must=(), exclude=(), pin=(), ban=()) -> list:
    assert pool.features is not None
    counted = [{f: a for f, a in row.items() if f not in exclude} for row in activations(pool.features)]
    weight = [Fraction(w, 1 << 20) for w in weights(counted, pool.features.width, kind, 1 << 20)]
    rows, cost = [set(row) for row in counted], costs(pool, tokens)
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


def saturated(pool: Pool, limit: int, *, shape: str, kind: str, tokens: bool) -> list[int]:
    assert pool.features is not None
    rows, cost = rows_of(pool.features), costs(pool, tokens)
    weight = weights(activations(pool.features), pool.features.width, kind, 1 << 10)
    g = [SHAPES[shape](n) for n in range(pool.n + 2)]
    step = [round((g[n + 1] - g[n]) * (1 << 26)) for n in range(pool.n + 1)]
    picked_with = [0] * pool.features.width
    left, picks = list(range(pool.n)), []

    def gain(i: int) -> int:
        return sum(weight[f] * step[picked_with[f]] for f in rows[i])

    while left and len(picks) < limit:
        best = min(left, key=lambda i: (not rows[i], Fraction(-gain(i), cost[i]), -len(rows[i]), i))
        picks.append(best)
        left.remove(best)
        for f in rows[best]:
            picked_with[f] += 1
    return picks


def scan(sets: FeatureSets, limit: int, *, max_overlap: float, some_new: bool) -> list[tuple[int, float, int]]:
    rows = rows_of(sets)
    waiting = sorted((i for i in range(sets.n) if rows[i]), key=lambda i: (-len(rows[i]), i))
    picks: list[tuple[int, float, int]] = []
    number = 1
    while waiting and len(picks) < limit:
        covered: set[int] = set()
        rejected = []
        for i in waiting:
            shared = len(rows[i] & covered)
            if shared / len(rows[i]) <= max_overlap and not (some_new and shared == len(rows[i])):
                picks.append((i, float(len(rows[i]) - shared), number))
                covered |= rows[i]
            else:
                rejected.append(i)
        waiting = rejected
        number += 1
    picks.extend((i, 0.0, 0) for i in range(sets.n) if not rows[i])
    return picks[:limit]


def quotas(shares: Sequence[int], total: int, caps: Sequence[int]) -> list[int]:
    """Largest remainders, round by round: full groups drop out; groups of share 0 follow when the others are full."""
    given = [0] * len(caps)
    left = min(total, sum(caps))
    for weight in (shares, caps):
        active = [j for j in range(len(caps)) if weight[j] > 0 and given[j] < caps[j]]
        while left and active:
            whole = sum(weight[j] for j in active)
            exact = {j: Fraction(left * weight[j], whole) for j in active}
            quota = {j: int(exact[j]) for j in active}
            spare = left - sum(quota.values())
            for j in sorted(active, key=lambda j: (-(exact[j] - quota[j]), -weight[j], j))[:spare]:
                quota[j] += 1
            full = [j for j in active if quota[j] > caps[j] - given[j]]
            taken = {j: caps[j] - given[j] for j in full} if full else quota
            for j, rows in taken.items():
                given[j] += rows
            left -= sum(taken.values())
            active = [j for j in active if j not in taken]
    return given


def interleave(orders: list[list[int]], counts: Sequence[int]) -> list[int]:
    """The first `counts[j]` entries of each order, entry k of group j at place (k + 1/2) / counts[j]."""
    places = [
        (Fraction(2 * k + 1, 2 * count), j, order[k])
        for j, (order, count) in enumerate(zip(orders, counts, strict=True))
        for k in range(count)
    ]
    return [row for _, _, row in sorted(places)]


def by_group(group: Sequence[int], key: Sequence[float], eligible: Sequence[bool] | None = None) -> list[list[int]]:
    members = [i for i in range(len(group)) if eligible is None or eligible[i]]
    return [
        sorted((i for i in members if group[i] == j), key=lambda i: (key[i], i))
        for j in range(max(group, default=-1) + 1)
    ]


def length_bins(tokens: Sequence[int], bins: int) -> list[int]:
    """The bin of every row: how many of the distinct inner quantiles are below its length."""
    ordered = sorted(tokens)
    cuts = {ordered[max(0, math.ceil(Fraction(q * len(tokens), bins)) - 1)] for q in range(1, bins)}
    return [sum(count > cut for cut in cuts) for count in tokens]


def length_matched(
    pool: Pool, rows: int, uniform: list[float], bins: int, reference: list[int] | None = None
) -> list[int]:
    assert pool.response_tokens is not None
    tokens = pool.response_tokens.tolist()
    longest = sorted(range(pool.n), key=lambda i: (-tokens[i], i))[:rows]
    bin_of = length_bins(tokens, bins)
    orders = by_group(bin_of, uniform)
    histogram = [sum(bin_of[i] == j for i in reference or longest) for j in range(len(orders))]
    return interleave(orders, quotas(histogram, rows, [len(order) for order in orders]))


def kmeans(pool: Pool, rows: int, key: list[float]) -> list[int]:
    assert pool.clusters is not None
    orders = by_group(pool.clusters.tolist(), key)
    sizes = [len(order) for order in orders]
    return interleave(orders, quotas(sizes, rows, sizes))


def kmq(pool: Pool, rows: int, uniform: list[float]) -> list[int]:
    assert pool.clusters is not None and pool.quality is not None
    clusters, quality = pool.clusters.tolist(), shifted(pool.quality)
    key = [-((1 - u) ** (1 / q)) if q > 0 else 0.0 for u, q in zip(uniform, quality, strict=True)]
    drawn = by_group(clusters, key, [q > 0 for q in quality])
    spare = by_group(clusters, uniform, [not q > 0 for q in quality])
    sizes = [len(first) + len(last) for first, last in zip(drawn, spare, strict=True)]
    picks = interleave(drawn, quotas(sizes, rows, [len(order) for order in drawn]))
    more = quotas(sizes, rows - len(picks), [len(order) for order in spare])
    return picks + interleave(spare, more)


def shifted(quality: np.ndarray) -> list[float]:
    """Quality moved up until none is negative; NaN stays."""
    lowest = min([score for score in quality.tolist() if score == score] + [0.0])
    return [score - lowest for score in quality.tolist()]


def known(quality: np.ndarray) -> list[int]:
    return [i for i, score in enumerate(quality.tolist()) if score == score]


def dots(pool: Pool) -> list[list[int]]:
    """Dot products of the embeddings in units of 1/32767 a side."""
    assert pool.embeddings is not None
    points = []
    for vector in pool.embeddings.astype(float).tolist():
        norm = math.sqrt(sum(x * x for x in vector)) or 1.0
        points.append([round(x / norm * 32_767) for x in vector])
    return [[sum(x * y for x, y in zip(a, b, strict=True)) for b in points] for a in points]


def k_center(pool: Pool, limit: int) -> list[int]:
    dot, ids = dots(pool), range(pool.n)
    from_mean = [pool.n * dot[i][i] - 2 * sum(dot[i]) for i in ids]  # squared distance to the mean, scaled and shifted
    picks = [min(ids, key=lambda i: (from_mean[i], i))]
    while len(picks) < min(limit, pool.n):
        left = [i for i in ids if i not in picks]
        picks.append(min(left, key=lambda i: (-min(dot[i][i] + dot[j][j] - 2 * dot[i][j] for j in picks), i)))
    return picks


def dissimilar(pool: Pool, score: Sequence[float], candidates: list[int], limit: int, max_similarity: float) -> list:
    dot = dots(pool)
    length = [math.sqrt(dot[i][i]) for i in range(pool.n)]
    waiting = sorted(candidates, key=lambda i: (-score[i], i))
    picks: list[tuple[int, int]] = []
    number = 1
    while waiting and len(picks) < limit:
        accepted: list[int] = []
        for i in waiting:
            both = [length[i] * length[j] for j in accepted]
            cosine = [dot[i][j] / b if b else 0.0 for j, b in zip(accepted, both, strict=True)]
            if all(c < max_similarity for c in cosine):
                accepted.append(i)
        picks.extend((i, number) for i in accepted)
        waiting = [i for i in waiting if i not in accepted]
        number += 1
    picks.extend((i, 0) for i in range(pool.n) if i not in candidates)
    return picks[:limit]


def anchors(n: int, size: int, seed: int, rows: Sequence[int] | None = None) -> list[int]:
    """The anchors among `rows`: those drawn from all n rows, then others up to `size`, by one random key per row."""
    left = list(range(n) if rows is None else rows)
    if size == 0 or size >= len(left):
        return left
    rng = np.random.default_rng(seed)
    drawn = set(rng.choice(n, size, replace=False).tolist())
    key = rng.random(n)
    return sorted(sorted(left, key=lambda i: (i not in drawn, key[i]))[:size])


def qdit(pool: Pool, alpha: float, anchors: list[int]) -> list[int]:
    assert pool.quality is not None
    dot, candidates = dots(pool), known(pool.quality)
    low, high = (pick(pool.quality[i] for i in candidates) for pick in (min, max))
    bonus = {i: alpha * ((pool.quality[i] - low) / (high - low) if high > low else 1.0) for i in candidates}
    weight = (1 - alpha) * pool.n / len(anchors) / 32_768
    best = dict.fromkeys(anchors, 0)
    left, picks = list(candidates), []

    def similarity(i: int, v: int) -> int:
        return min(max(dot[i][v] >> 15, 0), 32_767)

    def value(i: int) -> float:
        return weight * sum(max(similarity(i, v) - best[v], 0) for v in anchors) + bonus[i]

    while left:
        pick = min(left, key=lambda i: (-value(i), i))
        picks.append(pick)
        left.remove(pick)
        for v in anchors:
            best[v] = max(best[v], similarity(pick, v))
    return [*picks, *(i for i in range(pool.n) if i not in candidates)]


def ensemble(pool: Pool, least: int, key: Callable[[int, list[float]], tuple]) -> list[tuple[int, float]]:
    """(row, votes) of rows with `least` votes or more, by `key(votes, relative ranks)`, then by id."""
    runs = [run.tolist() for run in pool.runs]
    votes = [sum(i in run for run in runs) for i in range(pool.n)]
    ranks = [[run.index(i) / len(run) if i in run else 1.0 for run in runs] for i in range(pool.n)]
    rows = sorted((i for i in range(pool.n) if votes[i] >= least), key=lambda i: (*key(votes[i], ranks[i]), i))
    return [(i, float(votes[i])) for i in rows]
