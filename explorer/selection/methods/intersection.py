"""Intersection of stored selections."""

from __future__ import annotations

import numpy as np

from explorer.selection.budget import Budget
from explorer.selection.ensembles import Ensemble, Params, ordered, standings
from explorer.selection.method import Pool, Ranking


class Intersection(Ensemble):
    """Only the samples that are in all of the selections.

    Objective: none; by the mean relative rank (rank / rows) over the selections. The gain of a pick is the number of
    selections. A budget larger than the intersection takes all of it; an empty one is an InputError.
    Needs: stored selections. Cost: O(N log N). Nested: yes, for the same selections. Ties: smaller sample id.
    Source: ours.
    """

    slug = "intersection"
    title = "Intersection"
    goal = "What all methods agree on"

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Order the samples of the selections; `rng` is not used."""
        del params, rng
        pool.require(self.slug, self.needs)
        standing = standings(pool)
        return ordered(pool, budget, standing.votes == len(pool.runs), (standing.mean,), standing.votes, self.slug)
