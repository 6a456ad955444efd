"""Figures of selections: coverage by budget, gain per pick, clusters, and shared rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme, traces
from explorer.figures.dataset import Group

MAX_POINTS = 1_200  # of a curve; more cannot be seen


@dataclass(frozen=True)
class Line:
    """One coverage curve: `share` float [n] after 1..n picks; `dash` separates selections of one method."""

    name: str
    method: str
    share: np.ndarray
    dash: str = "solid"


@dataclass(frozen=True)
class Band:
    """Coverage of one selection over several seeds: the lowest and highest `share` after 1..n picks, float [n]."""

    method: str
    low: np.ndarray
    high: np.ndarray


def thinned(n: int) -> np.ndarray:
    """Return at most `MAX_POINTS` positions in 0..n-1, dense at the start, both ends among them."""
    if n <= MAX_POINTS:
        return np.arange(n)
    return np.unique(np.round(np.geomspace(1, n, MAX_POINTS)).astype(int) - 1)


def coverage(
    lines: Sequence[Line],
    *,
    budget: int | None = None,
    bound: tuple[np.ndarray, np.ndarray] | None = None,
    marks: Sequence[tuple[int, str, str]] = (),
    bands: Sequence[Band] = (),
    height: int = 400,
) -> theme.Figure:
    """Share of the features covered, by rows selected (log scale).

    Args:
        lines: The curves.
        budget: Rows selected now, marked on the first curve.
        bound: (rows, share): no subset of that many rows covers more.
        marks: Suggested budgets: (rows, name, reason).
        bands: Drawn behind the curves.
        height: In pixels.
    """
    fig = theme.figure(height=height, x="rows selected (log scale)", y="features covered", legend=True)
    if bound is not None:
        line = {"color": theme.GREY, "width": 1.2, "dash": "dot"}
        hover = "no subset of %{x:,} rows covers more than %{y:.2%}"
        fig.add_trace(traces.curve(*bound, line, name="upper bound for any subset", hover=hover))
    for band in bands:
        at = thinned(len(band.low))
        fig.add_traces(traces.band(at + 1, band.low[at], band.high[at], theme.method_colour(band.method)))
    hover = theme.hover("%{fullData.name}", "%{x:,} rows cover %{y:.2%}")
    for curve in lines:
        at = thinned(len(curve.share))
        line = {"color": theme.method_colour(curve.method), "width": 2.4, "dash": curve.dash}
        fig.add_trace(traces.curve(at + 1, curve.share[at], line, name=curve.name, hover=hover))
    longest = max((len(curve.share) for curve in lines), default=1)
    shapes, names = _marks(marks, longest)
    if budget is not None and lines:
        share = float(lines[0].share[min(budget, len(lines[0].share)) - 1])
        shapes.append(theme.upright(budget, width=2, color=theme.ACCENT))
        marker = {"color": theme.ACCENT, "size": 11}
        fig.add_trace(traces.dots([budget], [share], marker, hover="budget: %{x:,} rows<br>covers %{y:.2%}"))
    fig.update_layout(shapes=shapes, annotations=names)
    theme.log_axis(fig, longest)
    fig.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return fig


def _marks(marks: Sequence[tuple[int, str, str]], longest: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the suggested budgets as shapes and annotations: a thin line each, its name at the foot.

    Of two names that would overlap only the first is written. Plain lists, set at once: adding lines one by one takes
    longer than drawing them.
    """
    room = np.log10(max(10, longest)) / 42  # distance between names
    last = -room
    shapes, names = [], []
    for rows, name, reason in marks:
        shapes.append(theme.upright(rows, width=1, color=theme.FAINT))
        place = float(np.log10(rows))  # annotations on a log axis are placed by exponent
        if place - last >= room:
            last = place
            text = {"textangle": -90, "xanchor": "right", "hovertext": f"{rows:,} rows: {reason}"}
            names.append(theme.note(name, place, 0.02, **text))
    return shapes, names


def gains(gain: np.ndarray, *, budget: int, unit: str, height: int = 230) -> theme.Figure:
    """Gain of each pick (log scale of picks): within the budget in the accent, beyond it grey."""
    fig = theme.figure(height=height, x="pick (log scale)", y=unit)
    picks = np.arange(1, len(gain) + 1)
    for part, colour in ((slice(None, budget), theme.ACCENT), (slice(max(0, budget - 1), None), theme.POOL)):
        at = thinned(len(picks[part]))
        line = {"color": colour, "width": 1.6, "shape": "hv"}
        fig.add_trace(traces.curve(picks[part][at], gain[part][at], line, hover="pick %{x:,} added %{y:,.4g}"))
    theme.log_axis(fig, len(gain))
    fig.update_yaxes(rangemode="tozero")
    return fig


