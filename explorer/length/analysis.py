"""The longest-response analysis: how far response length determines the number of active features |F_i|.

`Inputs` and `Counts` are read and counted once. Everything else is a function of them at one stop of the threshold: the
command line calls `analyse` for one threshold, and the Length page caches each function and looks up stop after stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from explorer.features.sets import FeatureSets
from explorer.length import statistics
from explorer.length.coverage import Coverage, measure_coverage
from explorer.length.fits import Fit, Outliers, Residuals, fit_linear, fit_saturating, residuals, trend
from explorer.length.statistics import Correlations, Estimate, Floats, Grouped, Groups, Ints, generator
from explorer.progress import Progress, silent

UNITS = ("tokens", "characters", "log of tokens")
Repetition = Callable[[Ints], Floats]  # sample ids -> repetition score of their responses, 1 for no repetition
_READ = 2_000  # outliers, farthest first, that are read for repetition
_REPEATS = 0.5  # repetition score below which a response repeats itself


@dataclass(frozen=True)
class Inputs:
    """Response length of each sample [N], and its group by factor (source, cluster)."""

    tokens: Ints
    characters: Ints
    groups: dict[str, Groups]

    def length(self, unit: str = "tokens") -> Floats:
        """Response length in one of `UNITS`; the logarithm is log(1 + tokens)."""
        length = (self.characters if unit == "characters" else self.tokens).astype(np.float64)
        return np.log1p(length) if unit == "log of tokens" else length


@dataclass(frozen=True)
class Counts:
    """|F_i| of every sample at every stop of the threshold, int32 [T, N], of the features of `segment`.

    Curves run over the first stops, `grid`; a threshold between two of them is one more stop at the end.
    """

    segment: str
    thresholds: Floats
    counts: NDArray[np.int32]
    grid: int

    @classmethod
    def of(cls, sets: FeatureSets, segment: str, default: float, *, threshold: float | None = None) -> Counts:
        """Count at every stop of the default grid, and at `threshold`; `sets` holds every activation above 0."""
        grid = statistics.default_thresholds(sets, default)
        between = [] if threshold is None or threshold in grid else [threshold]
        thresholds = np.append(grid, between)
        counts = sets.sizes_above(thresholds)
        counts.flags.writeable = False
        return cls(segment, thresholds, counts, len(grid))

    def stop(self, threshold: float) -> int:
        """Return the stop nearest to a threshold."""
        return int(np.argmin(np.abs(self.thresholds - threshold)))


@dataclass(frozen=True)
class Shape:
    """|F_i| as a function of response tokens at one stop: the line through all samples, the trend, and the outliers."""

    linear: Fit
    trend: Fit
    residuals: Residuals
    outliers: Outliers


@dataclass(frozen=True)
class Stop:
    """What the analysis looks up at one stop; `correlations` are of length in `unit`, at every stop."""

    inputs: Inputs
    counts: Counts
    stop: int
    unit: str
    correlations: Correlations
    shape: Shape

    @property
    def threshold(self) -> float:
        """The threshold of this stop."""
        return float(self.counts.thresholds[self.stop])

    @property
    def features(self) -> NDArray[np.int32]:
        """|F_i| of every sample [N]."""
        return self.counts.counts[self.stop]

    @property
    def pearson(self) -> Estimate:
        """Pearson r of length and |F_i|."""
        return self.correlations.overall[self.stop]

    @property
    def grouped(self) -> dict[str, Grouped]:
        """Correlation within the groups of each factor."""
        return {factor: steps[self.stop] for factor, steps in self.correlations.grouped.items()}

    def r_curve(self, end: Literal["value", "low", "high"]) -> Floats:
        """Pearson r, or an end of its interval, at every stop."""
        return np.array([getattr(estimate, end) for estimate in self.correlations.overall])

    def partial_curves(self) -> dict[str, Floats]:
        """Partial r given each factor, at every stop."""
        grouped = self.correlations.grouped
        return {factor: np.array([step.partial.value for step in steps]) for factor, steps in grouped.items()}

    def group_curve(self, factor: str, code: int, end: Literal["value", "low", "high"]) -> Floats:
        """Pearson r within one group, or an end of its interval, at every stop."""
        return np.array([getattr(step.each[code], end) for step in self.correlations.grouped[factor]])


@dataclass(frozen=True)
class Core:
    """Pearson r of the samples that are not outliers, overall and within groups."""

    pearson: Estimate
    grouped: dict[str, Grouped]


@dataclass(frozen=True)
class Analysis:
    """The whole analysis at one threshold; `core` is there where outliers hide the relation of the other samples."""

    at: Stop
    spearman: Estimate
    rank_curve: Floats
    saturating: Fit
    outliers: Outliers
    core: Core | None
    coverage: Coverage


def correlate(inputs: Inputs, counts: Counts, unit: str = "tokens", *, seed: int = 0) -> Correlations:
    """Pearson r with its interval at every stop: overall, given each factor, within each group."""
    codes = {factor: groups.codes for factor, groups in inputs.groups.items()}
    return statistics.correlations(inputs.length(unit), counts.counts, codes, rng=generator(seed, 0))


def rank_correlation(inputs: Inputs, counts: Counts, stop: int, unit: str = "tokens", *, seed: int = 0) -> Estimate:
    """Spearman's rho with its interval at one stop."""
    return statistics.spearman(inputs.length(unit), counts.counts[stop], rng=generator(seed, 0))


