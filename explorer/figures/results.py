"""Fine-tuning results: held-out loss against training cost, with intervals, and by source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme, traces

Entries = Sequence[Mapping[str, Any]]
_LINE = 17  # pixels from one name to the next
_ENDS = ("improvement_low", "improvement", "improvement_high")


def cost(entries: Entries, baseline: str, *, height: int = 460) -> theme.Figure:
    """Reduction of the held-out loss against the baseline (%), by training tokens, with 95% intervals.

    Filled marks are statistically significant (corrected p below 0.05), open ones are not. The names stand in a column
    at the right, each with a line to its mark, so that they never cover each other.
    """
    title = f"held-out loss reduction vs. {theme.plain(baseline, 40)} (%)"
    fig = theme.figure(height=height, x="training tokens (all epochs)", y=title)
    for entry in sorted(entries, key=lambda entry: entry["tokens"]):
        fig.add_trace(_mark(entry))
    fig.add_hline(y=0, line={"dash": "dot", "width": 1.2, "color": theme.GREY})
    right = 1.06 * max((entry["tokens"] for entry in entries), default=1.0)
    ends = [0.0, *(100 * (entry[end] or 0.0) for entry in entries for end in _ENDS)]
    room = 0.06 * (max(ends) - min(ends)) or 1.0
    low, high = min(ends) - room, max(ends) + room
    gap = _LINE * (high - low) / (height - 70)  # 70 pixels are the axis title and the upper margin
    gains = np.array([100 * (entry["improvement"] or 0.0) for entry in entries])
    places = spread(gains, gap)
    low, high = min(low, places.min(initial=low) - gap / 2), max(high, places.max(initial=high) + gap / 2)
    for entry, gain, place in zip(entries, gains, places, strict=True):
        fig.add_annotation(
            x=entry["tokens"],
            y=gain,
            ax=right,
            ay=place,
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
    fig.update_yaxes(range=[low, high], ticksuffix="%")
    fig.update_layout(margin={"r": 190})
    return fig


def _mark(entry: Mapping[str, Any]) -> go.Scatter:
    """Return the mark of one method, with its interval."""
    low, gain, high = (None if entry[end] is None else 100 * entry[end] for end in _ENDS)
    colour = theme.method_colour(entry["method"])
    name = theme.plain(entry["label"], 40)
    interval, bars = "no interval", None
    if low is not None and high is not None and gain is not None:
        interval = f"95% interval {low:+.1f}% to {high:+.1f}%"
        bars = {"type": "data", "symmetric": False, "array": [high - gain], "arrayminus": [gain - low]}
        bars |= {"color": colour, "thickness": 1.4, "width": 5}
    symbol = "circle" if entry["real"] or gain is None else "circle-open"
    marker = {"size": 11, "color": colour, "symbol": symbol, "line": {"width": 2, "color": colour}}
    hover = theme.hover(name, f"%{{y:+.1f}}% ({interval})", "training tokens %{x:,.0f}")
    return traces.dots([entry["tokens"]], [gain or 0.0], marker, hover=hover, error_y=bars)


def spread(wanted: np.ndarray, gap: float) -> np.ndarray:
    """Return places float64 [n] at least `gap` apart, in the order of `wanted` and as near to it as possible.

    Least squares: neighbours that are too near form a block around the mean of their wanted places.
    """
    order = np.argsort(wanted, kind="stable")
    blocks: list[list[float]] = []  # mean wanted place of the members, without their gaps, and their number
    for place, i in enumerate(order):
        blocks.append([float(wanted[i]) - place * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, n = blocks.pop()
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + mean * n) / (blocks[-1][1] + n), blocks[-1][1] + n]
    places = np.empty(len(wanted))
    places[order] = np.concatenate([np.full(int(n), mean) for mean, n in blocks]) + gap * np.arange(len(wanted))
    return places


def by_source(entries: Entries, counts: Mapping[str, int], *, height: int | None = None) -> theme.Figure:
    """Improvement over the baseline (%) for each source and method: blue is worse, orange is better."""
    compared = [entry for entry in entries if entry["improvement"] is not None]
    sources = sorted(counts, key=lambda name: -counts[name])
    gains = np.array(
        [[100 * (entry["by_source"][name].get("improvement") or 0.0) for name in sources] for entry in compared]
    )
    limit = float(np.clip(np.quantile(np.abs(gains), 0.95), 1.0, None)) if gains.size else 1.0
    fig = theme.figure(height=height or 44 * len(compared) + 110)
    fig.add_trace(
        go.Heatmap(
            x=[f"{theme.plain(name, 24)} ({counts[name]})" for name in sources],
            y=[theme.plain(entry["label"], 30) for entry in compared],
            z=gains,
            zmid=0,
            zmin=-limit,
            zmax=limit,
            colorscale=theme.scale(theme.DIVERGING),
            texttemplate="%{z:+.1f}",
            textfont={"size": 11},
            hovertemplate="<b>%{y}</b> on %{x} rows<br>%{z:+.1f}% vs. the baseline<extra></extra>",
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    theme.name_axis(fig)
    fig.update_xaxes(showgrid=False, tickangle=-30)
    return fig


def training(curves: Mapping[str, tuple[str, Sequence[Sequence[float]]]], *, height: int = 320) -> theme.Figure:
    """Training loss by optimizer step, mean over seeds; `curves` by name: (method, losses of each seed)."""
    fig = theme.figure(height=height, x="optimizer step", y="training loss (nats per response token)", legend=True)
    hover = theme.hover("%{fullData.name}", "step %{x}: %{y:.3f}")
    for name, (method, losses) in curves.items():
        steps = min(map(len, losses), default=0)
        if steps:
            mean = np.mean([np.asarray(loss[:steps]) for loss in losses], axis=0)
            line = {"width": 1.6, "color": theme.method_colour(method)}
            fig.add_trace(traces.curve(np.arange(1, steps + 1), mean, line, name=name, hover=hover))
    return fig
