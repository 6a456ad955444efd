"""Traces that several figures draw: curves, bands, points, bars, histograms. Names are escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme

Values = Sequence[Any] | np.ndarray


def curve(x: Values, y: Values, line: dict[str, Any], *, name: str = "", hover: str = "", **more: Any) -> go.Scatter:
    """Return a curve; `line` holds its colour, width and dash, `hover` is a template. A name puts it in the legend."""
    look = {"mode": "lines", "line": {"width": 2.2, **line}, "name": theme.plain(name, 40), "showlegend": bool(name)}
    return go.Scatter(x=x, y=y, **{**look, **_tip(hover), **more})


def band(x: Values, low: Values, high: Values, colour: str) -> list[go.Scatter]:
    """Return the area between two curves, as two traces."""
    area = {"fill": "tonexty", "fillcolor": theme.translucent(colour, 0.2)}
    return [curve(x, high, {"width": 0}), curve(x, low, {"width": 0}, **area)]


def dots(x: Values, y: Values, marker: dict[str, Any], *, hover: str = "", **more: Any) -> go.Scatter:
    """Return a few markers, which may stand on the edge of the plot."""
    look = {"mode": "markers", "marker": {"size": 9, **marker}, "cliponaxis": False}
    return curve(x, y, {}, hover=hover, **{**look, **more})


def points(x: Values, y: Values, marker: dict[str, Any], *, name: str = "", hover: str, **more: Any) -> go.Scattergl:
    """Return many points, drawn by WebGL; `hover` is a template."""
    look = {"size": 7, "opacity": 0.8, "line": {"width": 0}, **marker}
    legend = {"name": theme.plain(name, 40), "showlegend": bool(name)}
    return go.Scattergl(x=x, y=y, mode="markers", marker=look, **legend, **_tip(hover), **more)


def shaded(values: Values, colours: Sequence[str], bound: float | None = None) -> dict[str, Any]:
    """Return a marker coloured by `values` on a scale; with `bound`, from -bound to bound."""
    ends = {} if bound is None else {"cmin": -bound, "cmax": bound}
    return {"color": values, "colorscale": theme.scale(colours), **ends}


def bars(names: Sequence[str], values: Values, colour: Any, *, hover: str, **more: Any) -> go.Bar:
    """Return horizontal bars, one for each of the names (already escaped)."""
    marker = {"color": colour, "line": {"width": 0}}
    return go.Bar(x=list(values), y=list(names), orientation="h", marker=marker, **_tip(hover), **more)


def histogram(edges: Values, counts: Values, colour: Any, *, hover: str) -> go.Bar:
    """Return the bars of a histogram; in `hover`, customdata[0] and [1] are the edges of a bar."""
    ends = np.asarray(edges, dtype=float)
    middle, width = (ends[:-1] + ends[1:]) / 2, np.diff(ends) * 0.94
    marker = {"color": colour, "line": {"width": 0}}
    return go.Bar(x=middle, y=list(counts), width=width, marker=marker, customdata=list(pairwise(ends)), **_tip(hover))


def _tip(template: str) -> dict[str, str]:
    if not template:
        return {"hoverinfo": "skip"}
    return {"hovertemplate": template if template.endswith("</extra>") else f"{template}<extra></extra>"}
