"""K-means, the most central samples of the clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.errors import refuse
from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking
from explorer.selection.quotas import by_quota, grouped


@dataclass(frozen=True)
class Params:
    """kmeans-closest has no options; the number of clusters is that of the clusters artifact."""


class KmeansClosest(Method):
    """Every cluster in proportion to its size, nearest to the centroid first.

    Objective: minimise the sum of distances to the own centroid under the quotas; the gain of a pick is minus its
    distance. Quotas b_j proportional to |X_j| by largest remainder (they sum to the budget). Picks are mixed in
    proportion to the quotas.
    Needs: clusters, with distances. Cost: O(N log N). Nested: no: the order in each cluster is, but largest
    remainders of a larger budget can give a cluster one row less. Ties: smaller sample id.
    Source: Yu et al. 2024, "Diversify and Conquer", arXiv 2409.11378.
    """

    slug = "kmeans-closest"
    title = "k-means, closest"
    goal = "The most typical samples of every topic"
    needs = frozenset({"clusters"})
    nested = False
    Params = Params

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Take from every cluster by distance; `rng` is not used."""
        del params, rng
        pool.require(self.slug, self.needs)
        assert pool.clusters is not None
        if pool.distances is None:
            refuse(f"method {self.slug} needs the distance of every sample to its centroid")
        distance = pool.distances.astype(np.float64)
        groups = grouped(pool.clusters, distance, np.ones(pool.n, bool))
        return by_quota(pool, budget, groups, [group[:0] for group in groups], -distance)
