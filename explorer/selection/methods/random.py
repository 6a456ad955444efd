"""Uniformly random samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """random has no options besides the seed."""


class Random(Method):
    """A uniformly random order.

    Objective: none but size, f(S) = |S|, so every gain is 1.
    Needs: nothing. Cost: O(N log N). Nested: yes, for one seed. Ties: sorted by a 64-bit random key, then sample id.
    Source: the baseline of every paper in this field.
    """

    slug = "random"
    title = "Random"
    goal = "The baseline that every method has to beat"
    needs = frozenset()
    nested = True
    seeded = True
    Params = Params

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by random keys, one per sample."""
        del params
        order = np.argsort(pool.draw(rng.random), kind="stable")
        return Ranking.of(order, np.ones(pool.n)).within(pool, budget)
