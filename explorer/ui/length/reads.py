"""Cached results of the Length page: one pass over the features a segment, then only look-ups."""

# ruff: noqa: ARG001

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.length import statistics
from explorer.length.fits import Fit, Residuals, fit_linear, residuals, trend
from explorer.length.summary import OffTrend
from explorer.queries import columns
from explorer.queries.sets import feature_sets
from explorer.ui import cache
from explorer.ui.context import View
from explorer.ui.length import numbers
from explorer.ui.length.numbers import Grid
from explorer.ui.map import reads as map_reads

if TYPE_CHECKING:
    from explorer.pipeline.length import LengthResult

Key = tuple[Any, ...]
Factors = dict[str, tuple[np.ndarray, list[str]]]


def grid(view: View, segment: str) -> Grid:
    """Feature counts of every row at every stop of the slider."""
    return _grid(view, view.key("samples", "activations"), segment)


@st.cache_resource(max_entries=4, show_spinner="Counting the features of every row at every threshold …")
def _grid(_view: View, key: Key, segment: str) -> Grid:
    assert _view.activations is not None
    sets = feature_sets(_view, threshold=0.0, segment=segment)
    return numbers.grid(sets, _view.threshold)


def lengths(view: View, unit: str) -> np.ndarray:
    """Response length of every row, float64 [N], in a unit."""
    return _lengths(view, view.key("samples", "activations"), unit)


@st.cache_resource(max_entries=6, show_spinner=False)
def _lengths(_view: View, key: Key, unit: str) -> np.ndarray:
    table = cache.lengths(_view)
    tokens, characters = (
        table[name].fill_null(0).to_numpy().astype(float) for name in ("response_tokens", "response_chars")
    )
    return numbers.in_unit(tokens, characters, unit)


