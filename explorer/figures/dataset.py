"""Figures of the dataset: lengths, sources, and how a group of rows differs from all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from explorer.figures import theme, traces

Group = tuple[str, str, np.ndarray]  # name, colour, values


def length_histogram(tokens: np.ndarray, *, unit: str = "tokens", height: int = 220) -> theme.Figure:
    """Response lengths of all rows with their median; the last bar holds what is above the 99.5th percentile."""
    fig = theme.figure(height=height, x=f"response length ({unit})", y="rows")
    if not len(tokens):
        return fig
    top = max(1.0, float(np.quantile(tokens, 0.995)))
    counts, edges = np.histogram(np.minimum(tokens, top), bins=40, range=(0, top))
    hover = f"%{{y:,}} rows<br>%{{customdata[0]:,.0f}} to %{{customdata[1]:,.0f}} {unit}"
    fig.add_trace(traces.histogram(edges, counts, theme.GREY, hover=hover))
    median = float(np.median(tokens))
    fig.add_shape(theme.upright(median, width=1))
    fig.add_annotation(theme.note(f"median {median:,.0f}", median, 1, yanchor="top", xanchor="left"))
    return fig


def bars(names: Sequence[str], values: Sequence[float], *, unit: str, height: int | None = None) -> theme.Figure:
    """Horizontal bars in the order given: rows by source, rows dropped by reason."""
    fig = theme.figure(height=height or 76 + 26 * len(names), x=unit)
    shown = [theme.plain(name or "(none)", 28) + " " for name in names]
    fig.add_trace(traces.bars(shown, values, theme.GREY, hover=f"<b>%{{y}}</b><br>%{{x:,}} {unit}"))
    theme.name_axis(fig)
    return fig


def distribution(
    pool: np.ndarray,
    groups: Sequence[Group],
    *,
    x: str,
    digits: int = 0,
    log: bool = False,
    legend: bool = False,
    height: int = 230,
) -> theme.Figure:
    """Distribution of a number over all rows (grey area) and over groups of rows (lines), as a share of each.

    The last bin holds what is above the 99.5th percentile of the pool; missing values (NaN) are left out.
    """
    known = pool[np.isfinite(pool)]
    log = log and len(known) > 0 and float(known.max()) > 0
    fig = theme.figure(height=height, x=f"{x} (log scale)" if log else x, y="share of rows", legend=legend)
    if not len(known):
        return fig
    present = [(name, colour, values[np.isfinite(values)]) for name, colour, values in groups]
    smallest = min((len(values) for _, _, values in present), default=len(known))
    edges = _edges(known, 13 if smallest < 60 else 21 if smallest < 300 else 36, digits=digits, log=log)
    middle = (edges[:-1] + edges[1:]) / 2
    hover = f"%{{fullData.name}}: %{{y:.1%}} at about %{{x:,.{digits}f}}"
    area = {"fill": "tozeroy", "fillcolor": theme.FAINT}
    line = {"color": theme.GREY, "width": 1, "shape": "hvh"}
    fig.add_trace(traces.curve(middle, _shares(known, edges), line, name="all rows", hover=hover, **area))
    for name, colour, values in present:
        line = {"color": colour, "width": 2, "shape": "hvh"}
        fig.add_trace(traces.curve(middle, _shares(values, edges), line, name=name, hover=hover))
    fig.update_yaxes(tickformat="~%", rangemode="tozero", nticks=5)
    if log:
        fig.update_xaxes(type="log", dtick=1)
    return fig


def _edges(values: np.ndarray, bins: int, *, digits: int, log: bool) -> np.ndarray:
    low, high = float(values.min()), float(np.quantile(values, 0.995))
    if log:
        return np.geomspace(max(low, 1.0), max(high, low + 1, 2.0), bins)
    low = min(0.0, low)
    return np.linspace(low, max(high, low + (1.0 if digits == 0 else 1e-6)), bins)


def _shares(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)
    return counts / max(1, len(values))
