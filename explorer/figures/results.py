"""Proof by training: held-out loss against training cost, with intervals, and per source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme

Entries = Sequence[Mapping[str, Any]]
_LINE = 17  # pixels from one name to the next


def cost(entries: Entries, baseline: str, *, height: int = 460) -> go.Figure:
    """Improvement of the held-out loss over the baseline (%) against training tokens; bars are 95 % intervals.

    Filled marks are real differences (corrected p below 0.05), open ones cannot be told apart from the baseline. The
    names stand in a column at the right, each with a line to its mark, so that they never cover each other.
    """
    fig = theme.figure(height=height, x="training tokens (all passes)", y=f"held-out loss below {baseline}'s (%)")
    for entry in sorted(entries, key=lambda one: one["tokens"]):
        gain = 100 * (entry["improvement"] or 0.0)
        low, high = entry["improvement_low"], entry["improvement_high"]
        colour = theme.method_colour(entry["method"])
        name = theme.plain(entry["label"], 40)
        interval = f"{100 * low:+.1f} to {100 * high:+.1f} %" if low is not None else "no interval"
        bars = None
        if low is not None:
            bars = {"array": [100 * high - gain], "arrayminus": [gain - 100 * low], "thickness": 1.4, "width": 5}
        fig.add_trace(
            go.Scatter(
                x=[entry["tokens"]],
                y=[gain],
                error_y={"type": "data", "symmetric": False, "color": colour, **bars} if bars else None,
                mode="markers",
                name=name,
                marker={
                    "size": 11,
                    "color": colour,
                    "symbol": "circle" if entry["real"] or entry["improvement"] is None else "circle-open",
                    "line": {"width": 2, "color": colour},
                },
                hovertemplate=theme.hover(
                    [("", name), ("", f"%{{y:+.1f}} % ({interval})"), ("training tokens", "%{x:,.0f}")]
                ),
                cliponaxis=False,
            )
        )
    fig.add_hline(y=0, line={"dash": "dot", "width": 1.2, "color": theme.TEXT_MUTED})
    right = 1.06 * max((entry["tokens"] for entry in entries), default=1.0)
    ends = [
        100 * (entry[end] or 0.0) for entry in entries for end in ("improvement_low", "improvement", "improvement_high")
    ]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    room = 0.06 * (high - low) or 1.0
    low, high = low - room, high + room
    gains = np.array([100 * (entry["improvement"] or 0.0) for entry in entries])
    inside = height - 70  # pixels between the axis title and the upper margin
    gap = _LINE * (high - low) / inside
    places = spread(gains, gap)
    low, high = min(low, places.min(initial=low) - gap / 2), max(high, places.max(initial=high) + gap / 2)
    for entry, gain, at in zip(entries, gains, places, strict=True):
        fig.add_annotation(
            x=entry["tokens"],
            y=gain,
            ax=right,
            ay=at,
            axref="x",
            ayref="y",
            xanchor="left",
            text=f"\u00a0{theme.plain(entry['label'], 26)}",
            font={"size": 12},
            arrowhead=0,
            arrowwidth=0.8,
            arrowcolor=theme.method_colour(entry["method"]),
            standoff=8,
        )
    fig.update_xaxes(range=[0, right], tickformat=",")
    fig.update_yaxes(range=[low, high], ticksuffix=" %")
    fig.update_layout(margin={"r": 190})
    return fig


def spread(wanted: np.ndarray, gap: float) -> np.ndarray:
    """Places float64 [n] at least `gap` apart, in the order of those `wanted` and as near to them as can be.

    Least squares: neighbours that are too near form a block around the mean of what they want.
    """
    order = np.argsort(wanted, kind="stable")
    blocks: list[list[float]] = []  # mean of what its members want, without their gaps, and how many there are
    for place, at in enumerate(order):
        blocks.append([float(wanted[at]) - place * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, n = blocks.pop()
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + mean * n) / (blocks[-1][1] + n), blocks[-1][1] + n]
    placed = np.empty(len(wanted))
    placed[order] = np.concatenate([np.full(int(n), mean) for mean, n in blocks]) + gap * np.arange(len(wanted))
    return placed


def by_source(entries: Entries, counts: Mapping[str, int], *, height: int | None = None) -> go.Figure:
    """Improvement over the baseline for each source and method (%): green-blue is worse, orange is better."""
    compared = [entry for entry in entries if entry["improvement"] is not None]
    sources = sorted(counts, key=lambda name: -counts[name])
    values = np.array([[entry["by_source"][name].get("improvement") or 0.0 for name in sources] for entry in compared])
    shown = 100 * values
    limit = float(np.clip(np.quantile(np.abs(shown), 0.95), 1.0, None)) if shown.size else 1.0
    names = [theme.plain(entry["label"], 30) for entry in compared]
    fig = theme.figure(height=height or 44 * len(compared) + 110)
    fig.add_trace(
        go.Heatmap(
            x=[f"{theme.plain(name, 24)} ({counts[name]})" for name in sources],
            y=names,
            z=shown,
            zmid=0,
            zmin=-limit,
            zmax=limit,
            colorscale=theme.scale(theme.DIVERGING),
            text=[[f"{value:+.1f}" for value in row] for row in shown],
            texttemplate="%{text}",
            textfont={"size": 11, "color": "#10161F"},
            hovertemplate="<b>%{y}</b> on %{x} rows<br>%{z:+.1f} % against the baseline<extra></extra>",
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    fig.update_yaxes(autorange="reversed", showgrid=False)
    fig.update_xaxes(showgrid=False, tickangle=-30)
    return fig


def training(curves: Mapping[str, tuple[str, Sequence[Sequence[float]]]], *, height: int = 320) -> go.Figure:
    """Training loss of each optimiser step, mean over seeds, by arm: (method, losses of each seed)."""
    fig = theme.figure(height=height, x="optimiser step", y="training loss (nats a response token)", legend=True)
    for label, (method, losses) in curves.items():
        shortest = min(map(len, losses), default=0)
        if not shortest:
            continue
        mean = np.mean([np.asarray(one[:shortest]) for one in losses], axis=0)
        fig.add_trace(
            go.Scatter(
                x=np.arange(1, shortest + 1),
                y=mean,
                name=theme.plain(label, 30),
                mode="lines",
                line={"width": 1.6, "color": theme.method_colour(method)},
                hovertemplate=f"<b>{theme.plain(label, 30)}</b><br>step %{{x}}: %{{y:.3f}}<extra></extra>",
            )
        )
    return fig
