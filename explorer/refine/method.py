"""iterative-kmq as a selection that stands beside the others; it is made by `refine`, as it needs a model."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.selection.method import Method


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


ITERATIVE_KMQ = IterativeKmq()
