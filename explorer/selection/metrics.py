"""Metrics of a selection, comparable between selections."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from explorer.features.sets import FeatureSets
from explorer.selection.coverage import feature_weights
from explorer.selection.method import Ints, Pool


@dataclass(frozen=True)
class Metrics:
    """Metrics of one selection against its pool; None where the pool lacks the data.

    `coverage`, `weighted_coverage` (features weighted by idf) and `certificate` are shares. `redundancy` is the mean
    cosine between the feature sets of two picks, `repeats` the share of feature occurrences that were covered before.
    `cluster_entropy` is 1 when all clusters give the same number of picks and 0 when one cluster gives them all.
    """

    rows: int
    share: float
    coverage: float | None = None
    covered_features: int | None = None
    weighted_coverage: float | None = None
    certificate: float | None = None
    redundancy: float | None = None
    repeats: float | None = None
    tokens: int | None = None
    mean_tokens: float | None = None
    median_tokens: float | None = None
    clusters: int | None = None
    cluster_entropy: float | None = None
    cluster_counts: dict[str, int] | None = None
    quality: float | None = None
    quality_missing: int | None = None


def measure(pool: Pool, positions: Ints) -> Metrics:
    """Every metric that the pool has the data for, of the picks at `positions` (int64 [b])."""
    from explorer.selection.certificate import certify_coverage

    values: dict[str, object] = {}
    if pool.features is not None:
        sets = pool.features
        values["coverage"] = coverage(sets, positions)
        values["covered_features"] = int(np.count_nonzero(covered_features(sets, positions)))
        values["weighted_coverage"] = weighted_coverage(sets, positions)
        values["certificate"] = certify_coverage(sets, positions).share
        values["redundancy"] = redundancy(sets, positions)
        values["repeats"] = repeats(sets, positions)
    if pool.response_tokens is not None:
        tokens = pool.response_tokens[positions].astype(np.int64)
        values["tokens"] = int(tokens.sum())
        values["mean_tokens"] = float(tokens.mean()) if len(tokens) else 0.0
        values["median_tokens"] = float(np.median(tokens)) if len(tokens) else 0.0
    if pool.clusters is not None:
        counts = np.bincount(pool.clusters[positions], minlength=int(pool.clusters.max()) + 1)
        values["clusters"] = int(np.count_nonzero(counts))
        values["cluster_entropy"] = entropy(counts)
        values["cluster_counts"] = {str(cluster): int(count) for cluster, count in enumerate(counts)}
    if pool.quality is not None:
        scores = pool.quality[positions]
        known = scores[~np.isnan(scores)]
        values["quality"] = float(known.mean()) if len(known) else None
        values["quality_missing"] = len(scores) - len(known)
    return Metrics(rows=len(positions), share=len(positions) / pool.n, **values)  # type: ignore[arg-type]


def covered_features(sets: FeatureSets, positions: Ints) -> np.ndarray:
    """Which features at least one pick has, bool [width]."""
    covered = np.zeros(sets.width, bool)
    covered[sets.take(positions).indices] = True
    return covered


def coverage(sets: FeatureSets, positions: Ints) -> float:
    """Features that at least one pick has, as a share of those in the pool (1.0 where the pool has none)."""
    present = int(np.count_nonzero(sets.counts))
    return float(np.count_nonzero(covered_features(sets, positions))) / present if present else 1.0


def weighted_coverage(sets: FeatureSets, positions: Ints) -> float:
    """Coverage with every feature counting ln(1 + N / n_f): rare features count more."""
    weight = np.where(sets.counts > 0, feature_weights(sets, "idf"), 0)
    total = int(weight.sum())
    return int(weight[covered_features(sets, positions)].sum()) / total if total else 1.0


@dataclass(frozen=True)
class Curve:
    """Coverage along a ranking: `covered` int64 [n], features of the first i+1 picks; `present`, those of the pool."""

    covered: Ints
    present: int

    def share(self, rows: int) -> float:
        """Coverage of the first `rows` picks, as a share of the features of the pool."""
        if not self.present or not len(self.covered):
            return 1.0
        return float(self.covered[min(rows, len(self.covered)) - 1]) / self.present if rows else 0.0

    def rows_for(self, share: float) -> int | None:
        """The smallest number of picks that covers `share`; None where the whole ranking does not."""
        place = int(np.searchsorted(self.covered, share * self.present - 1e-9))
        return place + 1 if place < len(self.covered) else None

    def knee(self) -> int | None:
        """The knee: the number of picks after which a pick adds less than the average one.

        It is where the curve lies farthest above the straight line from 0 to the first pick with full coverage (both
        axes scaled to 0..1; ties: fewer picks); None for a curve that never rises above the line.
        """
        if not len(self.covered) or self.covered[-1] == 0:
            return None
        full = int(np.searchsorted(self.covered, self.covered[-1])) + 1
        above = self.covered[:full] * full - np.arange(1, full + 1) * int(self.covered[-1])
        best = int(np.argmax(above))
        return best + 1 if above[best] > 0 else None


def coverage_curve(sets: FeatureSets, positions: Ints) -> Curve:
    """Coverage after every pick of `positions` (int64 [b]): one curve answers every budget. O(pairs of the picks)."""
    from explorer.selection.kernels.rows import newly_covered

    new = np.empty(len(positions), np.int64)
    newly_covered(sets.indptr, sets.indices, np.ascontiguousarray(positions, np.int64), sets.width, new)
    return Curve(np.cumsum(new), int(np.count_nonzero(sets.counts)))


def redundancy(sets: FeatureSets, positions: Ints) -> float:
    """Mean over pairs of picks of |F_i & F_j| / sqrt(|F_i| |F_j|); empty sets count 0; 0.0 for fewer than two picks.

    O(pairs), since the sum over all pairs is the sum over features of a square.
    """
    if len(positions) < 2:
        return 0.0
    chosen = sets.take(positions)
    share = np.repeat(1.0 / np.sqrt(np.maximum(chosen.sizes, 1)), chosen.sizes)
    sums = np.bincount(chosen.indices, weights=share, minlength=sets.width)
    itself = np.count_nonzero(chosen.sizes)
    pairs = len(positions) * (len(positions) - 1)
    return float(max(0.0, float(sums @ sums) - itself) / pairs)


def repeats(sets: FeatureSets, positions: Ints) -> float:
    """Share of the picks' feature occurrences that an earlier pick had: 1 - |union| / sum of |F_i|."""
    occurrences = int(sets.sizes[positions].sum())
    return 1.0 - int(np.count_nonzero(covered_features(sets, positions))) / occurrences if occurrences else 0.0


def entropy(counts: np.ndarray) -> float:
    """Entropy of the counts divided by its maximum, 0..1 (1.0 for a single cluster)."""
    total = int(counts.sum())
    if len(counts) < 2 or total == 0:
        return 1.0
    shares = counts[counts > 0] / total
    return max(0.0, float(-(shares * np.log(shares)).sum()) / math.log(len(counts)))


def jaccard(a: Ints, b: Ints) -> float:
    """Samples in both selections as a share of those in either (1.0 for two empty ones)."""
    both = len(np.intersect1d(a, b))
    either = len(np.union1d(a, b))
    return both / either if either else 1.0


def seed_stability(selections: Sequence[Ints]) -> float:
    """Mean Jaccard similarity of the selections of different seeds (1.0 for fewer than two)."""
    overlaps = [jaccard(a, b) for a, b in itertools.combinations(selections, 2)]
    return float(np.mean(overlaps)) if overlaps else 1.0
