"""Union of stored selections."""

from __future__ import annotations

import numpy as np

from explorer.selection.budget import Budget
from explorer.selection.ensembles import Ensemble, Params, ordered, standings
from explorer.selection.method import Pool, Ranking


class Union(Ensemble):
    """Every sample of any of the selections.

    Objective: none; by the best relative rank a sample has in any selection (rank / rows), then the mean one. The
    gain of a pick is the number of selections that hold it. A budget larger than the union takes all of it.
    Needs: stored selections. Cost: O(N log N). Nested: yes, for the same selections. Ties: smaller sample id.
    Source: ours.
    """

    slug = "union"
    title = "Union"
    goal = "Everything that any of the methods takes, each method's best first"

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Order the samples of the selections; `rng` is not used."""
        del params, rng
        pool.require(self.slug, self.needs)
        standing = standings(pool)
        return ordered(pool, budget, standing.votes > 0, (standing.best, standing.mean), standing.votes, self.slug)
