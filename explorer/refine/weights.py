"""Cluster weights and the batch drawn by them: the formulas of iterative refinement, on arrays alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.selection.quotas import grouped, interleave, largest_remainder

Weights = NDArray[np.float64]  # [clusters], sum 1


def starting_weights(clusters: NDArray[np.integer]) -> Weights:
    """w_j(0) = |X_j| / N."""
    sizes = np.bincount(clusters)
    return sizes / sizes.sum()


def mean_rewards(clusters: NDArray[np.integer], rewards: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """s_j, the mean reward of the rows of each of `count` clusters; NaN rewards are left out, s_j is NaN without any.

    Args:
        clusters: Of each row of the batch.
        rewards: Of each row, positive, NaN where it failed.
        count: Number of clusters.
    """
    known = np.isfinite(rewards)
    if np.any(rewards[known] < 0):
        refuse("a reward must be 0 or more", got=float(rewards[known].min()))
    totals = np.bincount(clusters[known], weights=rewards[known], minlength=count)
    rows = np.bincount(clusters[known], minlength=count)
    return np.where(rows > 0, totals / np.maximum(rows, 1), np.nan)


def updated(weights: Weights, rewards: NDArray[np.float64]) -> Weights:
    """w_j(t) proportional to s_j w_j(t-1); a cluster without a reward (NaN) keeps its weight.

    The others share what is left, so the weights sum to 1. Where every reward is 0 nothing is said and nothing changes.
    """
    seen = np.isfinite(rewards)
    moved = np.where(seen, np.nan_to_num(rewards) * weights, 0.0)
    total = moved.sum()
    if total <= 0:
        return weights.copy()
    share = weights[seen].sum()
    return np.where(seen, moved / total * share, weights)


def kmq_order(
    clusters: NDArray[np.integer], quality: NDArray[np.float64], rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Every cluster's rows in the order in which kMQ draws them: by exponential keys, those without quality last."""
    drawn = -np.log1p(-rng.random(len(clusters)))
    good = quality > 0
    key = drawn / np.where(good, quality, 1.0)
    first, last = grouped(clusters, key, good), grouped(clusters, key, ~good)
    width = int(clusters.max()) + 1
    empty = np.zeros(0, np.int64)
    parts = [[*groups, *([empty] * (width - len(groups)))] for groups in (first, last)]
    return [np.concatenate([a, b]) for a, b in zip(*parts, strict=True)]


def batch(
    orders: list[NDArray[np.int64]], taken: set[int], weights: Weights, rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The next `rows` rows by quotas proportional to `weights`, from rows not in `taken`, and those quotas.

    Inside a cluster in its order; what a small cluster cannot give goes to the others in proportion.
    """
    left = [np.array([i for i in order if int(i) not in taken], dtype=np.int64) for order in orders]
    quotas = largest_remainder(weights, rows, [len(part) for part in left])
    return interleave(left, quotas), quotas


def parts_of(budget: int, iterations: int) -> list[int]:
    """The rows of each iteration, budget / iterations; what does not divide goes to the first ones."""
    whole, more = divmod(budget, iterations)
    return [whole + (i < more) for i in range(iterations)]
