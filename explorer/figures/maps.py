"""The map of the samples: one WebGL trace, coloured by one thing at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme


@dataclass(frozen=True)
class Colouring:
    """What colours the points: `values` float [N] by sample; with `names`, a category number each, else a magnitude.

    `kind` is 'category', 'magnitude', 'activation' or 'selected' (1 picked, 0 not); `title` stands at the scale.
    """

    kind: str
    values: np.ndarray
    title: str
    names: tuple[str, ...] = ()


def _marker(colour: Colouring, values: np.ndarray, size: float) -> dict[str, Any]:
    marker: dict[str, Any] = {"size": size, "line": {"width": 0}, "opacity": 0.75}
    if colour.kind == "selected":
        picked = values > 0
        marker["color"] = np.where(picked, theme.ACCENT, theme.POOL_SOLID)
        marker["opacity"] = np.where(picked, 0.95, 0.3)
        marker["size"] = np.where(picked, size + 3, size)
        return marker
    if colour.kind == "category":
        shades = np.array([theme.CATEGORIES[i % len(theme.CATEGORIES)] for i in range(max(1, len(colour.names)))])
        shapes = np.array([theme.SYMBOLS[i // len(theme.CATEGORIES) % len(theme.SYMBOLS)] for i in range(len(shades))])
        known = np.nan_to_num(values, nan=-1).astype(int)
        marker["color"] = np.where(known >= 0, shades[np.maximum(known, 0)], theme.POOL_SOLID)
        if len(colour.names) > len(theme.CATEGORIES):
            marker["symbol"] = np.where(known >= 0, shapes[np.maximum(known, 0)], "circle")
        return marker
    colours = theme.SEQUENTIAL if colour.kind == "activation" else theme.MAGNITUDE
    there = values[np.isfinite(values)]
    low, high = (float(np.quantile(there, 0.01)), float(np.quantile(there, 0.99))) if len(there) else (0.0, 1.0)
    marker |= {
        "color": values,
        "colorscale": theme.scale(colours),
        "cmin": 0.0 if colour.kind == "activation" else low,
        "cmax": high if high > low else low + 1,
        "colorbar": {
            "title": {"text": theme.plain(colour.title, 40), "font": {"size": 11}},
            "thickness": 8,
            "len": 0.45,
            "y": 1,
            "yanchor": "top",
            "outlinewidth": 0,
        },
    }
    if colour.kind == "activation":
        marker["opacity"] = np.where(values > 0, 0.9, 0.25)
        marker["color"] = np.where(values > 0, values, np.nan)
    return marker


def _apart(labels: Sequence[tuple[float, float, str]], x: np.ndarray, y: np.ndarray) -> list[tuple[float, float, str]]:
    """Those labels that overlap no earlier one, by a rough size of their boxes; the others are told by hovering."""
    if not len(x):
        return []
    unit = max(float(np.ptp(x)), float(np.ptp(y)), 1e-9)
    kept: list[tuple[float, float, str]] = []
    for left, top, text in labels:
        wide = [0.0055 * unit * (min(len(text), 26) + min(len(other), 26)) for _, _, other in kept]
        boxes = zip(kept, wide, strict=True)
        if all(abs(left - a) > width or abs(top - b) > 0.045 * unit for (a, b, _), width in boxes):
            kept.append((left, top, text))
    return kept


def scatter(
    x: np.ndarray,
    y: np.ndarray,
    words: Sequence[str],
    colour: Colouring,
    *,
    labels: Sequence[tuple[float, float, str]] = (),
    height: int = 640,
) -> tuple[go.Figure, np.ndarray]:
    """Points of the map, and the sample number of each point as drawn (strongest or selected ones are drawn last).

    `labels` are written on the map at (x, y), as for cluster names.
    """
    order = np.arange(len(x))
    if colour.kind in ("selected", "activation"):
        order = np.argsort(np.nan_to_num(colour.values, nan=-1), kind="stable")
    fig = theme.figure(height=height)
    size = 7.0 if len(x) <= 2_000 else 5.0 if len(x) <= 12_000 else 3.5
    values = colour.values[order]
    hover = [theme.plain(words[int(i)], 80) for i in order]
    if colour.names:
        named = [theme.plain(name, 40) for name in colour.names]
        extra = [named[int(v)] if np.isfinite(v) and v >= 0 else "" for v in values]
    elif colour.kind == "selected":
        extra = ["selected" if v else "not selected" for v in values]
    else:
        extra = [f"{theme.plain(colour.title, 40)} {v:,.4g}" if np.isfinite(v) else "" for v in values]
    fig.add_trace(
        go.Scattergl(
            x=x[order],
            y=y[order],
            mode="markers",
            marker=_marker(colour, values, size),
            text=[f"<b>{a}</b><br>{b}" for a, b in zip(hover, extra, strict=True)],
            hovertemplate="%{text}<extra></extra>",
            unselected={"marker": {"opacity": 0.12}},
        )
    )
    for left, top, text in _apart(labels, x, y):
        fig.add_annotation(
            x=left,
            y=top,
            text=f"<b>{theme.plain(text, 26)}</b>",
            showarrow=False,
            font={"size": 11, "color": "#FFFFFF"},
            bgcolor="rgba(36,42,52,0.7)",
            borderpad=2,
        )
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False, scaleanchor="x", scaleratio=1)
    fig.update_layout(dragmode="lasso", margin={"l": 0, "r": 0, "t": 0, "b": 0})
    return fig, order
