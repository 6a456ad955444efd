"""Figures of the dataset itself: lengths and sources."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme


def length_histogram(tokens: np.ndarray, *, unit: str = "tokens", height: int = 220) -> go.Figure:
    """Response lengths of the pool, cut at the 99.5th percentile (the rest is in the last bar); median marked."""
    fig = theme.figure(height=height, x=f"response length ({unit})", y="rows")
    if not len(tokens):
        return fig
    top = max(1.0, float(np.quantile(tokens, 0.995)))
    counts, edges = np.histogram(np.minimum(tokens, top), bins=40, range=(0, top))
    fig.add_trace(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=np.diff(edges) * 0.94,
            marker={"color": theme.POOL_SOLID, "line": {"width": 0}},
            customdata=list(pairwise(edges)),
            hovertemplate=f"%{{y:,}} rows<br>%{{customdata[0]:,.0f}} to %{{customdata[1]:,.0f}} {unit}<extra></extra>",
        )
    )
    median = float(np.median(tokens))
    fig.add_vline(
        x=median,
        line={"width": 1, "color": theme.TEXT_MUTED},
        annotation={"text": f"median {median:,.0f}", "font": {"size": 11, "color": theme.TEXT_MUTED}, "yref": "paper"},
        annotation_position="top right",
    )
    return fig


def bars(names: Sequence[str], values: Sequence[float], *, unit: str, height: int | None = None) -> go.Figure:
    """Horizontal bars, largest first as given: rows by source, rows dropped by reason."""
    fig = theme.figure(height=height or 76 + 26 * len(names), x=unit)
    fig.add_trace(
        go.Bar(
            x=list(values),
            y=[theme.plain(name or "(none)", 28) + " " for name in names],
            orientation="h",
            marker={"color": theme.POOL_SOLID, "line": {"width": 0}},
            hovertemplate=f"<b>%{{y}}</b><br>%{{x:,}} {unit}<extra></extra>",
        )
    )
    fig.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return fig
