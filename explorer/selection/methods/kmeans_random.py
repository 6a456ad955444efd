"""K-means, random inside the clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking
from explorer.selection.quotas import by_quota, grouped


@dataclass(frozen=True)
class Params:
    """kmeans-random has no options; the number of clusters is that of the clusters artifact."""


class KmeansRandom(Method):
    """Every cluster in proportion to its size, uniformly at random inside.

    Objective: none but size, so every gain is 1. Quotas b_j proportional to |X_j| by largest remainder (they sum to
    the budget); inside a cluster a uniform draw without replacement. Picks are mixed in proportion to the quotas.
    Needs: clusters. Cost: O(N log N). Nested: no: the order in each cluster is, but largest remainders of a larger
    budget can give a cluster one row less. Ties: by a random key, then sample id.
    Source: Yu et al. 2024, "Diversify and Conquer", arXiv 2409.11378.
    """

    slug = "kmeans-random"
    title = "k-means, random"
    goal = "Every topic in proportion, nothing else"
    needs = frozenset({"clusters"})
    nested = False
    seeded = True
    Params = Params

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Draw from every cluster; one random key per sample."""
        del params
        pool.require(self.slug, self.needs)
        assert pool.clusters is not None
        groups = grouped(pool.clusters, pool.draw(rng.random), np.ones(pool.n, bool))
        return by_quota(pool, budget, groups, [group[:0] for group in groups], np.ones(pool.n))
