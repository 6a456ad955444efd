"""QDIT: facility-location diversity and quality in one greedy score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.progress import report
from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking
from explorer.selection.points import fixed_point, pieces
from explorer.selection.scores import scored, unit_range


@dataclass(frozen=True)
class Params:
    """Options of qdit."""

    alpha: float = param(0.7, "weight of quality against diversity", minimum=0.0, maximum=1.0)
    anchors: int = param(2000, "samples, drawn at random, whose nearest pick is counted; 0: all of them", minimum=0)


class Qdit(Method):
    """Greedy on a mix of diversity and quality.

    Objective: f(S) = (1 - alpha) * sum over v of max over j in S of max(0, cos(v, j)) + alpha * sum of q over S, q
    stretched to 0..1. v runs over `anchors` samples, and their sum is scaled to the whole pool. The gain of a pick is
    the rise of f. Samples without a score come last, by id, with gain 0.
    Needs: embeddings (worked in 16-bit fixed point), quality. Cost: O(N * anchors * d) and 2 N * anchors bytes to
    begin with, then lazy greedy. Nested: yes, for one seed. Ties: smaller sample id.
    Source: Bukharin et al. 2024, "Data Diversity Matters for Robust Instruction Tuning", arXiv 2311.14736.
    """

    slug = "qdit"
    title = "QDIT"
    goal = "A dial between good answers and a subset near every sample"
    needs = frozenset({"embeddings", "quality"})
    nested = True
    seeded = True
    Params = Params

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.points  # noqa: F401

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by lazy greedy; `rng` draws the anchors."""
        from explorer.selection.kernels.points import facility, facility_heap, similarities

        pool.require(self.slug, self.needs)
        assert pool.embeddings is not None and pool.quality is not None
        known, missing = scored(pool, self.slug)
        points = fixed_point(pool.embeddings)
        anchors = anchor_sample(pool.n, params.anchors, rng)
        similar = np.empty((len(known), len(anchors)), np.int16)
        rows, columns = points[known], points[anchors]
        for begin, end in pieces(len(known), columns.size):
            similarities(rows[begin:end], columns, similar[begin:end])
            report("select", end, len(known), "similarities to the anchors")
        limit = pool.n if budget.unit == "tokens" else budget.rows(pool.n)
        searched = min(limit, len(known))
        picks, rises, keys = np.empty(searched, np.int32), np.empty(searched, np.int64), np.empty(searched)
        bonus = params.alpha * unit_range(pool.quality)[known]
        weight = anchor_weight(params.alpha, pool.n, len(anchors))
        key, heap, best = np.empty(len(known)), np.empty(len(known), np.int32), np.zeros(len(anchors), np.int16)
        facility_heap(similar, bonus, weight, key, heap)
        for begin, end in pieces(searched, 64 * len(anchors)):
            facility(similar, bonus, weight, begin, end, key, heap, best, picks, rises, keys)
            report("select", end, searched, f"{self.title}: picks")
        rest = missing[: limit - searched]
        positions = np.concatenate([known[picks], rest])
        gain = np.concatenate([keys, np.zeros(len(rest))])
        ranking = Ranking.of(positions, gain, anchors=len(anchors), missing_quality=len(missing))
        return ranking.within(pool, budget)


def anchor_sample(n: int, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """Positions whose nearest pick is counted, ascending: all, or `wanted` of them at random."""
    if wanted == 0 or wanted >= n:
        return np.arange(n)
    return np.sort(rng.choice(n, size=wanted, replace=False))


def anchor_weight(alpha: float, n: int, anchors: int) -> float:
    """What one unit (1/32768) of similarity at one anchor counts in the objective."""
    return (1 - alpha) * n / anchors / 32_768