def rank_curve(inputs: Inputs, counts: Counts) -> Floats:
    """Spearman's rho of response tokens at every stop, without intervals."""
    return statistics.rank_correlations(inputs.tokens, counts.counts)


def shape(inputs: Inputs, counts: Counts, stop: int) -> Shape:
    """Fit |F_i| against response tokens at one stop, and find the outliers."""
    x, y = inputs.length(), counts.counts[stop].astype(np.float64)
    typical = trend(x, y)
    distances = residuals(x, y, typical)
    return Shape(fit_linear(x, y), typical, distances, Outliers.of(x, y, distances))


def with_repetition(shape: Shape, repetition: Repetition) -> Outliers:
    """Count how many of the feature-poor outliers repeat themselves."""
    ids = shape.residuals.feature_poor[:_READ]
    return replace(shape.outliers, read=len(ids), repeat=int((repetition(ids) < _REPEATS).sum()))


def complete(
    at: Stop, sets: FeatureSets, *, ranks: tuple[Estimate, Floats], outliers: Outliers, seed: int = 0
) -> Analysis:
    """Add to a stop in tokens what takes longer than a look-up.

    Args:
        at: The stop.
        sets: The feature sets above its threshold.
        ranks: `rank_correlation` at the stop, and `rank_curve`.
        outliers: `with_repetition` at the stop.
        seed: Of resamples and random selections.
    """
    x, y = at.inputs.length(), at.features.astype(np.float64)
    core = None
    if outliers.hide(at.pearson.value):
        inliers = at.shape.residuals.inliers
        codes = {factor: groups.codes[inliers] for factor, groups in at.inputs.groups.items()}
        inside = statistics.correlations(x[inliers], y[inliers], codes, rng=generator(seed, 1))
        core = Core(inside.overall[0], {factor: steps[0] for factor, steps in inside.grouped.items()})
    coverage = measure_coverage(sets, at.inputs.tokens, seed=seed)
    return Analysis(at, *ranks, fit_saturating(x, y), outliers, core, coverage)


def analyse(
    inputs: Inputs,
    sets: FeatureSets,
    counts: Counts,
    threshold: float,
    repetition: Repetition,
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> Analysis:
    """Analyse one threshold, from `sets` of every activation above 0 and their `counts`."""
    stop = counts.stop(threshold)
    progress("length", 1, 5, "correlations")
    correlations = correlate(inputs, counts, seed=seed)
    progress("length", 2, 5, "ranks")
    ranks = rank_correlation(inputs, counts, stop, seed=seed), rank_curve(inputs, counts)
    progress("length", 3, 5, "fits")
    at = Stop(inputs, counts, stop, "tokens", correlations, shape(inputs, counts, stop))
    outliers = with_repetition(at.shape, repetition)
    progress("length", 4, 5, "coverage")
    analysis = complete(at, sets.above(threshold), ranks=ranks, outliers=outliers, seed=seed)
    progress("length", 5, 5, "")
    return analysis
