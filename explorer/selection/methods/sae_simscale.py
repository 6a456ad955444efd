"""SAE-SimScale: samples with many features first, leaving out those whose features are mostly covered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.coverage import scan_by_overlap
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
    C gains F_i. When a scan ends short of the budget, C is emptied and the remaining samples are scanned again (the
    next round). The gain of a pick is |F_i \ C|. Samples with an empty F_i come last, with round 0.
    Needs: feature sets. Cost: O(pairs) per pass: the method for millions of rows. Nested: yes.
    Ties: smaller sample id.
    Source: Yang et al. 2025, arXiv 2502.14050. The published text gives the aim, a similarity limit for large
    budgets; scan order, overlap measure and passes are our reading.
    """

    slug = "sae-simscale"
    title = "SAE-SimScale"
    goal = "Millions of rows: passes that leave out what is already covered"
    needs = frozenset({"features"})
    nested = True
    Params = Params

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.scan  # noqa: F401

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by passes over the samples; `rng` is not used."""
        del rng
        pool.require(self.slug, self.needs)
        assert pool.features is not None
        limit = pool.limit(budget)
        ranking, empty = scan_by_overlap(pool.features, limit, max_overlap=params.max_overlap, some_new=False)
        return replace(ranking, info=ranking.info | {"without_features": empty}).within(pool, budget)
