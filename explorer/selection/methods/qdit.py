"""QDIT: facility-location diversity and quality in one greedy score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.progress import report
from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.fixed_point import fixed_point
from explorer.selection.method import Floats, Ints, Method, Pool, Ranking
from explorer.selection.pieces import pieces
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
    Needs: embeddings (computed in 16-bit fixed point), quality. Cost: O(N * anchors * d) and 2 N * anchors bytes at
    the start, then lazy greedy. Nested: yes, for one seed. Ties: smaller sample id.
    Source: Bukharin et al. 2024, "Data Diversity Matters for Robust Instruction Tuning", arXiv 2311.14736.
    """

    slug = "qdit"
    title = "QDIT"
    goal = "A trade-off between good answers and a subset near every sample"
    needs = frozenset({"embeddings", "quality"})
    nested = True
    seeded = True
    Params = Params

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.facility
        import explorer.selection.kernels.similarity  # noqa: F401

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by lazy greedy; `rng` draws the anchors."""
        from explorer.selection.kernels.facility import facility

        pool.require(self.slug, self.needs)
        assert pool.embeddings is not None and pool.quality is not None
        known, missing = scored(pool, self.slug)
        points = fixed_point(pool.embeddings)
        anchors = anchor_sample(pool, params.anchors, rng)
        similar = _similarities(points[known], points[anchors])
        limit = pool.limit(budget)
        searched = min(limit, len(known))
        bonus = params.alpha * unit_range(pool.quality)[known]
        weight = (1 - params.alpha) * pool.n / len(anchors) / 32_768
        key, heap, best = np.empty(len(known)), np.empty(len(known), np.int32), np.zeros(len(anchors), np.int16)
        picks, gain = np.empty(searched, np.int32), np.empty(searched)
        for begin, end in pieces(searched, 64 * len(anchors)):
            facility(similar, bonus, weight, begin, end, key, heap, best, picks, gain)
            report("select", end, searched, f"{self.title}: picks")
        ranking = Ranking.of(known[picks], gain, anchors=len(anchors), missing_quality=len(missing))
        return ranking.then(Ranking.without_gain(missing[: limit - searched])).within(pool, budget)


def anchor_sample(pool: Pool, size: int, rng: np.random.Generator) -> Ints:
    """Positions of the anchors, ascending: all rows (`size` 0), or `size` of them at random.

    In a part of a larger pool: the anchors of that pool that are left, and further rows in random order.
    """
    if size == 0 or size >= pool.n:
        return np.arange(pool.n)

    def keys(n: int) -> Floats:
        first = rng.choice(n, size=size, replace=False)
        key = rng.random(n)
        key[first] -= 1
        return key

    return np.sort(np.argsort(pool.draw(keys), kind="stable")[:size])


def _similarities(points: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    from explorer.selection.kernels.similarity import similarities

    similar = np.empty((len(points), len(anchors)), np.int16)
    for begin, end in pieces(len(points), anchors.size):
        similarities(points[begin:end], anchors, similar[begin:end])
        report("select", end, len(points), "similarities to the anchors")
    return similar
