"""K-center: always the sample farthest from all picks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.progress import report
from explorer.selection.budget import Budget
from explorer.selection.fixed_point import SCALE, fixed_point
from explorer.selection.method import Method, Pool, Ranking
from explorer.selection.pieces import pieces


@dataclass(frozen=True)
class Params:
    """k-center has no options."""


class KCenter(Method):
    """Farthest-first traversal on embeddings.

    Objective: minimise the largest distance of any sample to its nearest pick; each step takes the sample that is
    farthest from all picks so far; the radius is at most twice the optimum. The first pick is the sample nearest to
    the mean of all. The gain of a pick is its Euclidean distance to the picks before it (2, the largest possible,
    for the first).
    Needs: embeddings (unit norm; computed in 16-bit fixed point, so every machine gives the same ranking).
    Cost: O(N d) per pick at most, less by lazy search; still too slow for whole rankings of large pools.
    Nested: yes. Ties: smaller sample id.
    Source: Sener and Savarese 2018, arXiv 1708.00489; Gonzalez 1985.
    """

    slug = "k-center"
    title = "k-center"
    goal = "No sample far away from the subset: outliers and edges first"
    needs = frozenset({"embeddings"})
    nested = True
    Params = Params

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.farthest  # noqa: F401

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by farthest-first traversal; `params` and `rng` are not used."""
        from explorer.selection.kernels.farthest import k_center

        del params, rng
        pool.require(self.slug, self.needs)
        assert pool.embeddings is not None
        points = fixed_point(pool.embeddings)
        first, limit = most_central(points), pool.limit(budget)
        picks, gaps = np.empty(limit, np.int32), np.empty(limit, np.int64)
        norm, nearest, compared = np.empty(pool.n, np.int64), np.empty(pool.n, np.int64), np.empty(pool.n, np.int32)
        key, heap = np.empty(pool.n), np.empty(pool.n, np.int32)
        for begin, end in pieces(limit, points.size):
            k_center(points, first, begin, end, norm, nearest, compared, key, heap, picks, gaps)
            report("select", end, limit, f"{self.title}: picks")
        gain = np.sqrt(gaps) / SCALE
        gain[0] = 2.0
        return Ranking.of(picks, gain).within(pool, budget)


def most_central(points: np.ndarray) -> int:
    """The position nearest to the mean of all points (ties: the smallest), computed in whole numbers."""
    wide = points.astype(np.int64)
    total = wide.sum(axis=0)
    squared = len(points) * (wide * wide).sum(axis=1) - 2 * (wide @ total)
    return int(np.argmin(squared))
