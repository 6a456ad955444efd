"""Refinement: cluster weights over the iterations, and the rewards that moved them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme

_LIMIT = 3.0  # doublings: colours end at an eighth and at eight times the starting weight
_BANDS = 6  # clusters of the ribbon with a colour of their own


def weights(names: Sequence[str], table: np.ndarray, *, height: int | None = None) -> go.Figure:
    """Heat map of each cluster's weight as a multiple of its start; table [iterations + 1, clusters], row 0 the start.

    Clusters are ordered by where they end, the one that lost most at the foot.
    """
    order = np.argsort(_change(table)[-1], kind="stable")
    change = _change(table)[:, order].T
    steps = ["start", *(f"after {i}" for i in range(1, len(table)))]
    shown = [theme.plain(names[i], 30) for i in order]
    hover = [
        [f"<b>{shown[r]}</b><br>{steps[c]}: weight {table[c, i]:.2%}" for c in range(len(table))]
        for r, i in enumerate(order)
    ]
    ticks = np.arange(-_LIMIT, _LIMIT + 1)
    fig = theme.figure(height=height or max(260, 19 * len(names) + 60), x="iteration")
    fig.add_trace(
        go.Heatmap(
            x=steps,
            y=list(range(len(order))),
            z=np.clip(change, -_LIMIT, _LIMIT),
            zmin=-_LIMIT,
            zmax=_LIMIT,
            colorscale=theme.scale(theme.DIVERGING),
            text=hover,
            hovertemplate="%{text}<extra></extra>",
            xgap=2,
            ygap=1,
            colorbar={
                "title": {"text": "weight / start (log scale)", "side": "right", "font": {"size": 11}},
                "tickvals": ticks,
                "ticktext": ["≤ ⅛", "¼", "½", "1", "2", "4", "≥ 8"],
                "thickness": 8,
                "outlinewidth": 0,
            },
        )
    )
    fig.update_yaxes(tickvals=list(range(len(order))), ticktext=shown, showgrid=False)
    fig.update_xaxes(showgrid=False, side="top")
    return fig


def _change(table: np.ndarray) -> np.ndarray:
    """log2 of weight / start; a weight of 0 is as low as the scale goes."""
    start = np.maximum(table[0], 1e-12)
    return np.log2(np.maximum(table, 1e-12) / start)


def ribbon(names: Sequence[str], table: np.ndarray, *, height: int = 340) -> go.Figure:
    """Stacked shares of the weight over the iterations: the clusters that changed most, and the rest in grey."""
    moved = np.argsort(-np.abs(table[-1] - table[0]), kind="stable")[:_BANDS]
    fig = theme.figure(height=height, x="iteration", y="share of the weight (%)", legend=True)
    x = list(range(len(table)))
    bands = [(theme.plain(names[i], 24), table[:, i], theme.CATEGORIES[k]) for k, i in enumerate(moved)]
    rest = 1.0 - table[:, moved].sum(axis=1)
    if len(names) > len(moved):
        bands.append((f"{len(names) - len(moved)} others", rest, theme.POOL_SOLID))
    for name, values, colour in bands:
        fig.add_trace(
            go.Scatter(
                x=x,
                y=100 * values,
                stackgroup="one",
                name=name,
                mode="lines",
                line={"width": 0.5, "color": colour},
                fillcolor=colour,
                hovertemplate=f"<b>{name}</b><br>after iteration %{{x}}: %{{y:.1f}} %<extra></extra>",
            )
        )
    fig.update_xaxes(tickvals=x, ticktext=["start", *map(str, x[1:])], showgrid=False)
    fig.update_yaxes(range=[0, 100])
    return fig


def rewards(by_iteration: Sequence[np.ndarray], *, height: int = 340) -> go.Figure:
    """How the rewards of each iteration's rows are spread (log scale): above 1 the data's answer is better."""
    fig = theme.figure(height=height, x="iteration", y="reward (log scale)")
    for number, values in enumerate(by_iteration, 1):
        fig.add_trace(
            go.Box(
                y=values[values > 0],
                name=str(number),
                boxpoints="all",
                jitter=0.5,
                pointpos=0,
                marker={"size": 3, "color": theme.CATEGORIES[0], "opacity": 0.5},
                line={"width": 1.2, "color": theme.TEXT_MUTED},
                fillcolor="rgba(0,0,0,0)",
                hovertemplate="reward %{y:.3g}<extra></extra>",
            )
        )
    fig.add_hline(y=1, line={"dash": "dot", "width": 1, "color": theme.TEXT_MUTED})
    fig.update_yaxes(type="log", exponentformat="none", dtick=1)
    fig.update_xaxes(showgrid=False, type="category")
    return fig


def growth(x: np.ndarray, y: np.ndarray, words: Sequence[str], taken: np.ndarray, *, height: int = 460) -> go.Figure:
    """The map with the rows `taken` (sample ids) in the accent over the pool in grey; hovering shows first words."""
    fig = theme.figure(height=height)
    pool = np.setdiff1d(np.arange(len(x)), taken)
    for rows, colour, opacity, size in ((pool, theme.POOL_SOLID, 0.3, 5), (taken, theme.ACCENT, 0.95, 7)):
        fig.add_trace(
            go.Scattergl(
                x=x[rows],
                y=y[rows],
                mode="markers",
                marker={"color": colour, "opacity": opacity, "size": size, "line": {"width": 0}},
                text=[theme.plain(words[int(i)], 80) for i in rows],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False, scaleanchor="x", scaleratio=1)
    return fig
