"""InsTag: samples with many tags first, each of which must add a new tag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.coverage import by_size
from explorer.selection.method import Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """Options of instag."""

    column: str = param("", "column of the source rows that holds the tags; empty: the SAE features are the tags")


class InsTag(Method):
    r"""Complexity first, diverse by tags.

    Objective: cover all tags with the samples that have most of them. Scan by number of tags, most first; accept i
    when T_i adds a tag to those of the picks so far. When a scan ends short of the budget, the tags are forgotten
    and the samples left over are scanned again (the next round). The gain of a pick is the number of tags it adds.
    Samples without a tag come last, with round 0.
    Needs: tags from a column, or feature sets. Cost: O(sample-tag pairs) a pass. Nested: yes. Ties: smaller sample id.
    Source: Lu et al. 2024, "#InsTag", arXiv 2308.07074.
    """

    slug = "instag"
    title = "InsTag"
    goal = "Complex samples that together touch every tag"
    needs = frozenset({"features"})
    nested = True
    Params = Params

    def requires(self, params: Params) -> frozenset[str]:
        """Tags when a column is named, else feature sets."""
        return frozenset({"tags"}) if params.column else self.needs

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.scan  # noqa: F401

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by passes over the samples; `rng` is not used."""
        from explorer.selection.kernels.scan import scan

        del rng
        pool.require(self.slug, self.requires(params))
        tags = pool.tags if params.column else pool.features
        assert tags is not None
        order, empty = by_size(tags, np.ones(pool.n, bool))
        limit = pool.n if budget.unit == "tokens" else budget.rows(pool.n)
        searched = min(limit, len(order))
        picks, gains, rounds = (np.empty(searched, np.int32) for _ in range(3))
        scan(tags.indptr, tags.indices, order, tags.width, 1.0, True, searched, picks, gains, rounds)
        rest = empty[: limit - searched]
        return Ranking(
            np.concatenate([picks, rest]).astype(np.int64),
            np.concatenate([gains, np.zeros(len(rest))]).astype(np.float64),
            np.concatenate([rounds, np.zeros(len(rest), np.int32)]).astype(np.int32),
            {"rounds": int(rounds.max(initial=0)), "without_tags": len(rest)},
        ).within(pool, budget)
