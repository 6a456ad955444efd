"""iterative-kmq as a selection that stands beside the others; it is made by `refine`, as it needs a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.errors import refuse
from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """The options of iterative-kmq are those of the verb `refine`."""


class IterativeKmq(Method):
    """kMQ whose cluster weights follow the rewards: w_j(t) proportional to s_j w_j(t-1).

    The gain of a pick is its weight when it was drawn, its round the iteration. Needs clusters, quality and a model.
    Nested: no. Source: Yu et al. 2024, "Diversify and Conquer", arXiv 2409.11378.
    """

    slug = "iterative-kmq"
    title = "Iterative kMQ"
    goal = "Every topic in proportion to how much the model can still learn from it"
    needs = frozenset({"clusters", "quality"})
    nested = False
    Params = Params

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Refuse: without a model there is nothing to refine by."""
        del pool, budget, params, rng
        refuse("iterative-kmq needs a model, so it is made by the verb refine", allowed="python -m explorer refine")


ITERATIVE_KMQ = IterativeKmq()
