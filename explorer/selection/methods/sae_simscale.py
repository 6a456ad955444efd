"""SAE-SimScale: rich samples first, leaving out those whose features are mostly covered already."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.coverage import by_size
from explorer.selection.method import Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """Options of sae-simscale."""

    max_overlap: float = param(
        0.8, "accept a sample when at most this share of its features is covered", minimum=0.0, maximum=1.0
    )


class SaeSimScale(Method):
    r"""A scan by falling feature count with a limit on overlap.

    Objective: none in closed form. Scan by |F_i|, largest first; accept i when |F_i & C| / |F_i| <= max_overlap, then
    C gains F_i. When a scan ends short of the budget, C is emptied and the samples left over are scanned again (the
    next round). The gain of a pick is |F_i \ C|. Samples with an empty F_i come last, with round 0.
    Needs: feature sets. Cost: O(pairs) a pass: the method for millions of rows. Nested: yes.
    Ties: smaller sample id.
    Source: Yang et al. 2025, arXiv 2502.14050. The published text gives the aim, a similarity limit for large
    budgets; scan order, overlap measure and passes are our reading.
    """

    slug = "sae-simscale"
    title = "SAE-SimScale"
    goal = "Millions of rows: one pass that leaves out what is covered already"
    needs = frozenset({"features"})
    nested = True
    Params = Params

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.scan  # noqa: F401

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by passes over the samples; `rng` is not used."""
        from explorer.selection.kernels.scan import scan

        del rng
        pool.require(self.slug, self.needs)
        assert pool.features is not None
        sets = pool.features
        order, empty = by_size(sets, np.ones(pool.n, bool))
        limit = pool.n if budget.unit == "tokens" else budget.rows(pool.n)
        searched = min(limit, len(order))
        picks, gains, rounds = (np.empty(searched, np.int32) for _ in range(3))
        scan(sets.indptr, sets.indices, order, sets.width, params.max_overlap, False, searched, picks, gains, rounds)
        rest = empty[: limit - searched]
        return Ranking(
            np.concatenate([picks, rest]).astype(np.int64),
            np.concatenate([gains, np.zeros(len(rest))]).astype(np.float64),
            np.concatenate([rounds, np.zeros(len(rest), np.int32)]).astype(np.int32),
            {"rounds": int(rounds.max(initial=0)), "without_features": len(rest)},
        ).within(pool, budget)
