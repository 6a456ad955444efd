"""Figures of selections: coverage by budget, gain per pick, and how the picks differ from the pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    shapes, annotations = _marks(marks, longest)
    if budget is not None and lines:
        y = float(lines[0].share[min(budget, len(lines[0].share)) - 1])
        shapes.append(_upright(budget, {"width": 2, "color": theme.ACCENT}))
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
    fig.update_layout(shapes=shapes, annotations=annotations)
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


def _upright(x: float, line: dict[str, Any]) -> dict[str, Any]:
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "y domain", "line": line}


def _marks(marks: Sequence[tuple[int, str, str]], longest: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Shapes and names of suggested budgets: a thin line each, its name at the foot (one of two that would overlap).

    As plain lists, set at once: adding lines one by one takes longer than drawing them.
    """
    room = np.log10(max(10, longest)) / 42  # how far names must lie apart
    last = -room
    shapes, names = [], []
    for rows, name, reason in marks:
        shapes.append(_upright(rows, {"width": 1, "color": theme.FAINT}))
        place = float(np.log10(rows))  # annotations on a log axis are placed by exponent
        if place - last < room:
            continue
        last = place
        names.append(
            {
                "x": place,
                "y": 0.02,
                "yref": "paper",
                "text": name,
                "textangle": -90,
                "showarrow": False,
                "xanchor": "right",
                "yanchor": "bottom",
                "hovertext": f"{rows:,} rows: {reason}",
                "font": {"size": 10, "color": theme.TEXT_MUTED},
            }
        )
    return shapes, names


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


def profile(
    pool: np.ndarray,
    picks: Sequence[tuple[str, str, np.ndarray]],
    *,
    x: str = "response length (tokens)",
    digits: int = 0,
    legend: bool = True,
    height: int = 230,
) -> go.Figure:
    """How a number is spread in the pool (grey area) and in selections (name, colour, values), as shares of their rows.

    The longest half percent of the pool stands in the last bin; missing values (NaN) are left out.
    """
    fig = theme.figure(height=height, x=x, y="share of rows", legend=legend)
    known = pool[~np.isnan(pool)] if pool.dtype.kind == "f" else pool
    top = float(np.quantile(known, 0.995)) if len(known) else 1.0
    low = min(0.0, float(known.min())) if len(known) else 0.0
    top = max(top, low + (1.0 if digits == 0 else 1e-6))
    fewest = min((len(values) for _, _, values in picks), default=len(pool))
    edges = np.linspace(low, top, 13 if fewest < 60 else 21 if fewest < 300 else 36)
    middle = (edges[:-1] + edges[1:]) / 2
    at = f"at about %{{x:,.{digits}f}}<extra></extra>"

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
            hovertemplate=f"pool: %{{y:.1%}} {at}",
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
                hovertemplate=f"{shown}: %{{y:.1%}} {at}",
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
    crowded = sum(map(len, shown)) > 44
    fig.update_xaxes(showgrid=False, type="category", side="top", tickangle=-25 if crowded else 0)
    return fig


def upset(
    names: Sequence[str],
    colours: Sequence[str],
    combinations: Sequence[tuple[tuple[bool, ...], int]],
    *,
    height: int | None = None,
) -> go.Figure:
    """Rows by exactly which of the selections hold them: a bar each, and under it a dot for every one that does."""
    k = len(names)
    fig = theme.figure(height=height or 190 + 26 * k)
    places = np.arange(len(combinations))
    fig.add_trace(
        go.Bar(
            x=places,
            y=[rows for _, rows in combinations],
            text=[f"{rows:,}" for _, rows in combinations],
            textposition="outside",
            cliponaxis=False,
            marker={"color": theme.POOL},
            yaxis="y2",
            hovertemplate="%{y:,} rows<extra></extra>",
        )
    )
    for place, (held, rows) in enumerate(combinations):
        inside = [i for i in range(k) if held[i]]
        said = " and ".join(theme.plain(names[i], 26) for i in inside)
        for group, shown in (([i for i in range(k) if not held[i]], False), (inside, True)):
            fig.add_trace(
                go.Scatter(
                    x=[place] * len(group),
                    y=group,
                    mode="markers+lines" if shown else "markers",
                    line={"color": theme.TEXT_MUTED, "width": 1.5},
                    marker={"size": 10, "color": [colours[i] for i in group] if shown else theme.FAINT},
                    hovertemplate=f"{rows:,} rows only in {said}<extra></extra>" if shown else None,
                    hoverinfo="skip" if not shown else None,
                )
            )
    split = 0.1 + 0.45 * min(1.0, k / 8)
    fig.update_layout(
        yaxis={
            "domain": [0, split],
            "tickvals": list(range(k)),
            "ticktext": [theme.plain(name, 26) for name in names],
            "range": [k - 0.5, -0.5],
            "showgrid": False,
        },
        yaxis2={"domain": [split + 0.06, 1], "title": {"text": "rows"}, "gridcolor": theme.FAINT, "zeroline": False},
    )
    fig.update_xaxes(showticklabels=False, showgrid=False, range=[-0.6, max(1, len(combinations)) - 0.4])
    return fig
