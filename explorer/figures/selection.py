"""Figures of selections: coverage by budget, gain per pick, and how the picks differ from the pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme

MAX_POINTS = 1_200  # of a curve; more cannot be seen


@dataclass(frozen=True)
class Line:
    """One coverage curve: `share` float [n] after 1..n picks, in a method's colour; `dash` tells runs of one apart."""

    name: str
    method: str
    share: np.ndarray
    dash: str = "solid"


@dataclass(frozen=True)
class Band:
    """Coverage of one selection over several seeds: the lowest and highest `share` after 1..n picks, float [n]."""

    name: str
    method: str
    low: np.ndarray
    high: np.ndarray


def thinned(n: int) -> np.ndarray:
    """At most `MAX_POINTS` places in 0..n-1, dense at the start, both ends among them."""
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
) -> go.Figure:
    """Share of the pool's features covered, by rows selected (log scale).

    `bound` is (rows, share): no subset of that many rows covers more. `marks` are (rows, name, reason);
    `bands` are drawn behind the lines.
    """
    fig = theme.figure(height=height, x="rows selected (log scale)", y="features covered", legend=True)
    if bound is not None:
        fig.add_trace(
            go.Scatter(
                x=bound[0],
                y=bound[1],
                mode="lines",
                name="most that any subset could cover",
                line={"color": theme.TEXT_MUTED, "width": 1.2, "dash": "dot"},
                hovertemplate="no %{x:,} rows cover more than %{y:.2%}<extra></extra>",
            )
        )
    for band in bands:
        _band(fig, band)
    for line in lines:
        at = thinned(len(line.share))
        fig.add_trace(
            go.Scatter(
                x=at + 1,
                y=line.share[at],
                mode="lines",
                name=theme.plain(line.name, 40),
                line={"color": theme.method_colour(line.method), "width": 2.4, "dash": line.dash},
                hovertemplate=f"<b>{theme.plain(line.name, 40)}</b><br>%{{x:,}} rows cover %{{y:.2%}}<extra></extra>",
            )
        )
    longest = max((len(line.share) for line in lines), default=1)
    _marks(fig, marks, longest)
    if budget is not None and lines:
        y = float(lines[0].share[min(budget, len(lines[0].share)) - 1])
        fig.add_vline(x=budget, line={"width": 2, "color": theme.ACCENT})
        fig.add_trace(
            go.Scatter(
                x=[budget],
                y=[y],
                mode="markers",
                marker={"color": theme.ACCENT, "size": 11},
                showlegend=False,
                hovertemplate="budget %{x:,} rows<br>covers %{y:.2%}<extra></extra>",
            )
        )
    fig.update_xaxes(type="log", range=[0, np.log10(max(10, longest)) + 0.02], dtick=1, tickformat=",d")
    fig.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return fig


def _band(fig: go.Figure, band: Band) -> None:
    at = thinned(len(band.low))
    outline = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    fig.add_trace(go.Scatter(x=at + 1, y=band.high[at], **outline))
    colour = theme.method_colour(band.method)
    fig.add_trace(go.Scatter(x=at + 1, y=band.low[at], fill="tonexty", fillcolor=_faint(colour), **outline))


