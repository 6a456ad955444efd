"""The filter that repr-filter and deita share: by falling score, each pick unlike those before it."""

from __future__ import annotations

import numpy as np

from explorer.progress import report
from explorer.selection.budget import Budget
from explorer.selection.method import Floats, Ints, Pool, Ranking
from explorer.selection.points import fixed_point, pieces


def filtered(pool: Pool, budget: Budget, score: Floats, candidates: Ints, max_similarity: float) -> Ranking:
    """Scan `candidates` by falling score (ties: smaller id) until the budget is full; the rest comes after, by id.

    `score` float64 [N] is the gain of a pick; samples that are no candidates come last, with gain 0 and round 0.
    """
    assert pool.embeddings is not None
    order = candidates[np.argsort(-score[candidates], kind="stable")].astype(np.int32)
    limit = pool.n if budget.unit == "tokens" else budget.rows(pool.n)
    picks, rounds = _scanned(fixed_point(pool.embeddings), order, max_similarity, min(limit, len(order)))
    others = np.setdiff1d(np.arange(pool.n), candidates)[: limit - len(picks)]
    return Ranking(
        np.concatenate([picks, others]).astype(np.int64),
        np.concatenate([score[picks], np.zeros(len(others))]),
        np.concatenate([rounds, np.zeros(len(others))]).astype(np.int32),
        {"rounds": int(rounds.max(initial=0))},
    ).within(pool, budget)


def _scanned(points: np.ndarray, order: np.ndarray, max_similarity: float, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `limit` acceptances of one pass after the other over `order`, and the pass of each (int32)."""
    from explorer.selection.kernels.points import distinct, lengths

    picks, rounds, similarity = np.empty(limit, np.int32), np.empty(limit, np.int32), np.empty(limit)
    length = np.empty(len(points))
    lengths(points, length)
    waiting, state = order.copy(), np.zeros(3, np.int64)
    left, number = len(waiting), 1
    while state[1] < limit:
        state[:] = state[1], state[1], 0
        for start, end in pieces(left, points.shape[1] * max(256, limit // 8)):
            distinct(points, length, max_similarity, start, end, number, waiting, state, picks, rounds, similarity)
            report("select", int(state[1]), limit, "picks that differ from those before")
        left, number = int(state[2]), number + 1
    return picks, rounds
