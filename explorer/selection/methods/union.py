"""Union of stored selections."""

from __future__ import annotations

import numpy as np

from explorer.selection.budget import Budget
from explorer.selection.ensembles import Ensemble, Params, ordered, standing
from explorer.selection.method import Pool, Ranking


class Union(Ensemble):
    """Every sample that one of the selections holds.

    Objective: none; by the best relative rank a sample has in any selection (rank / rows), then the mean one. The
    gain of a pick is the number of selections that hold it. A budget larger than the union takes all of it.
    Needs: stored selections. Cost: O(N log N). Nested: yes, for the same selections. Ties: smaller sample id.
    Source: ours.
    """

    slug = "union"
    title = "Union"
    goal = "Everything that some method wants, each method's best first"

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Order the samples the selections hold; `rng` is not used."""
        del params, rng
        pool.require(self.slug, self.needs)
        found = standing(pool)
        return ordered(pool, budget, found.votes > 0, (found.best, found.mean), found.votes, self.slug)
