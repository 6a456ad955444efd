"""SAE-GreedSelect: the samples that add the most features not yet covered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from explorer.errors import refuse
from explorer.features.sets import FeatureSets
from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.certificate import certify_coverage
from explorer.selection.coverage import UNIT, WEIGHTS, by_size, check_ids, feature_weights, prefix
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
    Needs: feature sets; response lengths for cost tokens. Cost: about O(pairs) a round at worst, far less in
    practice, since a gain is worked out again only when it may be the largest. Nested: yes.
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

    def restricted(self, params: Params, kept: Ints) -> Params:
        """Rows by their place among `kept`; those outside are neither pinned nor to be banned."""
        place = {int(position): index for index, position in enumerate(kept)}
        pin, ban = (tuple(place[one] for one in ids if one in place) for ids in (params.pin, params.ban))
        return replace(params, pin=pin, ban=ban)

    def opened(self, params: Params, positions: Ints) -> Params:
        """These rows are pinned, before the method's own pins; a ban on them is lifted."""
        first = tuple(int(position) for position in positions)
        pin = tuple(dict.fromkeys((*first, *params.pin)))
        return replace(params, pin=pin, ban=tuple(one for one in params.ban if one not in set(pin)))

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.cover
        import explorer.selection.kernels.lazy  # noqa: F401

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
        cost = np.ones(pool.n)
        if params.cost == "tokens" and pool.response_tokens is not None:
            cost = np.maximum(pool.response_tokens, 1).astype(np.float64)
        eligible = np.ones(pool.n, bool)
        eligible[banned] = False
        limit = pool.n if budget.unit == "tokens" else budget.rows(pool.n)
        ranking = _rank(sets, params, cost, pinned, must, eligible, limit)
        return ranking.within(pool, budget)


def _rank(
    sets: FeatureSets,
    params: Params,
    cost: Floats,
    pinned: np.ndarray,
    must: np.ndarray,
    eligible: np.ndarray,
    limit: int,
) -> Ranking:
    from explorer.selection.kernels.cover import cover
    from explorer.selection.kernels.lazy import weighted_cover

    weight = feature_weights(sets, params.weights)
    first = prefix(sets, weight, cost, pinned, must, eligible)
    free = eligible.copy()
    free[first.positions] = False
    order, empty = by_size(sets, free)
    limit = max(0, min(limit, int(np.count_nonzero(eligible))) - len(first.positions))
    searched = min(limit, len(order))
    left = sets.counts.copy()
    if len(order) + len(empty) < sets.n:
        blocked = ~free
        left -= np.bincount(sets.indices[np.repeat(blocked, sets.sizes)], minlength=sets.width)
    picks, rounds = np.empty(searched, np.int32), np.empty(searched, np.int32)
    covered = first.covered.copy()
    if params.weights == "uniform" and params.cost == "rows":
        gains = np.empty(searched, np.int32)
        cover(sets.indptr, sets.indices, order, left, covered, searched, picks, gains, rounds)
        gain = gains.astype(np.float64)
    else:
        wide = np.empty(searched, np.int64)
        weighted_cover(sets.indptr, sets.indices, weight, cost, order, left, covered, searched, picks, wide, rounds)
        gain = wide / UNIT
    opening = int(rounds.max()) if searched else (1 if len(first.positions) else 0)
    rest = empty[: limit - searched]
    positions = np.concatenate([first.positions, picks, rest]).astype(np.int64)
    return Ranking(
        positions,
        np.concatenate([first.gain / UNIT, gain, np.zeros(len(rest))]),
        np.concatenate([np.ones(len(first.positions)), rounds, np.zeros(len(rest))]).astype(np.int32),
        {"rounds": opening, "without_features": len(rest), "pinned_or_required": len(first.positions)},
    )
