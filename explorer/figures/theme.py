"""The look of every figure: what a colour means, how axes and hover read, in light and in dark.

Colour means one thing everywhere: the pool is neutral grey, *selected* and *active* are the one accent, a method keeps
its colour, categories use Okabe and Ito's set (without its vermillion, which is the accent), with a marker shape past
eight.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

Figure = go.Figure

ACCENT = "#D55E00"
POOL = "rgba(128,136,148,0.55)"
POOL_SOLID = "#8A919C"
FAINT = "rgba(128,136,148,0.18)"
TEXT_MUTED = "#808894"
CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#B8A500", "#7A6FD0", "#8C6D46")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "pentagon", "star")
MAGNITUDE = ("#DCE9F2", "#8FC1DF", "#4B9CCB", "#0072B2", "#00406B")  # any other number: length, count, quality
DIVERGING = ("#00507D", "#4B9CCB", "#B9BEC6", "#E18A4C", "#A34800")

METHOD_COLOURS = {
    "sae-greedselect": "#0072B2",
    "sae-saturated": "#7A6FD0",
    "sae-simscale": "#56B4E9",
    "longest": "#009E73",
    "random": POOL_SOLID,
    "length-matched-random": "#B8A500",
    "kmq": "#E69F00",
    "iterative-kmq": "#7F5F00",
    "k-center": "#4E7A27",
    "kmeans-random": "#CC79A7",
    "kmeans-closest": "#8C6D46",
}
METHOD_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


def method_colour(slug: str) -> str:
    """Return the colour of a method on every page; methods without one of their own share the categories by name."""
    if slug in METHOD_COLOURS:
        return METHOD_COLOURS[slug]
    return CATEGORIES[sum(slug.encode()) % len(CATEGORIES)]


def scale(colours: Sequence[str]) -> list[list[Any]]:
    """Return a Plotly colour scale from evenly spaced colours."""
    return [[i / (len(colours) - 1), colour] for i, colour in enumerate(colours)]


def plain(text: object, limit: int = 90) -> str:
    """Text of the dataset as Plotly may show it: one line, escaped (Plotly reads tags in labels), cut at `limit`."""
    line = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in str(text))
    line = " ".join(line.split())
    return html.escape(line if len(line) <= limit else line[: limit - 1] + "…")


def hover(lines: Sequence[tuple[str, str]]) -> str:
    """Return a hover template: the first words in bold, then `name value` lines; values are Plotly placeholders."""
    head, *rest = [f"<b>{value}</b>" if not name else f"{name} {value}" for name, value in lines]
    return "<br>".join([head, *rest]) + "<extra></extra>"


def figure(*, height: int, x: str = "", y: str = "", legend: bool = False, **layout: Any) -> go.Figure:
    """Return an empty figure in the house style; `x` and `y` are axis titles with their unit."""
    axis = {"showgrid": True, "gridcolor": FAINT, "zeroline": False, "automargin": True, "linecolor": FAINT}
    base: dict[str, Any] = {  # given in one piece: updating a figure step by step takes ten times as long
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 28 if legend else 12, "b": 8},
        "showlegend": legend,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"align": "left", "namelength": -1},
        "bargap": 0.06,
        "dragmode": False,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": TEXT_MUTED, "activecolor": ACCENT},
        "xaxis": {**axis, "title": {"text": x, "standoff": 8}},
        "yaxis": {**axis, "title": {"text": y, "standoff": 8}},
    }
    return go.Figure(layout={**base, **layout})


def threshold_line(fig: go.Figure, value: float, *, label: str = "threshold", foot: str = "") -> None:
    """Draw the threshold: the same dashed vertical line on every plot, its label above or at the foot.

    `foot` says which end of a label at the foot is at the line: `left`, or `right` for a line in the right half.
    """
    line = {"dash": "dash", "width": 1.5, "color": TEXT_MUTED}
    said = {
        "text": f"{label} {value:g}",
        "font": {"size": 11, "color": TEXT_MUTED},
        "x": value,
        "y": 0 if foot else 1,
        "yref": "paper",
        "yanchor": "bottom",
        "xanchor": foot or "center",
        "showarrow": False,
    }
    # add_vline asks every trace of every panel where it may go, which takes longer than the rest of a figure
    shape = {"type": "line", "x0": value, "x1": value, "y0": 0, "y1": 1, "yref": "y domain", "line": line}
    fig.add_shape(shape)
    fig.add_annotation(said)
