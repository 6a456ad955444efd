"""Cached results of the Length page: one pass over the features of a segment, then look-ups only."""

# ruff: noqa: ARG001

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.figures import theme
from explorer.length import analysis
from explorer.length.analysis import Counts, Inputs, Shape, Stop
from explorer.length.fits import Outliers
from explorer.length.result import LengthResult
from explorer.length.statistics import Correlations, Estimate, Floats, Groups
from explorer.queries.sets import feature_sets
from explorer.ui.context import View
from explorer.ui.map import reads as map_reads

Key = tuple[Any, ...]


def at(view: View, threshold: float, segment: str, unit: str) -> Stop:
    """Look up the stop nearest to a threshold; what this segment and unit still lack is computed first."""
    counted = counts(view, segment)
    stop = counted.stop(threshold)
    return Stop(inputs(view), counted, stop, unit, correlations(view, segment, unit), shape(view, segment, stop))


def inputs(view: View) -> Inputs:
    """Response lengths and groups of every row."""
    return _inputs(view, view.key("samples", "activations", "clusters"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _inputs(_view: View, key: Key) -> Inputs:
    from explorer.pipeline.length import read

    return read(_view)


def counts(view: View, segment: str) -> Counts:
    """Feature counts of every row at every stop of the slider."""
    return _counts(view, view.key("samples", "activations"), segment)


@st.cache_resource(max_entries=4, show_spinner="Counting the features of every row at every threshold …")
def _counts(_view: View, key: Key, segment: str) -> Counts:
    sets = feature_sets(_view, threshold=0.0, segment=segment)
    return Counts.of(sets, segment, _view.threshold)


def correlations(view: View, segment: str, unit: str) -> Correlations:
    """Correlations with intervals at every stop: overall, given a factor, within each group."""
    return _correlations(view, view.key("samples", "activations", "clusters"), segment, unit)


@st.cache_resource(max_entries=9, show_spinner="Resampling for the intervals …")
def _correlations(_view: View, key: Key, segment: str, unit: str) -> Correlations:
    return analysis.correlate(inputs(_view), counts(_view, segment), unit)


def rank_curve(view: View, segment: str) -> Floats:
    """Spearman's rho at every stop of the slider."""
    return _rank_curve(view, view.key("samples", "activations"), segment)


@st.cache_resource(max_entries=6, show_spinner=False)
def _rank_curve(_view: View, key: Key, segment: str) -> Floats:
    return analysis.rank_curve(inputs(_view), counts(_view, segment))


def rank_correlation(view: View, segment: str, stop: int, unit: str) -> Estimate:
    """Spearman's rho with its interval at one stop; tokens and their logarithm have the same ranks."""
    ranked = "characters" if unit == "characters" else "tokens"
    return _rank_correlation(view, view.key("samples", "activations"), segment, stop, ranked)


@st.cache_resource(max_entries=256, show_spinner=False)
def _rank_correlation(_view: View, key: Key, segment: str, stop: int, unit: str) -> Estimate:
    return analysis.rank_correlation(inputs(_view), counts(_view, segment), stop, unit)


def shape(view: View, segment: str, stop: int) -> Shape:
    """Fits, residuals and outliers at one stop; length is in tokens."""
    return _shape(view, view.key("samples", "activations"), segment, stop)


@st.cache_resource(max_entries=128, show_spinner=False)
def _shape(_view: View, key: Key, segment: str, stop: int) -> Shape:
    return analysis.shape(inputs(_view), counts(_view, segment), stop)


def outliers(view: View, segment: str, stop: int) -> Outliers:
    """Outliers at one stop, with how many of the long ones repeat themselves: their responses are read."""
    return _outliers(view, view.key("samples", "activations"), segment, stop)


@st.cache_resource(max_entries=128, show_spinner=False)
def _outliers(_view: View, key: Key, segment: str, stop: int) -> Outliers:
    from explorer.pipeline.length import repetition

    return analysis.with_repetition(shape(_view, segment, stop), lambda ids: repetition(_view, ids))


def result(view: View, segment: str, stop: int) -> LengthResult:
    """The whole analysis at one stop, as JSON values."""
    return _result(view, view.key("samples", "activations", "clusters"), segment, stop)


@st.cache_resource(max_entries=8, show_spinner="Comparing selections …")
def _result(_view: View, key: Key, segment: str, stop: int) -> LengthResult:
    here = at(_view, float(counts(_view, segment).thresholds[stop]), segment, "tokens")
    sets = feature_sets(_view, threshold=here.threshold, segment=segment)
    ranks = rank_correlation(_view, segment, stop, "tokens"), rank_curve(_view, segment)
    return LengthResult.of(analysis.complete(here, sets, ranks=ranks, outliers=outliers(_view, segment, stop)))


def largest_first(view: View, factor: str) -> Groups | None:
    """The groups of a factor, numbered by size; None for a factor with one group."""
    groups = inputs(view).groups.get(factor)
    return None if groups is None else groups.largest_first()


def words(view: View) -> list[str]:
    """First words of every row as a plot shows them on hover."""
    return _words(view, view.key("samples"))


@st.cache_resource(max_entries=2, show_spinner=False)
def _words(_view: View, key: Key) -> list[str]:
    return [theme.plain(text or "", 60) for text in map_reads.words(_view).to_pylist()]


def drawn(view: View, most: int) -> np.ndarray:
    """An even sample of the rows, ascending: those that a scatter of at most `most` points shows."""
    return _drawn(view, view.key("samples"), most)


@st.cache_resource(max_entries=2, show_spinner=False)
def _drawn(_view: View, key: Key, most: int) -> np.ndarray:
    return np.sort(np.random.default_rng(0).permutation(_view.rows)[:most])


def carried(view: View, most: int) -> pa.Table:
    """Lengths and first words of the rows that a scatter of at most `most` points shows; `id` where not of all rows."""
    return _carried(view, view.key("samples", "activations"), most)


@st.cache_resource(max_entries=2, show_spinner=False)
def _carried(_view: View, key: Key, most: int) -> pa.Table:
    lengths = {name: inputs(_view).length(name).astype(np.int32) for name in ("tokens", "characters")}
    first_words = map_reads.words(_view)
    if _view.rows <= most:
        return pa.table({**lengths, "words": first_words})
    ids = drawn(_view, most)
    chosen = {name: length[ids] for name, length in lengths.items()}
    return pa.table({**chosen, "words": first_words.take(pa.array(ids)), "id": ids.astype(np.int32)})
