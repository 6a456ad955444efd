"""Figures beside the map: how many clusters, what a cluster is like, how much of it each selection takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme

# Scales of the map, on light and on dark ground: what is strong stands out from the ground in both.
MAGNITUDE = (
    ("#BFD9EA", "#6FAFD6", "#2A86BF", "#005C94", "#00304F"),
    ("#16405E", "#1F6A9C", "#3E9BD0", "#86C8EC", "#DDF2FF"),
)
ACTIVATION = (
    ("#F6CFAF", "#EBA46D", "#D55E00", "#A34800", "#6B2F00"),
    ("#6B3A14", "#A9541A", "#E8772E", "#F7A56A", "#FFE0C7"),
)
BINS = 32


def choose_k(
    ks: Sequence[int],
    silhouette: Sequence[float],
    inertia: Sequence[float],
    *,
    suggested: int,
    used: int,
    height: int = 300,
) -> go.Figure:
    """Mean silhouette and inertia by number of clusters (log axis), the suggestion and the k in use marked.

    `inertia` is shown as a share of the largest.
    """
    fig = theme.figure(height=height, x="number of clusters k (log scale)", y="mean silhouette", legend=True)
    share = np.asarray(inertia) / max(max(inertia, default=1.0), 1e-12)
    lines = (
        ("mean silhouette (higher: clusters stand apart)", silhouette, theme.CATEGORIES[0], "y", "circle", ".3f"),
        ("inertia, share of the largest (lower: tighter)", share, theme.CATEGORIES[1], "y2", "square", ".0%"),
    )
    for name, values, colour, axis, symbol, digits in lines:
        fig.add_trace(
            go.Scatter(
                x=list(ks),
                y=list(values),
                yaxis=axis,
                name=name,
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker={"size": 7, "symbol": symbol},
                hovertemplate=f"k = %{{x}}<br>{name.split('(')[0].strip()} %{{y:{digits}}}<extra></extra>",
            )
        )
    marks = [(suggested, f"suggested {suggested}", "dash")]
    if used != suggested:
        marks.append((used, f"in use {used}", "dot"))
    for k, text, dash in marks:
        colour = theme.ACCENT if dash == "dash" else theme.TEXT_MUTED
        fig.add_vline(x=k, line={"dash": dash, "width": 1.5, "color": colour})
        place = {"x": float(np.log10(k)), "y": 0.03 if dash == "dash" else 0.12, "yref": "paper", "showarrow": False}
        fig.add_annotation(text=f" {text}", xanchor="left", yanchor="bottom", font={"color": colour}, **place)
    fig.update_xaxes(type="log", tickvals=list(ks)[:: max(1, len(ks) // 12)])
    fig.update_layout(
        yaxis2={
            "overlaying": "y",
            "side": "right",
            "tickformat": ".0%",
            "showgrid": False,
            "rangemode": "tozero",
            "dtick": 0.25,
        }
    )
    return fig


def profile(
    every: np.ndarray, mine: np.ndarray, *, x: str, name: str, log: bool = False, height: int = 190
) -> go.Figure:
    """Distribution of a number over all rows (grey) and over some of them (accent line), as a share of each.

    NaN is left out; what lies beyond the 99.5 % quantile is counted in the last bin.
    """
    pool, some = every[np.isfinite(every)], mine[np.isfinite(mine)]
    fig = theme.figure(height=height, x=f"{x} (log scale)" if log else x)
    if not len(pool) or not len(some):
        return fig
    low, high = float(pool.min()), float(np.quantile(pool, 0.995))
    log = log and high > 0
    edges = (
        np.geomspace(max(low, 1.0), max(high, low + 1, 2.0), BINS)
        if log
        else np.linspace(low, max(high, low + 1e-9), BINS)
    )
    middles = (edges[1:] + edges[:-1]) / 2
    for values, label, colour, fill in ((pool, "all rows", theme.POOL, True), (some, name, theme.ACCENT, False)):
        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)
        fig.add_trace(
            go.Scatter(
                x=middles,
                y=counts / len(values),
                mode="lines",
                line={"shape": "hvh", "width": 0 if fill else 2, "color": colour},
                fill="tozeroy" if fill else None,
                fillcolor=theme.POOL,
                name=label,
                hovertemplate=f"{theme.plain(label, 30)}<br>%{{y:.1%}} at about %{{x:,.3~g}}<extra></extra>",
            )
        )
    fig.update_yaxes(tickformat=".0%", rangemode="tozero", nticks=4)
    fig.update_xaxes(type="log", dtick=1) if log else fig.update_xaxes(nticks=6)
    return fig


def selection_shares(runs: Sequence[tuple[str, str, float]], share: float, *, height: int | None = None) -> go.Figure:
    """Share of a cluster among the picks of each selection (name, method, share) against its share of the data."""
    shown = [theme.plain(name, 30) for name, _, _ in runs]
    fig = theme.figure(height=height or 86 + 26 * len(runs), x="share of the picks that are of this cluster")
    fig.add_trace(
        go.Bar(
            x=[value for _, _, value in runs],
            y=shown,
            orientation="h",
            marker={"color": [theme.method_colour(method) for _, method, _ in runs]},
            text=[f"{value / share:.1f} times" if share else "" for _, _, value in runs],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}<br>%{x:.1%} of its picks<extra></extra>",
        )
    )
    fig.add_vline(
        x=share,
        line={"dash": "dot", "width": 1.5, "color": theme.TEXT_MUTED},
        annotation={
            "text": f"of the data {share:.1%}",
            "yanchor": "bottom",
            "y": 1,
            "yref": "paper",
            "showarrow": False,
        },
    )
    fig.update_layout(bargap=0.4, margin={"t": 30})
    fig.update_xaxes(tickformat="~%", rangemode="tozero", range=[0, 1.25 * max([share, *(v for _, _, v in runs)])])
    fig.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return fig
