"""A look-up at one stop of the threshold gives what the analysis of that threshold alone gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from explorer.features.sets import FeatureSets
from explorer.length import analysis
from explorer.length.analysis import UNITS, Counts, Inputs, Stop
from explorer.length.result import LengthResult
from explorer.length.statistics import Groups, Ints

N, DEFAULT = 300, 2.0


@pytest.fixture(scope="module")
def sets() -> FeatureSets:
    draw = np.random.default_rng(0)
    sizes = draw.integers(1, 60, N)
    rows = [np.sort(draw.choice(200, size, replace=False)).tolist() for size in sizes]
    return FeatureSets.from_rows(rows, 200, [draw.uniform(0.5, 9, size).tolist() for size in sizes])


@pytest.fixture(scope="module")
def inputs(sets: FeatureSets) -> Inputs:
    draw = np.random.default_rng(1)
    tokens = sets.sizes * 3 + draw.integers(0, 30, N)
    tokens[:6] += 400  # long and feature-poor
    sources = [f"source {i % 3}" for i in range(N)]
    return Inputs(tokens, 4 * tokens + draw.integers(0, 9, N), {"source": Groups.of(sources)})


def repetition(ids: Ints) -> np.ndarray:
    return np.where(ids % 2 == 0, 0.2, 0.9)


@pytest.mark.parametrize("threshold", [0.0, 1.3, DEFAULT, 4.0])
def test_a_stop_looked_up_in_the_grid_equals_the_analysis_of_its_threshold(
    sets: FeatureSets, inputs: Inputs, threshold: float
) -> None:
    grid = Counts.of(sets, "response", DEFAULT)
    stop = grid.stop(threshold)
    correlations = analysis.correlate(inputs, grid)
    at = Stop(inputs, grid, stop, "tokens", correlations, analysis.shape(inputs, grid, stop))
    ranks = analysis.rank_correlation(inputs, grid, stop), analysis.rank_curve(inputs, grid)
    outliers = analysis.with_repetition(at.shape, repetition)
    looked_up = analysis.complete(at, sets.above(at.threshold), ranks=ranks, outliers=outliers)
    counts = Counts.of(sets, "response", DEFAULT, threshold=threshold)
    alone = analysis.analyse(inputs, sets, counts, threshold, repetition)
    assert at.threshold == threshold and LengthResult.of(looked_up) == LengthResult.of(alone)


def test_a_threshold_between_the_stops_is_counted_exactly_and_added_once(sets: FeatureSets) -> None:
    grid = Counts.of(sets, "response", DEFAULT)
    between = Counts.of(sets, "response", DEFAULT, threshold=2.0301)
    assert between.grid == grid.grid == len(grid.thresholds) == len(between.thresholds) - 1
    assert np.array_equal(between.counts[:-1], grid.counts)
    expected = [int((sets.values[a:b] > 2.0301).sum()) for a, b in zip(sets.indptr, sets.indptr[1:], strict=False)]
    assert between.counts[between.stop(2.0301)].tolist() == expected
    assert len(Counts.of(sets, "response", DEFAULT, threshold=2.0).thresholds) == grid.grid


@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_is_correlated_at_every_stop(sets: FeatureSets, inputs: Inputs, unit: str) -> None:
    length = {"tokens": inputs.tokens, "characters": inputs.characters}.get(unit, np.log(1.0 + inputs.tokens))
    grid = Counts.of(sets, "response", DEFAULT)
    both = analysis.correlate(inputs, grid, unit)
    for stop in (0, grid.stop(DEFAULT), grid.stop(5.0)):
        assert both.overall[stop].value == pytest.approx(stats.pearsonr(length, grid.counts[stop])[0], abs=1e-9)


def test_the_curves_of_a_stop_are_those_of_every_stop(sets: FeatureSets, inputs: Inputs) -> None:
    grid = Counts.of(sets, "response", DEFAULT)
    at = Stop(inputs, grid, 3, "tokens", analysis.correlate(inputs, grid), analysis.shape(inputs, grid, 3))
    assert at.r_curve("low")[3] == at.pearson.low
    assert at.partial_curves()["source"][3] == at.grouped["source"].partial.value
    assert at.group_curve("source", 1, "high")[3] == at.grouped["source"].each[1].high


def test_repetition_is_read_for_the_feature_poor_outliers_only(sets: FeatureSets, inputs: Inputs) -> None:
    grid = Counts.of(sets, "response", DEFAULT)
    shape = analysis.shape(inputs, grid, grid.stop(DEFAULT))
    poor = shape.residuals.feature_poor
    read: list[int] = []

    def noted(ids: Ints) -> np.ndarray:
        read.extend(ids.tolist())
        return repetition(ids)

    outliers = analysis.with_repetition(shape, noted)
    assert set(range(6)) <= set(poor.tolist()) and read == poor.tolist()
    assert (outliers.read, outliers.repeat) == (len(poor), int((poor % 2 == 0).sum()))
