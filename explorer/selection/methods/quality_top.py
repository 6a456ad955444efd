"""Highest quality first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking
from explorer.selection.scores import scored


@dataclass(frozen=True)
class Params:
    """quality-top has no options; the score is the workspace's newest."""


class QualityTop(Method):
    """The samples with the best scores.

    Objective: maximise f(S) = sum of q(x) over S; the gain of a pick is its score. Samples without a score come last
    with gain 0 and are counted.
    Needs: quality. Cost: O(N log N). Nested: yes. Ties: smaller sample id.
    Source: AlpaGasus, Chen et al. 2024, arXiv 2307.08701.
    """

    slug = "quality-top"
    title = "Quality, highest first"
    goal = "The best-scored answers, whatever they are about"
    needs = frozenset({"quality"})
    nested = True
    Params = Params

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by quality; `params` and `rng` are not used."""
        del params, rng
        pool.require(self.slug, self.needs)
        assert pool.quality is not None
        known, missing = scored(pool, self.slug)
        order = known[np.argsort(-pool.quality[known], kind="stable")]
        gain = np.concatenate([pool.quality[order], np.zeros(len(missing))])
        ranking = Ranking.of(np.concatenate([order, missing]), gain, missing_quality=len(missing))
        return ranking.within(pool, budget)
