"""Refinement: cluster weights by iteration, and the rewards that changed them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme, traces

_LIMIT = 3.0  # doublings: colours end at an eighth and at eight times the starting weight
_BANDS = 6  # clusters of the ribbon with a colour of their own


def weights(names: Sequence[str], table: np.ndarray, *, height: int | None = None) -> theme.Figure:
    """Heat map of each cluster's weight as a multiple of its start; table [iterations + 1, clusters], row 0 the start.

    Clusters are ordered by their final change; the one that lost most is at the bottom.
    """
    # log2 of weight / start; a weight of 0 is as low as the scale goes
    change = np.log2(np.maximum(table, 1e-12) / np.maximum(table[0], 1e-12))
    order = np.argsort(change[-1], kind="stable")
    steps = ["start", *(f"after {i}" for i in range(1, len(table)))]
    shown = [theme.plain(names[i], 30) for i in order]
    ticks = ["≤ ⅛", "¼", "½", "1", "2", "4", "≥ 8"]
    bar = theme.colour_bar("weight / start (log scale)", tickvals=np.arange(-_LIMIT, _LIMIT + 1), ticktext=ticks)
    fig = theme.figure(height=height or max(260, 19 * len(names) + 60), x="iteration")
    fig.add_trace(
        go.Heatmap(
            x=steps,
            y=list(range(len(order))),
            z=np.clip(change[:, order].T, -_LIMIT, _LIMIT),
            zmin=-_LIMIT,
            zmax=_LIMIT,
            colorscale=theme.scale(theme.DIVERGING),
            customdata=table[:, order].T,
            text=[[name] * len(table) for name in shown],
            hovertemplate="<b>%{text}</b><br>%{x}: weight %{customdata:.2%}<extra></extra>",
            xgap=2,
            ygap=1,
            colorbar=bar | {"len": 1, "title": {**bar["title"], "side": "right"}},
        )
    )
    fig.update_yaxes(tickvals=list(range(len(order))), ticktext=shown, showgrid=False)
    fig.update_xaxes(showgrid=False, side="top")
    return fig


def ribbon(names: Sequence[str], table: np.ndarray, *, height: int = 340) -> theme.Figure:
    """Stacked shares of the weight by iteration: the clusters that changed most, and the rest in grey."""
    fig = theme.figure(height=height, x="iteration", y="share of the total weight", legend=True)
    moved = np.argsort(-np.abs(table[-1] - table[0]), kind="stable")[:_BANDS]
    bands = [(names[int(i)], table[:, i], theme.CATEGORIES[k]) for k, i in enumerate(moved)]
    if len(names) > len(moved):
        bands.append((f"{len(names) - len(moved)} others", 1.0 - table[:, moved].sum(axis=1), theme.GREY))
    iterations = list(range(len(table)))
    hover = theme.hover("%{fullData.name}", "after iteration %{x}: %{y:.1%}")
    for name, values, colour in bands:
        line = {"width": 0.5, "color": colour}
        area = {"stackgroup": "one", "fillcolor": colour}
        fig.add_trace(traces.curve(iterations, values, line, name=name, hover=hover, **area))
    fig.update_xaxes(tickvals=iterations, ticktext=["start", *map(str, iterations[1:])], showgrid=False)
    fig.update_yaxes(range=[0, 1], tickformat=".0%")
    return fig


def rewards(by_iteration: Sequence[np.ndarray], *, height: int = 340) -> theme.Figure:
    """Distribution of the rewards in each iteration (log scale); above 1 the data's answer beats the model's own."""
    fig = theme.figure(height=height, x="iteration", y="reward (log scale)")
    for number, values in enumerate(by_iteration, 1):
        fig.add_trace(
            go.Box(
                y=values[values > 0],
                name=str(number),
                boxpoints="all",
                jitter=0.5,
                pointpos=0,
                marker={"size": 3, "color": theme.BLUE, "opacity": 0.5},
                line={"width": 1.2, "color": theme.GREY},
                fillcolor=theme.CLEAR,
                hovertemplate="reward %{y:.3g}<extra></extra>",
            )
        )
    fig.add_hline(y=1, line={"dash": "dot", "width": 1, "color": theme.GREY})
    fig.update_yaxes(type="log", exponentformat="none", dtick=1)
    fig.update_xaxes(showgrid=False, type="category")
    return fig


def growth(x: np.ndarray, y: np.ndarray, words: Sequence[str], taken: np.ndarray, *, height: int = 460) -> theme.Figure:
    """The map with the rows `taken` (sample ids) in the accent, all others in grey; hover shows the first words."""
    fig = theme.figure(height=height)
    others = np.setdiff1d(np.arange(len(x)), taken)
    for rows, colour, opacity, size in ((others, theme.GREY, 0.3, 5), (taken, theme.ACCENT, 0.95, 7)):
        marker = {"color": colour, "opacity": opacity, "size": size}
        text = [theme.plain(words[int(i)], 80) for i in rows]
        fig.add_trace(traces.points(x[rows], y[rows], marker, hover="%{text}", text=text))
    theme.hide_axes(fig)
    fig.update_yaxes(scaleanchor="x", scaleratio=1)
    return fig
