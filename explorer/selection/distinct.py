"""The filter that repr-filter and deita share: by falling score, each pick unlike those before it."""

from __future__ import annotations

import numpy as np

from explorer.selection.budget import Budget
from explorer.selection.method import Floats, Ints, Pool, Ranking
from explorer.selection.points import fixed_point


def filtered(pool: Pool, budget: Budget, score: Floats, candidates: Ints, max_similarity: float) -> Ranking:
    """Scan `candidates` by falling score (ties: smaller id) until the budget is full; the rest comes after, by id.

    `score` float64 [N] is the gain of a pick; samples that are no candidates come last, with gain 0 and round 0.
    """
    from explorer.selection.kernels.points import distinct

    assert pool.embeddings is not None
    order = candidates[np.argsort(-score[candidates], kind="stable")].astype(np.int32)
    limit = pool.n if budget.unit == "tokens" else budget.rows(pool.n)
    searched = min(limit, len(order))
    picks, rounds, similarity = np.empty(searched, np.int32), np.empty(searched, np.int32), np.empty(searched)
    distinct(fixed_point(pool.embeddings), order, max_similarity, searched, picks, rounds, similarity)
    others = np.setdiff1d(np.arange(pool.n), candidates)[: limit - searched]
    return Ranking(
        np.concatenate([picks, others]).astype(np.int64),
        np.concatenate([score[picks], np.zeros(len(others))]),
        np.concatenate([rounds, np.zeros(len(others))]).astype(np.int32),
        {"rounds": int(rounds.max(initial=0))},
    ).within(pool, budget)
