"""Figures of the length laboratory: features against length, and how the correlation depends on the threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme

PAPER_R = 0.92  # Pearson r that the seed paper reports for its own data and SAE


def scatter(
    tokens: np.ndarray,
    features: np.ndarray,
    words: Sequence[str],
    *,
    groups: tuple[np.ndarray, Sequence[str]] | None = None,
    curves: Sequence[tuple[str, np.ndarray, np.ndarray]] = (),
    log: bool = False,
    height: int = 480,
) -> go.Figure:
    """One point a sample: response tokens against active features; `groups` (number per sample, names) colour them.

    `curves` are fitted lines: name, tokens, features.
    """
    scale = " (log scale)" if log else ""
    fig = theme.figure(
        height=height, x=f"response length (tokens){scale}", y="features active in the response", legend=True
    )
    parts: list[tuple[str, str, np.ndarray]] = [("", theme.POOL, np.arange(len(tokens)))]
    if groups is not None:
        numbers, names = groups
        parts = []
        for place, name in enumerate(names[: len(theme.CATEGORIES)]):
            parts.append((theme.plain(name or "(none)", 28), theme.CATEGORIES[place], np.flatnonzero(numbers == place)))
        rest = np.flatnonzero(numbers >= len(theme.CATEGORIES))
        if len(rest):
            parts.append((f"{len(names) - len(theme.CATEGORIES)} others", theme.POOL_SOLID, rest))
    for name, colour, inside in parts:
        fig.add_trace(
            go.Scattergl(
                x=tokens[inside],
                y=features[inside],
                mode="markers",
                name=name,
                showlegend=bool(name),
                text=[theme.plain(words[int(i)], 80) for i in inside],
                customdata=inside,
                marker={"color": colour, "size": 5 if len(tokens) > 2_000 else 6, "opacity": 0.6, "line": {"width": 0}},
                hovertemplate="<b>%{text}</b><br>%{x:,} tokens, %{y:,} features<extra></extra>",
            )
        )
    for number, (name, x, y) in enumerate(curves):
        fig.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="lines",
                name=name,
                line={"color": theme.ACCENT, "width": 2.2, "dash": "solid" if number == 0 else "dot"},
                hoverinfo="skip",
            )
        )
    if log:
        fig.update_xaxes(type="log")
    fig.update_yaxes(rangemode="tozero")
    return fig


def r_curve(
    thresholds: np.ndarray,
    pearson: np.ndarray,
    spearman: np.ndarray,
    *,
    threshold: float,
    interval: tuple[np.ndarray, np.ndarray] | None = None,
    height: int = 300,
) -> go.Figure:
    """Correlation of length with feature count as the threshold moves; the current threshold dashed."""
    fig = theme.figure(height=height, x="threshold (activation)", y="correlation r", legend=True)
    for edge, fill in zip(interval or (), (None, "tonexty"), strict=False):
        fig.add_trace(
            go.Scatter(
                x=thresholds,
                y=edge,
                mode="lines",
                fill=fill,
                fillcolor="rgba(0,114,178,0.2)",
                line={"width": 0},
                showlegend=False,
                hoverinfo="skip",
            )
        )
    for name, values, colour, dash in (
        ("Pearson", pearson, "#0072B2", "solid"),
        ("Spearman", spearman, "#E69F00", "dashdot"),
    ):
        fig.add_trace(
            go.Scatter(
                x=thresholds,
                y=values,
                mode="lines",
                name=name,
                line={"color": colour, "width": 2.2, "dash": dash},
                hovertemplate=f"{name} r = %{{y:.3f}} at threshold %{{x:.3g}}<extra></extra>",
            )
        )
    fig.add_trace(
        go.Scatter(
            x=[thresholds[0], thresholds[-1]],
            y=[PAPER_R, PAPER_R],
            mode="lines",
            name=f"paper: {PAPER_R}",
            line={"width": 1.2, "color": theme.TEXT_MUTED, "dash": "dot"},
            hoverinfo="skip",
        )
    )
    theme.threshold_line(fig, threshold, below=True)
    known = np.concatenate([pearson, spearman])
    known = known[np.isfinite(known)]
    low = float(known.min()) if len(known) else 0.0
    fig.update_yaxes(range=[min(0.0, low) if low < 0.5 else low - 0.1, 1.02])
    return fig