def _faint(colour: str) -> str:
    """A hex colour at a fifth of its strength."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.2)"


def _marks(fig: go.Figure, marks: Sequence[tuple[int, str, str]], longest: int) -> None:
    """Budgets that suggest themselves: a thin line each, its name at the foot (one of two that would overlap)."""
    room = np.log10(max(10, longest)) / 42  # how far names must lie apart
    last = -room
    for rows, name, reason in marks:
        fig.add_vline(x=rows, line={"width": 1, "color": theme.FAINT})
        place = float(np.log10(rows))  # annotations on a log axis are placed by exponent
        if place - last < room:
            continue
        last = place
        fig.add_annotation(
            x=place,
            y=0.02,
            yref="paper",
            text=name,
            textangle=-90,
            showarrow=False,
            xanchor="right",
            yanchor="bottom",
            hovertext=f"{rows:,} rows: {reason}",
            font={"size": 10, "color": theme.TEXT_MUTED},
        )


def gains(gain: np.ndarray, *, budget: int, unit: str, height: int = 230) -> go.Figure:
    """Return what each pick added: those within the budget in the accent, the rest grey (log scale of picks)."""
    fig = theme.figure(height=height, x="pick (log scale)", y=unit)
    for part, colour in ((slice(None, budget), theme.ACCENT), (slice(max(0, budget - 1), None), theme.POOL)):
        picks = np.arange(1, len(gain) + 1)[part]
        values = gain[part]
        at = thinned(len(picks))
        fig.add_trace(
            go.Scatter(
                x=picks[at],
                y=values[at],
                mode="lines",
                line={"color": colour, "width": 1.6, "shape": "hv"},
                hovertemplate="pick %{x:,} added %{y:,.4g}<extra></extra>",
            )
        )
    fig.update_xaxes(type="log", range=[0, np.log10(max(10, len(gain))) + 0.02], dtick=1, tickformat=",d")
    fig.update_yaxes(rangemode="tozero")
    return fig


def length_profile(
    pool: np.ndarray, picks: Sequence[tuple[str, str, np.ndarray]], *, legend: bool = True, height: int = 230
) -> go.Figure:
    """Response lengths of the pool (grey area) and of selections (name, colour, tokens), as shares of their rows."""
    fig = theme.figure(height=height, x="response length (tokens)", y="share of rows", legend=legend)
    top = max(1.0, float(np.quantile(pool, 0.995)) if len(pool) else 1.0)
    fewest = min((len(values) for _, _, values in picks), default=len(pool))
    edges = np.linspace(0, top, 13 if fewest < 60 else 21 if fewest < 300 else 36)
    middle = (edges[:-1] + edges[1:]) / 2

    def share(values: np.ndarray) -> np.ndarray:
        counts, _ = np.histogram(np.minimum(values, top), bins=edges)
        return counts / max(1, len(values))

    fig.add_trace(
        go.Scatter(
            x=middle,
            y=share(pool),
            mode="lines",
            name="pool",
            fill="tozeroy",
            line={"color": theme.POOL_SOLID, "width": 1, "shape": "hvh"},
            fillcolor=theme.FAINT,
            hovertemplate="pool: %{y:.1%} at about %{x:,.0f} tokens<extra></extra>",
        )
    )
    for name, colour, values in picks:
        shown = theme.plain(name, 30)
        fig.add_trace(
            go.Scatter(
                x=middle,
                y=share(values),
                mode="lines",
                name=shown,
                line={"color": colour, "width": 2, "shape": "hvh"},
                hovertemplate=f"{shown}: %{{y:.1%}} at about %{{x:,.0f}} tokens<extra></extra>",
            )
        )
    fig.update_yaxes(tickformat="~%", rangemode="tozero")
    return fig


def cluster_profile(
    names: Sequence[str],
    pool: np.ndarray,
    picks: Sequence[tuple[str, str, np.ndarray]],
    *,
    limit: int = 15,
    legend: bool = True,
    height: int | None = None,
) -> go.Figure:
    """Share of each cluster in the pool (grey bar) and in each selection (dot); the largest clusters, largest first."""
    order = np.argsort(-pool, kind="stable")[:limit]
    shown = [theme.plain(names[i], 26) + " " for i in order]
    fig = theme.figure(height=height or 96 + 24 * len(order), x="share of rows", legend=legend)
    fig.add_trace(
        go.Bar(
            x=pool[order],
            y=shown,
            orientation="h",
            name="pool",
            marker={"color": theme.POOL, "line": {"width": 0}},
            hovertemplate="%{y}<br>pool %{x:.1%}<extra></extra>",
        )
    )
    for name, colour, shares in picks:
        text = theme.plain(name, 30)
        fig.add_trace(
            go.Scatter(
                x=shares[order],
                y=shown,
                mode="markers",
                name=text,
                marker={"color": colour, "size": 9},
                cliponaxis=False,
                hovertemplate=f"%{{y}}<br>{text} %{{x:.1%}}<extra></extra>",
            )
        )
    fig.update_layout(bargap=0.42)
    fig.update_xaxes(tickformat="~%", rangemode="tozero")
    fig.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return fig


def overlap(names: Sequence[str], shared: np.ndarray, *, height: int | None = None) -> go.Figure:
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
            colorscale=[[0, "rgba(0,114,178,0.04)"], [1, "rgba(0,114,178,0.85)"]],
            showscale=False,
            hovertemplate="%{z:.1%} of <b>%{y}</b><br>is also in <b>%{x}</b><extra></extra>",
            xgap=2,
            ygap=2,
        )
    )
    for row, column in np.ndindex(shared.shape):
        value = float(shared[row, column])
        fig.add_annotation(
            x=column,
            y=row,
            text=f"{value:.0%}",
            showarrow=False,
            font={"color": "#FFFFFF" if value > 0.5 else theme.TEXT_MUTED},
        )
    fig.update_yaxes(autorange="reversed", showgrid=False, type="category")
    fig.update_xaxes(showgrid=False, type="category", side="top", tickangle=0)
    return fig
