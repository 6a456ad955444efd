"""Longest responses first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """longest has no options."""


class Longest(Method):
    """The longest responses.

    Objective: maximise f(S) = sum of response tokens over S; the gain of a pick is its response tokens.
    Needs: response lengths. Cost: O(N log N). Nested: yes. Ties: smaller sample id.
    Source: Zhao et al. 2024, "Long Is More for Alignment", arXiv 2402.04833.
    """

    slug = "longest"
    title = "Longest responses"
    goal = "The strong simple baseline: long answers hold many features"
    needs = frozenset({"lengths"})
    nested = True
    Params = Params

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by response tokens; `params` and `rng` are not used."""
        del params, rng
        pool.require(self.slug, self.needs)
        assert pool.response_tokens is not None
        tokens = pool.response_tokens.astype(np.int64)
        order = np.argsort(-tokens, kind="stable")
        return Ranking.of(order, tokens[order]).within(pool, budget)
