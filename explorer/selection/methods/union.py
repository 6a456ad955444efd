"""Union of stored selections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.errors import refuse
from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.ensembles import ordered, standing
from explorer.selection.method import Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """Options of union."""

    runs: tuple[str, ...] = param((), "names or ids of stored selections, two or more")

    def __post_init__(self) -> None:
        if len(self.runs) == 1:
            refuse("an ensemble needs two or more selections", got=self.runs[0])


class Union(Method):
    """Every sample that one of the selections holds.

    Objective: none; by the best relative rank a sample has in any selection (rank / rows), then the mean one. The
    gain of a pick is the number of selections that hold it. A budget larger than the union takes all of it.
    Needs: stored selections. Cost: O(N log N). Nested: yes, for the same selections. Ties: smaller sample id.
    Source: ours.
    """

    slug = "union"
    title = "Union"
    goal = "Everything that some method wants, each method's best first"
    needs = frozenset({"runs"})
    nested = True
    Params = Params

    def references(self, params: Params) -> tuple[str, ...]:
        """The stored selections."""
        return params.runs

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Order the samples the selections hold; `rng` is not used."""
        del params, rng
        pool.require(self.slug, self.needs)
        found = standing(pool)
        return ordered(pool, budget, found.votes > 0, (found.best, found.mean), found.votes, self.slug)
