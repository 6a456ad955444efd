"""kMQ: k-means quotas, quality-weighted draws inside the clusters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking
from explorer.selection.quotas import by_quota, drawn_by_quality
from explorer.selection.scores import from_zero, scored


@dataclass(frozen=True)
class Params:
    """kmq has no options; clusters and quality are the workspace's newest."""


class Kmq(Method):
    """Every cluster in proportion to its size, drawn by quality.

    Objective: f(S) = sum of q(x) over S in expectation; the gain of a pick is its quality. Quotas b_j proportional to
    |X_j| by largest remainder; inside a cluster a draw without replacement with probability proportional to q(x), by
    exponential keys: sort by u^(1/q), that is by -log(u) / q, so every cluster's order is nested. Negative scores
    shift all scores up until the lowest is 0. Samples of quality 0 or without a score are never drawn: they come only
    when every cluster is used up, and those without a score are counted.
    Needs: clusters and quality. Cost: O(N log N). Nested: no: the order in each cluster is, but largest remainders
    of a larger budget can give a cluster one row less. Ties: by the random key, then sample id.
    Source: Yu et al. 2024, "Diversify and Conquer", arXiv 2409.11378; keys: Efraimidis and Spirakis 2006.
    """

    slug = "kmq"
    title = "kMQ"
    goal = "Every topic in proportion, and good answers inside each"
    needs = frozenset({"clusters", "quality"})
    nested = False
    seeded = True
    Params = Params

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Draw from every cluster; one random number per sample."""
        del params
        pool.require(self.slug, self.needs)
        assert pool.clusters is not None and pool.quality is not None
        _, missing = scored(pool, self.slug)
        quality = np.nan_to_num(from_zero(pool.quality), nan=0.0)
        groups, spare = drawn_by_quality(pool.clusters, quality, pool.draw(rng.random))
        ranking = by_quota(pool, budget, groups, spare, np.nan_to_num(pool.quality, nan=0.0))
        return replace(ranking, info=ranking.info | {"missing_quality": len(missing)})
