"""Random samples whose responses are as long as those of a reference selection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking
from explorer.selection.quotas import fit, grouped, interleave, largest_remainder


@dataclass(frozen=True)
class Params:
    """Options of length-matched-random."""

    reference: str = param("", "name or id of a saved selection to match; empty: the longest at this budget")
    bins: int = param(10, "quantile bins of the response length over the whole pool", minimum=1, maximum=1000)


class LengthMatchedRandom(Method):
    """Random with the response-length histogram of a reference selection.

    Objective: none but size, so every gain is 1. Response lengths of the pool are cut at their quantiles into `bins`
    bins; each bin gives as many samples as the reference has there (in proportion by largest remainder when the
    reference is of another size; what a bin cannot give goes to the others), uniformly at random. What a diverse
    selection gains over this one is not due to length.
    Needs: response lengths; the reference selection when one is named. Cost: O(N log N).
    Nested: no (the reference and the remainders change with the budget). Ties: by a random key, then sample id.
    Source: the control that the longest-response finding asks for (Zhao et al. 2024; Yang et al. 2025).
    """

    slug = "length-matched-random"
    title = "Length-matched random"
    goal = "To separate what diversity adds from what length adds"
    needs = frozenset({"lengths"})
    nested = False
    seeded = True
    Params = Params

    def requires(self, params: Params) -> frozenset[str]:
        """The stored selection too, when one is named."""
        return self.needs | ({"runs"} if params.reference else set())

    def references(self, params: Params) -> tuple[str, ...]:
        """The reference selection."""
        return (params.reference,) if params.reference else ()

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Draw from every length bin; one random key per sample."""
        pool.require(self.slug, self.requires(params))
        assert pool.response_tokens is not None
        tokens = pool.response_tokens.astype(np.int64)
        inner = np.quantile(tokens, np.linspace(0, 1, params.bins + 1)[1:-1], method="inverted_cdf")
        bin_of = np.searchsorted(np.unique(inner), tokens, side="left")
        groups = grouped(bin_of, pool.draw(rng.random), np.ones(pool.n, bool))
        longest = np.argsort(-tokens, kind="stable")

        def take(rows: int) -> Ranking:
            reference = pool.runs[0] if params.reference else longest[:rows]
            histogram = np.bincount(bin_of[reference], minlength=len(groups))
            quotas = largest_remainder(histogram, rows, [len(group) for group in groups])
            picks = interleave(groups, quotas)
            return Ranking.of(picks, np.ones(len(picks)), bins=[int(q) for q in quotas])

        return fit(pool, budget, take)
