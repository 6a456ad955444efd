"""Iterative refinement: the formulas for cluster weights and for the batches drawn by them, on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.selection.quotas import drawn_by_quality, interleave, largest_remainder

Weights = NDArray[np.float64]  # [clusters], sum 1


def starting_weights(clusters: NDArray[np.integer]) -> Weights:
    """w_j(0) = |X_j| / N."""
    sizes = np.bincount(clusters)
    return sizes / sizes.sum()


def mean_rewards(clusters: NDArray[np.integer], rewards: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """s_j, the mean reward of the rows of each of `count` clusters; NaN for a cluster without a reward.

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

    The others share the rest, so the weights sum to 1. When every reward is 0 the weights stay as they are.
    """
    rewarded = np.isfinite(rewards)
    product = np.where(rewarded, np.nan_to_num(rewards) * weights, 0.0)
    total = product.sum()
    if total <= 0:
        return weights.copy()
    share = weights[rewarded].sum()
    return np.where(rewarded, product / total * share, weights)


def kmq_order(
    clusters: NDArray[np.integer], quality: NDArray[np.float64], rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Every cluster's rows in the order in which kMQ draws them, those without quality last."""
    drawn, others = drawn_by_quality(clusters, quality, rng.random(len(clusters)))
    return [np.concatenate(parts) for parts in zip(drawn, others, strict=True)]


def batch(
    orders: list[NDArray[np.int64]], taken: set[int], weights: Weights, rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The next `rows` rows by quotas proportional to `weights`, from rows not in `taken`, and those quotas.

    Each cluster gives rows in its order; what a small cluster cannot give comes from the others in proportion.
    """
    left = [np.array([row for row in order if int(row) not in taken], dtype=np.int64) for order in orders]
    quotas = largest_remainder(weights, rows, [len(order) for order in left])
    return interleave(left, quotas), quotas


def parts_of(budget: int, iterations: int) -> list[int]:
    """The rows of each iteration, budget / iterations; the remainder goes to the first ones, one row each."""
    rows, remainder = divmod(budget, iterations)
    return [rows + (i < remainder) for i in range(iterations)]
