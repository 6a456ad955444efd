"""Intersection of stored selections."""

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
    """Options of intersection."""

    runs: tuple[str, ...] = param((), "names or ids of stored selections, two or more")

    def __post_init__(self) -> None:
        if len(self.runs) == 1:
            refuse("an ensemble needs two or more selections", got=self.runs[0])


class Intersection(Method):
    """Only samples that all the selections hold.

    Objective: none; by the mean relative rank (rank / rows) over the selections. The gain of a pick is the number of
    selections. A budget larger than the intersection takes all of it; an empty one is refused.
    Needs: stored selections. Cost: O(N log N). Nested: yes, for the same selections. Ties: smaller sample id.
    Source: ours.
    """

    slug = "intersection"
    title = "Intersection"
    goal = "What all methods agree on"
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
        return ordered(pool, budget, found.votes == len(pool.runs), (found.mean,), found.votes, self.slug)