def factors(view: View) -> Factors:
    """Source and cluster: the group of each row, largest first, and the names. Only those with more than one group."""
    return _factors(view, view.key("samples", "clusters"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _factors(_view: View, key: Key) -> Factors:
    found: Factors = {}
    names = [source or "" for source in cache.lengths(_view)["source"].to_pylist()]
    found["source"] = statistics.by_size(*statistics.codes_of(names))
    if _view.clusters is not None:
        cards = cache.cluster_cards(_view)
        numbers = np.array(cards["cluster"].to_pylist())
        titles = [""] * (int(numbers.max(initial=-1)) + 1)
        for number, name in zip(numbers.tolist(), cards["name"].to_pylist(), strict=True):
            titles[number] = str(name)
        found["cluster"] = statistics.by_size(cache.cluster_of(_view).astype(np.int64), titles)
    return {factor: groups for factor, groups in found.items() if len(groups[1]) > 1}


def quality(view: View) -> np.ndarray:
    """Newest quality score of every row, float64 [N]; NaN where it is missing."""
    return _quality(view, view.key("samples", "quality"))


@st.cache_resource(max_entries=2, show_spinner=False)
def _quality(_view: View, key: Key) -> np.ndarray:
    return columns.quality(_view)


def along(view: View, segment: str, unit: str) -> statistics.Along:
    """Correlations with intervals at every stop of the slider: overall, given a group, inside each group."""
    return _along(view, view.key("samples", "activations", "clusters"), segment, unit)


@st.cache_resource(max_entries=9, show_spinner="Resampling for the intervals …")
def _along(_view: View, key: Key, segment: str, unit: str) -> statistics.Along:
    codes = {factor: groups[0] for factor, groups in factors(_view).items()}
    return statistics.along(lengths(_view, unit), grid(_view, segment).counts, codes, rng=np.random.default_rng([0, 0]))


def rank_curve(view: View, segment: str) -> np.ndarray:
    """Spearman's rho at every stop of the slider."""
    return _rank_curve(view, view.key("samples", "activations"), segment)


@st.cache_resource(max_entries=6, show_spinner=False)
def _rank_curve(_view: View, key: Key, segment: str) -> np.ndarray:
    return statistics.rank_correlations(lengths(_view, "tokens"), grid(_view, segment).counts)


def spearman(view: View, segment: str, stop: int, unit: str) -> statistics.Estimate:
    """Spearman's rho with its interval at one stop; ranks of tokens are those of their logarithm."""
    ranked = "characters" if unit == "characters" else "tokens"
    return _spearman(view, view.key("samples", "activations"), segment, stop, ranked)


@st.cache_resource(max_entries=256, show_spinner=False)
def _spearman(_view: View, key: Key, segment: str, stop: int, unit: str) -> statistics.Estimate:
    counts = grid(_view, segment).counts[stop]
    return statistics.spearman(lengths(_view, unit), counts, rng=np.random.default_rng([0, 0]))


def off_trend(view: View, segment: str, stop: int) -> tuple[Fit, Fit, Residuals, OffTrend]:
    """Return the line, the trend of most rows, which rows are off it, and r without them; tokens are the length."""
    return _off_trend(view, view.key("samples", "activations"), segment, stop)


@st.cache_resource(max_entries=128, show_spinner=False)
def _off_trend(_view: View, key: Key, segment: str, stop: int) -> tuple[Fit, Fit, Residuals, OffTrend]:
    from explorer.pipeline.length import without

    x, y = lengths(_view, "tokens"), grid(_view, segment).counts[stop].astype(float)
    usual = trend(x, y)
    far = residuals(x, y, usual)
    return fit_linear(x, y), usual, far, without(x, y, far)


def repeating(view: View, segment: str, stop: int) -> OffTrend:
    """Return the same with how many of the long rows off the trend repeat themselves: their responses are read."""
    return _repeating(view, view.key("samples", "activations"), segment, stop)


@st.cache_resource(max_entries=128, show_spinner=False)
def _repeating(_view: View, key: Key, segment: str, stop: int) -> OffTrend:
    from explorer.pipeline.length import off_trend as count

    x, y = lengths(_view, "tokens"), grid(_view, segment).counts[stop].astype(float)
    return count(_view.store, x, y, off_trend(_view, segment, stop)[2])


def drawn(view: View, most: int) -> np.ndarray:
    """Return an even share of the rows, ascending: those that a scatter of at most `most` points shows."""
    return _drawn(view, view.key("samples"), most)


@st.cache_resource(max_entries=2, show_spinner=False)
def _drawn(_view: View, key: Key, most: int) -> np.ndarray:
    return np.sort(np.random.default_rng(0).permutation(_view.rows)[:most])


def carried(view: View, most: int) -> pa.Table:
    """Lengths and first words of the rows that a scatter of at most `most` points shows; `id` where not of all rows."""
    return _carried(view, view.key("samples", "activations"), most)


@st.cache_resource(max_entries=2, show_spinner=False)
def _carried(_view: View, key: Key, most: int) -> pa.Table:
    columns = {"tokens": lengths(_view, "tokens"), "characters": lengths(_view, "characters")}
    said = map_reads.words(_view)
    if _view.rows <= most:
        return pa.table({**{name: column.astype(np.int32) for name, column in columns.items()}, "words": said})
    ids = drawn(_view, most)
    lengths_of = {name: column[ids].astype(np.int32) for name, column in columns.items()}
    return pa.table({**lengths_of, "words": said.take(pa.array(ids)), "id": ids.astype(np.int32)})


def analysis(view: View, threshold: float, segment: str) -> LengthResult:
    """Return the whole length analysis at a threshold."""
    return _analysis(view, view.key("samples", "activations", "clusters"), round(threshold, 6), segment)


@st.cache_resource(max_entries=8, show_spinner="Resampling, fitting, comparing choices …")
def _analysis(_view: View, key: Key, threshold: float, segment: str) -> LengthResult:
    from explorer.pipeline.length import length as analyse

    return analyse(_view.store, threshold=threshold, segment=segment)
