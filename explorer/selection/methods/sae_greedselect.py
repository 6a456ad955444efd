"""SAE-GreedSelect: the samples that add the most features not yet covered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from explorer.errors import refuse
from explorer.features.sets import FeatureSets
from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.certificate import certify_coverage
from explorer.selection.coverage import UNIT, WEIGHTS, by_size, check_ids, feature_weights, prefix, row_cost
from explorer.selection.method import Floats, Ints, Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """Options of sae-greedselect."""

    weights: str = param("uniform", "what a newly covered feature counts", choices=WEIGHTS)
    cost: str = param("rows", "gain per row, or gain per response token", choices=("rows", "tokens"))
    must_cover: tuple[int, ...] = param((), "features that are covered first (feature ids)")
    exclude: tuple[int, ...] = param((), "features that never count (feature ids)")
    pin: tuple[int, ...] = param((), "samples that are taken first, in this order (sample ids)")
    ban: tuple[int, ...] = param((), "samples that are never taken (sample ids)")

    def __post_init__(self) -> None:
        both = set(self.pin) & set(self.ban)
        if both:
            refuse(f"sample {min(both)} is both pinned and banned")
        twice = set(self.must_cover) & set(self.exclude)
        if twice:
            refuse(f"feature {min(twice)} is both in must_cover and in exclude")


class SaeGreedSelect(Method):
    r"""Greedy feature coverage in rounds.

    Objective: maximise f(S) = sum of w_f over the union of F_i, i in S. Each step takes the sample with the largest
    sum of w_f over F_i \ C, C the features covered in this round; divided by its response tokens (at least 1) when
    `cost` is tokens. When no sample adds a feature and budget is left, a new round starts with C empty. Samples with
    an empty F_i come last, with round 0 and gain 0. Pinned samples and then samples for `must_cover` open round 1.
    Needs: feature sets; response lengths for cost tokens. Cost: about O(pairs) per round at worst, far less
    in practice, since a gain is computed again only when it may be the largest. Nested: yes.
    Ties: larger |F_i| (of the features that count), then smaller sample id.
    Source: Yang et al. 2025, arXiv 2502.14050. The published text gives the aim, greedy use of features not yet
    covered; rounds, ties, weights, costs and lists are our reading. Lazy search: Minoux 1978.
    """

    slug = "sae-greedselect"
    title = "SAE-GreedSelect"
    goal = "A small budget that shows the model as many different features as possible"
    needs = frozenset({"features"})
    nested = True
    Params = Params

    def requires(self, params: Params) -> frozenset[str]:
        """Response lengths too, when the cost is counted in tokens."""
        return self.needs | ({"lengths"} if params.cost == "tokens" else set())

    def certify(self, pool: Pool, ranking: Ranking, params: Params) -> float | None:
        """The certificate for weighted coverage, where rows are the cost."""
        if params.cost != "rows" or pool.features is None:
            return None
        sets = pool.features.without(np.asarray(params.exclude, np.int64)) if params.exclude else pool.features
        return certify_coverage(sets, ranking.positions, feature_weights(sets, params.weights)).share

    def restricted(self, params: Params, rows: Ints) -> Params:
        """Pins and bans by their place in `rows`; those outside are dropped."""
        place = {int(position): index for index, position in enumerate(rows)}
        pin, ban = (tuple(place[row] for row in ids if row in place) for ids in (params.pin, params.ban))
        return replace(params, pin=pin, ban=ban)

    def opened(self, params: Params, positions: Ints) -> Params:
        """Pin these rows before the method's own pins, and remove a ban on them."""
        first = tuple(int(position) for position in positions)
        pin = tuple(dict.fromkeys((*first, *params.pin)))
        return replace(params, pin=pin, ban=tuple(row for row in params.ban if row not in set(pin)))

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.cover
        import explorer.selection.kernels.weighted_cover  # noqa: F401

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by feature coverage; `rng` is not used."""
        del rng
        pool.require(self.slug, self.requires(params))
        assert pool.features is not None
        sets = pool.features
        pinned = check_ids("pin", params.pin, pool.n, "sample")
        banned = check_ids("ban", params.ban, pool.n, "sample")
        must = check_ids("must_cover", params.must_cover, sets.width, "feature")
        excluded = check_ids("exclude", params.exclude, sets.width, "feature")
        sets = sets.without(excluded) if len(excluded) else sets
        weight, cost = feature_weights(sets, params.weights), row_cost(pool, params.cost)
        free = np.ones(pool.n, bool)
        free[banned] = False
        limit = min(pool.limit(budget), int(np.count_nonzero(free)))
        opening = prefix(sets, weight, cost, pinned, must, free)
        free[opening.positions] = False
        first = Ranking(opening.positions, opening.gain / UNIT, np.ones(len(opening.positions), np.int32))
        order, empty = by_size(sets, free)
        limit = max(0, limit - len(first))
        ranking = first.then(_search(sets, weight, cost, order, opening.covered, min(limit, len(order))))
        rest = empty[: max(0, limit - len(order))]
        info = {
            "rounds": int(ranking.round.max(initial=0)),
            "without_features": len(rest),
            "pinned_or_required": len(first),
        }
        return replace(ranking.then(Ranking.without_gain(rest)), info=info).within(pool, budget)


def _search(
    sets: FeatureSets, weight: Ints, cost: Floats, order: np.ndarray, covered: np.ndarray, limit: int
) -> Ranking:
    """Rank `limit` samples of `order` in rounds, the first of which begins with the `covered` features."""
    from explorer.selection.kernels.cover import cover
    from explorer.selection.kernels.weighted_cover import weighted_cover

    left = sets.counts.copy()
    if len(order) < np.count_nonzero(sets.sizes):
        outside = np.ones(sets.n, bool)
        outside[order] = False
        left -= np.bincount(sets.indices[np.repeat(outside, sets.sizes)], minlength=sets.width)
    picks, rounds = np.empty(limit, np.int32), np.empty(limit, np.int32)
    if np.all(weight == UNIT) and np.all(cost == 1):
        gains = np.empty(limit, np.int32)
        cover(sets.indptr, sets.indices, order, left, covered, limit, picks, gains, rounds)
        return Ranking(picks.astype(np.int64), gains.astype(np.float64), rounds)
    gains = np.empty(limit, np.int64)
    weighted_cover(sets.indptr, sets.indices, weight, cost, order, left, covered, limit, picks, gains, rounds)
    return Ranking(order[picks].astype(np.int64), gains / UNIT, rounds)
