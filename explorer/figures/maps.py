"""Figures beside the map: the number of clusters, and the share of a cluster in each selection."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from explorer.figures import theme, traces


def choose_k(
    ks: Sequence[int],
    silhouette: Sequence[float],
    inertia: Sequence[float],
    *,
    suggested: int,
    used: int,
    height: int = 300,
) -> theme.Figure:
    """Mean silhouette and inertia (share of the largest) by number of clusters; the suggested k and the one in use."""
    fig = theme.figure(height=height, x="number of clusters k (log scale)", y="mean silhouette", legend=True)
    relative = np.asarray(inertia) / max(max(inertia, default=1.0), 1e-12)
    curves = (
        ("mean silhouette (higher is better separated)", silhouette, theme.BLUE, "y", "circle", ".3f"),
        ("inertia, relative to the largest (lower is tighter)", relative, theme.ORANGE, "y2", "square", ".0%"),
    )
    for name, values, colour, axis, symbol, digits in curves:
        look = {"mode": "lines+markers", "marker": {"size": 7, "symbol": symbol}, "yaxis": axis}
        hover = f"k = %{{x}}<br>{name.split(' (')[0]} %{{y:{digits}}}"
        fig.add_trace(traces.curve(list(ks), list(values), {"color": colour}, name=name, hover=hover, **look))
    marks = [(suggested, f" suggested: {suggested}", "dash", theme.ACCENT, 0.03)]
    if used != suggested:
        marks.append((used, f" in use: {used}", "dot", theme.GREY, 0.12))
    for k, text, dash, colour, y in marks:
        fig.add_shape(theme.upright(k, dash=dash, color=colour))
        # annotations on a log axis are placed by exponent
        fig.add_annotation(theme.note(text, math.log10(k), y, xanchor="left", font={"size": 12, "color": colour}))
    fig.update_xaxes(type="log", tickvals=list(ks)[:: max(1, len(ks) // 12)])
    right = {"overlaying": "y", "side": "right", "rangemode": "tozero", "tickformat": ".0%", "dtick": 0.25}
    fig.update_layout(yaxis2={**right, "showgrid": False})
    return fig


def selection_shares(
    runs: Sequence[tuple[str, str, float]], share: float, *, height: int | None = None
) -> theme.Figure:
    """Share of a cluster among the picks of each selection (name, method, share), and its share of the data."""
    fig = theme.figure(height=height or 86 + 26 * len(runs), x="share of the selection's rows in this cluster")
    shares = [value for _, _, value in runs]
    fig.add_trace(
        traces.bars(
            [theme.plain(name, 30) for name, _, _ in runs],
            shares,
            [theme.method_colour(method) for _, method, _ in runs],
            text=[f"{value / share:.1f}×" if share else "" for value in shares],
            textposition="outside",
            cliponaxis=False,
            hover="%{y}<br>%{x:.1%} of its rows",
        )
    )
    fig.add_shape(theme.upright(share, dash="dot"))
    fig.add_annotation(theme.note(f"share of all rows: {share:.1%}", share, 1))
    fig.update_layout(bargap=0.4, margin={"t": 30})
    fig.update_xaxes(tickformat="~%", rangemode="tozero", range=[0, 1.25 * max([share, *shares])])
    theme.name_axis(fig)
    return fig
