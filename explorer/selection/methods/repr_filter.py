"""Repr Filter: longest first, leaving out samples too similar to one already taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.dissimilar import rank_dissimilar
from explorer.selection.method import Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """Options of repr-filter."""

    max_similarity: float = param(
        0.9, "accept when the cosine to the nearest accepted sample is below this", minimum=-1.0, maximum=1.0
    )


class ReprFilter(Method):
    """A scan by falling response length with a limit on similarity.

    Objective: maximise the sum of response tokens over S with all cosines inside S below `max_similarity`, greedily.
    When a scan ends short of the budget, the accepted samples are set aside and the others are scanned again (the
    next round). The gain of a pick is its response tokens.
    Needs: embeddings (computed in 16-bit fixed point), response lengths. Cost: O(N * picks * d) per pass.
    Nested: yes. Ties: smaller sample id.
    Source: the representation filter of Liu et al. 2024, "What Makes Good Data for Alignment?", arXiv 2312.15685.
    """

    slug = "repr-filter"
    title = "Representation filter"
    goal = "Long answers without near-duplicates"
    needs = frozenset({"embeddings", "lengths"})
    nested = True
    Params = Params

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.similarity  # noqa: F401

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by passes over the samples; `rng` is not used."""
        del rng
        pool.require(self.slug, self.needs)
        assert pool.response_tokens is not None
        score = pool.response_tokens.astype(np.float64)
        return rank_dissimilar(pool, budget, score, np.arange(pool.n), params.max_similarity)
