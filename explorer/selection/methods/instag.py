"""InsTag: samples with many tags first, each of which must add a new tag."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.coverage import scan_by_overlap
from explorer.selection.method import Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """Options of instag."""

    column: str = param("", "column of the source rows that holds the tags; empty: the SAE features are the tags")


class InsTag(Method):
    r"""Complexity first, diverse by tags.

    Objective: cover all tags with the samples that have most of them. Scan by number of tags, most first; accept i
    when T_i adds a tag to C, the tags of the picks so far. When a scan ends short of the budget, C is emptied and the
    remaining samples are scanned again (the next round). The gain of a pick is the number of tags it adds. Samples
    without a tag come last, with round 0.
    Needs: tags from a column, or feature sets. Cost: O(sample-tag pairs) per pass. Nested: yes.
    Ties: smaller sample id.
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
        del rng
        pool.require(self.slug, self.requires(params))
        tags = pool.tags if params.column else pool.features
        assert tags is not None
        ranking, empty = scan_by_overlap(tags, pool.limit(budget), max_overlap=1.0, some_new=True)
        return replace(ranking, info=ranking.info | {"without_tags": empty}).within(pool, budget)
