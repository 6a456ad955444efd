"""SAE-Saturated: many samples of every feature, each adding less than the one before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.features.sets import FeatureSets
from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.certificate import certify_concave
from explorer.selection.coverage import WEIGHTS, by_size, feature_weights, row_cost
from explorer.selection.method import Method, Pool, Ranking

STEP = 1 << 26  # fixed point of g
WEIGHT = 1 << 10  # fixed point of feature weights: a gain stays below 2**53
SHAPES = ("sqrt", "log1p", "capped")


@dataclass(frozen=True)
class Params:
    """Options of sae-saturated."""

    shape: str = param("sqrt", "how the value of a feature grows with its number of picks", choices=SHAPES)
    cap: int = param(10, "for capped: picks of a feature beyond this many add nothing", minimum=1)
    count: str = param(
        "samples", "what is counted: picks that have it, or its activation", choices=("samples", "activation")
    )
    weights: str = param("uniform", "what a feature counts", choices=WEIGHTS)
    cost: str = param("rows", "gain per row, or gain per response token", choices=("rows", "tokens"))


class SaeSaturated(Method):
    """Greedy on a sum of concave functions of how often each feature is picked.

    Objective: maximise f(S) = sum over features of w_f * g(n_f(S)), n_f the number of picks that have f, or their
    summed activation divided by the mean activation; g is sqrt(n), log(1 + n) or min(n, cap). Each step takes the
    largest gain (per response token where `cost` is tokens). Monotone submodular, so greedy reaches (1 - 1/e) of the
    best, as coverage does, but it does not saturate after a few dozen picks; there are no rounds.
    Needs: feature sets; response lengths for cost tokens. Cost: lazy greedy, O(pairs) at the start, then a few
    gains per pick. Nested: yes. Ties: larger |F_i|, then smaller sample id; samples with an empty F_i come last.
    Source: ours; concave over modular functions: Lin and Bilmes 2011; lazy search: Minoux 1978.
    """

    slug = "sae-saturated"
    title = "SAE-Saturated"
    goal = "A large budget that keeps every feature well represented, with no rounds"
    needs = frozenset({"features"})
    nested = True
    Params = Params

    def requires(self, params: Params) -> frozenset[str]:
        """Response lengths too, when the cost is counted in tokens."""
        return self.needs | ({"lengths"} if params.cost == "tokens" else set())

    def certify(self, pool: Pool, ranking: Ranking, params: Params) -> float | None:
        """The certificate for this sum, where rows are the cost and picks are counted."""
        if params.cost != "rows" or params.count != "samples" or pool.features is None:
            return None
        weight = feature_weights(pool.features, params.weights, WEIGHT)
        step = steps(params, len(ranking) + 1)
        return certify_concave(pool.features, ranking.positions, weight, step).share

    def warm_up(self) -> None:
        """Load the compiled kernels."""
        import explorer.selection.kernels.concave  # noqa: F401

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Rank by saturated coverage; `rng` is not used."""
        from explorer.selection.kernels.concave import concave, concave_sums

        del rng
        pool.require(self.slug, self.requires(params))
        assert pool.features is not None
        sets = pool.features
        weight, cost = feature_weights(sets, params.weights, WEIGHT), row_cost(pool, params.cost)
        order, empty = by_size(sets, np.ones(pool.n, bool))
        limit = pool.limit(budget)
        searched = min(limit, len(order))
        picks, gains = np.empty(searched, np.int32), np.empty(searched, np.int64)
        if params.count == "samples":
            step = steps(params, searched + 1)
            concave(sets.indptr, sets.indices, weight, step, cost, order, searched, picks, gains)
        else:
            shape = SHAPES.index(params.shape)
            concave_sums(
                sets.indptr, sets.indices, amounts(sets), weight, shape, params.cap * WEIGHT, float(WEIGHT),
                float(STEP), cost, order, searched, picks, gains,
            )  # fmt: skip
        rest = empty[: limit - searched]
        ranking = Ranking.of(order[picks], gains / (STEP * WEIGHT), without_features=len(rest))
        return ranking.then(Ranking.without_gain(rest)).within(pool, budget)


def steps(params: Params, length: int) -> np.ndarray:
    """g(n + 1) - g(n) for n below `length` in units of 1/`STEP`, never rising; the last one holds for larger n."""
    n = np.arange(length + 1, dtype=np.float64)
    g = {"sqrt": np.sqrt, "log1p": np.log1p, "capped": lambda x: np.minimum(x, params.cap)}[params.shape](n)
    return np.minimum.accumulate(np.rint(np.diff(g) * STEP).astype(np.int64))


def amounts(sets: FeatureSets) -> np.ndarray:
    """Activations divided by their mean, in units of 1/`WEIGHT`, int64 [nnz], at least 1."""
    mean = float(sets.values.mean(dtype=np.float64)) if sets.nnz else 1.0
    return np.maximum(1, np.rint(sets.values.astype(np.float64) / (mean or 1.0) * WEIGHT)).astype(np.int64)
