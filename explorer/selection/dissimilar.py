"""The similarity filter of repr-filter and deita: by falling score, each pick unlike those before it."""

from __future__ import annotations

import numpy as np

from explorer.progress import report
from explorer.selection.budget import Budget
from explorer.selection.fixed_point import fixed_point
from explorer.selection.method import Floats, Ints, Pool, Ranking
from explorer.selection.pieces import pieces


def rank_dissimilar(pool: Pool, budget: Budget, score: Floats, candidates: Ints, max_similarity: float) -> Ranking:
    """Scan `candidates` by falling score (ties: smaller id), pass after pass, until the budget is full.

    `score` float64 [N] is the gain of a pick. Samples that are not candidates come last, by id.
    """
    assert pool.embeddings is not None
    order = candidates[np.argsort(-score[candidates], kind="stable")].astype(np.int32)
    limit = pool.limit(budget)
    picks, rounds = _scan(fixed_point(pool.embeddings), order, max_similarity, min(limit, len(order)))
    others = np.setdiff1d(np.arange(pool.n), candidates)[: limit - len(picks)]
    ranking = Ranking(picks.astype(np.int64), score[picks], rounds, {"rounds": int(rounds.max(initial=0))})
    return ranking.then(Ranking.without_gain(others)).within(pool, budget)


def _scan(points: np.ndarray, order: np.ndarray, max_similarity: float, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `limit` samples accepted, in one pass over `order` after another, and the pass of each (int32)."""
    from explorer.selection.kernels.similarity import lengths, scan_dissimilar

    picks, rounds = np.empty(limit, np.int32), np.empty(limit, np.int32)
    length = np.empty(len(points))
    lengths(points, length)
    waiting, state = order.copy(), np.zeros(3, np.int64)
    left, number = len(waiting), 1
    while state[1] < limit:
        state[:] = state[1], state[1], 0
        for start, end in pieces(left, points.shape[1] * max(256, limit // 8)):
            scan_dissimilar(points, length, max_similarity, start, end, number, waiting, state, picks, rounds)
            report("select", int(state[1]), limit, "picks that differ from those before")
        left, number = int(state[2]), number + 1
    return picks, rounds
