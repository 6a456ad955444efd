"""Cached reads of the Length page: one pass over the features of a segment, then look-ups only."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from explorer.length import analysis
from explorer.length.analysis import Counts, Inputs, Shape, Stop
from explorer.length.fits import Outliers
from explorer.length.result import LengthResult
from explorer.length.statistics import Correlations, Estimate, Floats, Groups
from explorer.queries.sets import feature_sets
from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.ui.map import reads as map_reads


def at(view: View, threshold: float, segment: str, unit: str) -> Stop:
    """Look up the stop nearest to a threshold; what this segment and unit still lack is computed first."""
    counted = counts(view, segment)
    stop = counted.stop(threshold)
    return Stop(inputs(view), counted, stop, unit, correlations(view, segment, unit), shape(view, segment, stop))


@cached("samples", "activations", "clusters", entries=4)
def inputs(view: View) -> Inputs:
    """Response lengths and groups of every row."""
    from explorer.pipeline.length import read

    return read(view)


@cached("samples", "activations", entries=4, spinner="Counting the features of every row at every threshold …")
def counts(view: View, segment: str) -> Counts:
    """Feature counts of every row at every stop of the slider."""
    return Counts.of(feature_sets(view, threshold=0.0, segment=segment), segment, view.threshold)


@cached("samples", "activations", "clusters", entries=9, spinner="Resampling for the intervals …")
def correlations(view: View, segment: str, unit: str) -> Correlations:
    """Correlations with intervals at every stop: overall, given a factor, within each group."""
    return analysis.correlate(inputs(view), counts(view, segment), unit)


@cached("samples", "activations", entries=6)
def rank_curve(view: View, segment: str) -> Floats:
    """Spearman's rho at every stop of the slider."""
    return analysis.rank_curve(inputs(view), counts(view, segment))


def rank_correlation(view: View, segment: str, stop: int, unit: str) -> Estimate:
    """Spearman's rho with its interval at one stop; tokens and their logarithm have the same ranks."""
    return _rank_correlation(view, segment, stop, "characters" if unit == "characters" else "tokens")


@cached("samples", "activations", entries=256)
def _rank_correlation(view: View, segment: str, stop: int, unit: str) -> Estimate:
    return analysis.rank_correlation(inputs(view), counts(view, segment), stop, unit)


@cached("samples", "activations", entries=128)
def shape(view: View, segment: str, stop: int) -> Shape:
    """Fits, residuals and outliers at one stop; length is in tokens."""
    return analysis.shape(inputs(view), counts(view, segment), stop)


@cached("samples", "activations", entries=128)
def outliers(view: View, segment: str, stop: int) -> Outliers:
    """Outliers at one stop, with how many of the long ones repeat themselves: their responses are read."""
    from explorer.pipeline.length import repetition

    return analysis.with_repetition(shape(view, segment, stop), lambda ids: repetition(view, ids))


@cached("samples", "activations", "clusters", entries=8, spinner="Comparing selections …")
def result(view: View, segment: str, stop: int) -> LengthResult:
    """The whole analysis at one stop, as JSON values."""
    here = at(view, float(counts(view, segment).thresholds[stop]), segment, "tokens")
    sets = feature_sets(view, threshold=here.threshold, segment=segment)
    ranks = rank_correlation(view, segment, stop, "tokens"), rank_curve(view, segment)
    return LengthResult.of(analysis.complete(here, sets, ranks=ranks, outliers=outliers(view, segment, stop)))


def largest_first(view: View, factor: str) -> Groups | None:
    """The groups of a factor, numbered by size; None for a factor with one group."""
    groups = inputs(view).groups.get(factor)
    return None if groups is None else groups.largest_first()


@cached("samples", entries=2)
def drawn(view: View, most: int) -> np.ndarray:
    """An even sample of the rows, ascending: those that a scatter of at most `most` points shows."""
    return np.sort(np.random.default_rng(0).permutation(view.rows)[:most])


@cached("samples", "activations", entries=2)
def carried(view: View, most: int) -> pa.Table:
    """Lengths and first words of the rows that a scatter of at most `most` points shows; `id` where not of all rows."""
    lengths = {name: inputs(view).length(name).astype(np.int32) for name in ("tokens", "characters")}
    first_words = map_reads.words(view)
    if view.rows <= most:
        return pa.table({**lengths, "words": first_words})
    ids = drawn(view, most)
    chosen = {name: length[ids] for name, length in lengths.items()}
    return pa.table({**chosen, "words": first_words.take(pa.array(ids)), "id": ids.astype(np.int32)})
