"""The look of every figure: colours and their meaning, axes, legend, hover, in light and in dark.

A colour means one thing everywhere: grey is the pool, the accent is *selected* and *active*, a method keeps its colour.
Categories use Okabe and Ito's set without its vermillion, which is the accent; past eight they differ by marker shape.
This file and `.streamlit/config.toml` are the only ones that name a colour (tested).
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from explorer.text import one_line

Figure = go.Figure


def translucent(colour: str, opacity: float) -> str:
    """Return a hex colour as CSS with an opacity from 0 to 1."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


ACCENT = "#D55E00"
GREY = "#808894"  # the pool, muted text and lines: readable on light and on dark
POOL = translucent(GREY, 0.55)
FAINT = translucent(GREY, 0.18)
CLEAR = translucent(GREY, 0.0)

BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, OLIVE, VIOLET, BROWN = "#56B4E9", "#B8A500", "#7A6FD0", "#8C6D46"
CATEGORIES = (BLUE, ORANGE, GREEN, PINK, SKY, OLIVE, VIOLET, BROWN)
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "pentagon", "star")

METHOD_COLOURS = {
    "sae-greedselect": BLUE,
    "sae-saturated": VIOLET,
    "sae-simscale": SKY,
    "longest": GREEN,
    "random": GREY,
    "length-matched-random": OLIVE,
    "kmq": ORANGE,
    "iterative-kmq": "#7F5F00",
    "k-center": "#4E7A27",
    "kmeans-random": PINK,
    "kmeans-closest": BROWN,
}
METHOD_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")


@dataclass(frozen=True)
class Surface:
    """Colours of the page around the figures."""

    primary: str
    background: str
    secondary: str
    text: str
    border: str
    link: str


_INK = "#1B2027"
LIGHT = Surface("#C25400", "#FFFFFF", "#F4F5F7", _INK, "#DDE1E6", "#A34600")
DARK = Surface("#E8772E", "#12151A", _INK, "#E4E7EB", "#2E3540", "#F0935A")

# Colour scales as (on a light ground, on a dark ground): high values stand out from the ground on both.
MAGNITUDE = (
    ("#BFD9EA", "#6FAFD6", "#2A86BF", "#005C94", "#00304F"),
    ("#16405E", "#1F6A9C", "#3E9BD0", "#86C8EC", "#DDF2FF"),
)
ACTIVATION = (
    ("#F6CFAF", "#EBA46D", ACCENT, "#A34800", "#6B2F00"),
    ("#6B3A14", "#A9541A", DARK.primary, "#F7A56A", "#FFE0C7"),
)
DIVERGING = (MAGNITUDE[0][3], MAGNITUDE[0][1], "#B9BEC6", ACTIVATION[0][1], ACTIVATION[0][3])


def method_colour(slug: str) -> str:
    """Return the colour of a method on every page; a method without its own takes a category colour by its name."""
    return METHOD_COLOURS.get(slug) or CATEGORIES[sum(slug.encode()) % len(CATEGORIES)]


def scale(colours: Sequence[str]) -> list[list[Any]]:
    """Return a Plotly colour scale from evenly spaced colours."""
    return [[i / (len(colours) - 1), colour] for i, colour in enumerate(colours)]


def colour_bar(title: str, **more: Any) -> dict[str, Any]:
    """Return a narrow colour bar in the upper half of the plot."""
    place = {"thickness": 8, "len": 0.5, "y": 1, "yanchor": "top", "outlinewidth": 0}
    return {"title": {"text": title, "font": {"size": 11}}, **place, **more}


def plain(text: object, limit: int = 90) -> str:
    """Return dataset text as Plotly may show it: one line, escaped (Plotly reads tags in labels), cut at `limit`."""
    return html.escape(one_line(text, limit))


def hover(*lines: str) -> str:
    """Return a hover template: the first line in bold, the others below it; values are Plotly placeholders."""
    head, *rest = lines
    return "<br>".join([f"<b>{head}</b>", *rest]) + "<extra></extra>"


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """Return an axis in the house style."""
    look = {"showgrid": True, "gridcolor": FAINT, "zeroline": False, "automargin": True, "linecolor": FAINT}
    return {**look, "title": {"text": title, "standoff": 8}, **more}


def layout(*, height: int, legend: bool = False) -> dict[str, Any]:
    """Return a layout in the house style, without axes."""
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 28 if legend else 12, "b": 8},
        "showlegend": legend,
        "legend": {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "hoverlabel": {"align": "left", "namelength": -1},
        "bargap": 0.06,
        "dragmode": False,
        "modebar": {"bgcolor": CLEAR, "color": GREY, "activecolor": ACCENT},
    }


def figure(*, height: int, x: str = "", y: str = "", legend: bool = False) -> Figure:
    """Return an empty figure in the house style; `x` and `y` are axis titles with their unit."""
    # given in one piece: updating a figure step by step takes ten times as long
    return go.Figure(layout={**layout(height=height, legend=legend), "xaxis": axis(x), "yaxis": axis(y)})


def log_axis(fig: Figure, highest: float) -> None:
    """Make the horizontal axis logarithmic, from 1 to `highest` (at least 10), a tick for each power of ten."""
    fig.update_xaxes(type="log", range=[0, math.log10(max(10, highest)) + 0.02], dtick=1, tickformat=",d")


def name_axis(fig: Figure) -> None:
    """Let the vertical axis list names, the first at the top."""
    fig.update_yaxes(autorange="reversed", type="category", showgrid=False)


def hide_axes(fig: Figure) -> None:
    """Hide both axes: places on a map have no unit."""
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)


def upright(x: float, **line: Any) -> dict[str, Any]:
    """Return a vertical line over the whole height, as a shape.

    `fig.add_vline` asks every trace of every panel where the line may go, which takes longer than the rest of a figure.
    """
    look = {"color": GREY, "width": 1.5, **line}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "y domain", "line": look}


def note(text: str, x: float, y: float, **more: Any) -> dict[str, Any]:
    """Return a small muted text at `x` of the axis and `y` of the height, as an annotation."""
    place = {"x": x, "y": y, "yref": "paper", "yanchor": "bottom", "showarrow": False}
    return {"text": text, "font": {"size": 11, "color": GREY}, **place, **more}


def threshold_line(fig: Figure, value: float, *, foot: str = "") -> None:
    """Draw the threshold: the same dashed vertical line on every plot, its label above or at the foot.

    `foot` says which end of a label at the foot is at the line: `left`, or `right` for a line in the right half.
    """
    fig.add_shape(upright(value, dash="dash"))
    fig.add_annotation(note(f"threshold {value:g}", value, 0 if foot else 1, xanchor=foot or "center"))
