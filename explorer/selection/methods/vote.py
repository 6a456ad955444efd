"""Vote of stored selections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.errors import refuse
from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.ensembles import Ensemble, ordered, standings
from explorer.selection.ensembles import Params as Shared
from explorer.selection.method import Pool, Ranking


@dataclass(frozen=True)
class Params(Shared):
    """Options of vote."""

    min_votes: int = param(1, "leave out samples with fewer votes", minimum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.runs and self.min_votes > len(self.runs):
            refuse("min_votes is more than there are selections", got=self.min_votes, allowed=f"1 to {len(self.runs)}")


class Vote(Ensemble):
    """The samples that are in most of the selections.

    Objective: maximise the sum of votes over S; the gain of a pick is the number of selections that hold it. Equal
    votes: by the mean relative rank (rank / rows; 1 where a selection does not hold it).
    Needs: stored selections. Cost: O(N log N). Nested: yes, for the same selections. Ties: smaller sample id.
    Source: ours.
    """

    slug = "vote"
    title = "Vote"
    goal = "What most methods agree on, most votes first"
    Params = Params

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Order the samples of the selections; `rng` is not used."""
        del rng
        pool.require(self.slug, self.needs)
        standing = standings(pool)
        votes = standing.votes
        return ordered(pool, budget, votes >= params.min_votes, (-votes, standing.mean), votes, self.slug)