def cluster_profile(
    names: Sequence[str],
    pool: np.ndarray,
    groups: Sequence[Group],
    *,
    limit: int = 15,
    legend: bool = True,
    height: int | None = None,
) -> theme.Figure:
    """Share of the rows in each cluster: all rows (grey bar) and each selection (dot); largest clusters first."""
    order = np.argsort(-pool, kind="stable")[:limit]
    shown = [theme.plain(names[i], 26) + " " for i in order]
    fig = theme.figure(height=height or 96 + 24 * len(order), x="share of rows", legend=legend)
    hover = "%{y}<br>%{fullData.name} %{x:.1%}"
    fig.add_trace(traces.bars(shown, pool[order], theme.POOL, name="all rows", hover=hover))
    for name, colour, shares in groups:
        fig.add_trace(traces.dots(shares[order], shown, {"color": colour}, hover=hover, name=name))
    fig.update_layout(bargap=0.42)
    fig.update_xaxes(tickformat="~%", rangemode="tozero")
    theme.name_axis(fig)
    return fig


def overlap(names: Sequence[str], shared: np.ndarray, *, height: int | None = None) -> theme.Figure:
    """Share of the row's selection that is also in the column's: `shared` float [k, k], 0 to 1."""
    shown = [theme.plain(name, 26) for name in names]
    fig = theme.figure(height=height or 140 + 44 * len(names))
    fig.add_trace(
        go.Heatmap(
            z=shared,
            x=shown,
            y=shown,
            zmin=0,
            zmax=1,
            colorscale=theme.scale([theme.translucent(theme.BLUE, opacity) for opacity in (0.04, 0.85)]),
            showscale=False,
            hovertemplate="%{z:.1%} of <b>%{y}</b><br>is also in <b>%{x}</b><extra></extra>",
            xgap=2,
            ygap=2,
        )
    )
    texts = []
    for (row, column), share in np.ndenumerate(shared):
        font = {"color": theme.LIGHT.background if share > 0.5 else theme.GREY}
        texts.append({"x": column, "y": row, "text": f"{share:.0%}", "showarrow": False, "font": font})
    fig.update_layout(annotations=texts)
    theme.name_axis(fig)
    crowded = sum(map(len, shown)) > 44
    fig.update_xaxes(showgrid=False, type="category", side="top", tickangle=-25 if crowded else 0)
    return fig


def upset(
    names: Sequence[str],
    colours: Sequence[str],
    combinations: Sequence[tuple[tuple[bool, ...], int]],
    *,
    height: int | None = None,
) -> theme.Figure:
    """UpSet plot: a bar for the rows in exactly one combination of selections, dots below it for its members."""
    k = len(names)
    shown = [theme.plain(name, 26) for name in names]
    fig = theme.figure(height=height or 190 + 26 * k)
    rows = [count for _, count in combinations]
    fig.add_trace(
        go.Bar(
            x=np.arange(len(rows)),
            y=rows,
            texttemplate="%{y:,}",
            textposition="outside",
            cliponaxis=False,
            marker={"color": theme.POOL},
            yaxis="y2",
            hovertemplate="%{y:,} rows<extra></extra>",
        )
    )
    for place, (members, count) in enumerate(combinations):
        inside = [i for i in range(k) if members[i]]
        outside = [i for i in range(k) if not members[i]]
        fig.add_trace(traces.dots([place] * len(outside), outside, {"size": 10, "color": theme.FAINT}))
        hover = f"{count:,} rows only in {' and '.join(shown[i] for i in inside)}"
        marker = {"size": 10, "color": [colours[i] for i in inside]}
        look = {"mode": "markers+lines", "marker": marker, "cliponaxis": False}
        line = {"color": theme.GREY, "width": 1.5}
        fig.add_trace(traces.curve([place] * len(inside), inside, line, hover=hover, **look))
    split = 0.1 + 0.45 * min(1.0, k / 8)
    labels = {"tickvals": list(range(k)), "ticktext": shown, "range": [k - 0.5, -0.5]}
    fig.update_layout(
        yaxis={"domain": [0, split], "showgrid": False, **labels},
        yaxis2=theme.axis("rows", domain=[split + 0.06, 1]),
    )
    fig.update_xaxes(showticklabels=False, showgrid=False, range=[-0.6, max(1, len(rows)) - 0.4])
    return fig
