"""Figures of features: the landscape of the whole dictionary, one feature's activations, where a feature lives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa

from explorer.figures import theme


def landscape(features: pa.Table, *, height: int = 470) -> go.Figure:
    """Every active feature: how many responses have it (log) against how strongly, coloured by r with length.

    Columns: feature_id, label, share, mean_act, length_corr. A click selects a point; `customdata[0]` is its id.
    """
    fig = theme.figure(height=height, x="share of responses that have the feature (log scale)", y="mean activation")
    corr = features["length_corr"].to_numpy(zero_copy_only=False).astype(float)
    names = [theme.plain(label) for label in features["label"].to_pylist()]
    fig.add_trace(
        go.Scattergl(
            x=features["share"].to_numpy(),
            y=features["mean_act"].to_numpy(),
            mode="markers",
            customdata=list(zip(features["feature_id"].to_pylist(), names, np.nan_to_num(corr), strict=True)),
            marker={
                "size": 7,
                "color": np.nan_to_num(corr),
                "colorscale": theme.scale(theme.DIVERGING),
                "cmin": -0.6,
                "cmax": 0.6,
                "opacity": 0.8,
                "line": {"width": 0},
                "colorbar": {
                    "title": {"text": "r with<br>response length", "font": {"size": 11}},
                    "thickness": 8,
                    "len": 0.5,
                    "y": 1,
                    "yanchor": "top",
                    "outlinewidth": 0,
                },
            },
            hovertemplate=theme.hover(
                [
                    ("", "%{customdata[1]}"),
                    ("in", "%{x:.1%} of responses"),
                    ("mean activation", "%{y:.2f}"),
                    ("r with length", "%{customdata[2]:.2f}"),
                    ("feature", "%{customdata[0]}"),
                ]
            ),
        )
    )
    fig.update_xaxes(type="log", tickformat="~%")
    return fig


def activation_histogram(
    edges: Sequence[float], counts: Sequence[int], threshold: float, *, height: int = 260
) -> go.Figure:
    """Largest activation per sample: bars past the threshold in the accent, below it grey, threshold dashed."""
    fig = theme.figure(height=height, x="largest activation in the sample", y="samples")
    left, right = np.asarray(edges[:-1], dtype=float), np.asarray(edges[1:], dtype=float)
    centres = (left + right) / 2
    fig.add_trace(
        go.Bar(
            x=centres,
            y=list(counts),
            width=(right - left) * 0.94,
            marker={"color": [theme.ACCENT if c > threshold else theme.POOL for c in centres], "line": {"width": 0}},
            customdata=list(zip(left, right, strict=True)),
            hovertemplate="%{y:,} samples<br>activation %{customdata[0]:.2f} to %{customdata[1]:.2f}<extra></extra>",
        )
    )
    theme.threshold_line(fig, threshold)
    fig.update_layout(margin={"t": 30})
    return fig


def places(
    groups: Sequence[tuple[str, pa.Table]], lengths: Sequence[tuple[float, float, int, int]], overall: float
) -> go.Figure:
    """Share of each cluster, source and length group that has the feature; the thin line is the whole dataset.

    `groups` are tables (name, n, size, share, lift) by kind; `lengths` (from, to, rows, rows with it) in tokens.
    """
    rows = max([4, *(table.num_rows for _, table in groups)])
    panels: list[tuple[str, go.Bar]] = []
    for kind, table in groups:
        names = [theme.plain(name if name not in (None, "") else "(none)", 26) for name in table["name"].to_pylist()]
        columns = (table[name].to_pylist() for name in ("n", "size", "lift"))
        bars = _bars(table["share"].to_pylist(), names, list(zip(*columns, strict=True)), overall)
        panels.append((f"share of the {kind}", bars))
    shares = [having / size if size else 0.0 for _, _, size, having in lengths]
    lifts = [share / overall if overall else 0.0 for share in shares]
    data = [(having, size, lift) for (*_, size, having), lift in zip(lengths, lifts, strict=True)]
    spans = [f"{low:,.0f}–{high:,.0f}" for low, high, _, _ in lengths]
    panels.append(("share of responses of that length (tokens)", _bars(shares, spans, data, overall)))
    return _side_by_side(panels, overall, height=90 + 24 * rows)


def _side_by_side(panels: Sequence[tuple[str, go.Bar]], overall: float, *, height: int) -> go.Figure:
    """Horizontal bars in panels with one axis title each; made in one piece, which is quicker than adding axes."""
    axis = {"gridcolor": theme.FAINT, "zeroline": False, "automargin": True, "linecolor": theme.FAINT}
    layout: dict[str, Any] = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
        "showlegend": False,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"align": "left", "namelength": -1},
        "dragmode": False,
        "shapes": [],
    }
    gap = 0.13
    width = (1 - gap * (len(panels) - 1)) / len(panels)
    for number, (title, bars) in enumerate(panels, 1):
        suffix = "" if number == 1 else str(number)
        start = (number - 1) * (width + gap)
        across = {"domain": [start, min(1.0, start + width)], "anchor": f"y{suffix}", "tickformat": "~%", "nticks": 5}
        layout[f"xaxis{suffix}"] = {**axis, **across, "rangemode": "tozero", "title": {"text": title, "standoff": 8}}
        down = {"anchor": f"x{suffix}", "autorange": "reversed", "type": "category", "ticksuffix": " "}
        layout[f"yaxis{suffix}"] = {**axis, **down, "showgrid": False}
        line = {"width": 1.5, "color": theme.TEXT_MUTED}
        where = {"x0": overall, "x1": overall, "y0": 0, "y1": 1, "xref": f"x{suffix}", "yref": f"y{suffix} domain"}
        layout["shapes"].append({"type": "line", "line": line, **where})
        bars.xaxis, bars.yaxis = f"x{suffix}", f"y{suffix}"
    return go.Figure([bars for _, bars in panels], layout)


def _bars(
    shares: Sequence[float], names: Sequence[str], data: Sequence[tuple[int, int, float]], overall: float
) -> go.Bar:
    return go.Bar(
        x=list(shares),
        y=list(names),
        orientation="h",
        marker={"color": [theme.ACCENT if share > overall else theme.POOL for share in shares], "line": {"width": 0}},
        customdata=list(data),
        hovertemplate="<b>%{y}</b><br>%{customdata[0]:,} of %{customdata[1]:,} responses (%{x:.1%})"
        "<br>lift %{customdata[2]:.2f}<extra></extra>",
    )


def directions(table: pa.Table, *, by: str, height: int = 620) -> go.Figure:
    """Map of the decoder directions, one point a feature: near means that they write nearly the same into the model.

    `by` colours the points: share (log), r with length, or label source. A click selects one; `customdata[0]` its id.
    """
    fig = theme.figure(height=height, legend=by == "label source")
    names = [theme.plain(label or "no label") for label in table["label"].to_pylist()]
    shares = table["share"].to_numpy()
    corr = np.nan_to_num(table["length_corr"].to_numpy(zero_copy_only=False).astype(float))
    x, y = table["x"].to_numpy(), table["y"].to_numpy()
    ids = table["feature_id"].to_pylist()
    hover = theme.hover(
        [("", "%{customdata[1]}"), ("in", "%{customdata[2]:.2%} of responses"), ("feature", "%{customdata[0]}")]
    )
    parts: list[tuple[str, np.ndarray, dict[str, Any]]] = []
    if by == "label source":
        sources = np.array([source or "none" for source in table["label_source"].to_pylist()])
        for number, source in enumerate(sorted(set(sources.tolist()))):
            parts.append((source, np.flatnonzero(sources == source), {"color": theme.CATEGORIES[number % 8]}))
    else:
        bar: dict[str, Any] = {"thickness": 8, "len": 0.45, "y": 1, "yanchor": "top", "outlinewidth": 0}
        bar["title"] = {"text": f"{by}<br>", "font": {"size": 11}}
        if by == "r with length":
            marker = {"color": corr, "colorscale": theme.scale(theme.DIVERGING), "cmin": -0.6, "cmax": 0.6}
        else:
            marker = {"color": np.log10(np.maximum(shares, 1e-5)), "colorscale": theme.scale(theme.MAGNITUDE)}
            bar |= {"tickvals": [-5, -4, -3, -2, -1, 0], "ticktext": [f"{100 * 10.0**i:g} %" for i in range(-5, 1)]}
        parts.append(("", np.arange(len(ids)), {**marker, "colorbar": bar}))
    for name, where, marker in parts:
        fig.add_trace(
            go.Scattergl(
                x=x[where],
                y=y[where],
                mode="markers",
                name=name,
                customdata=[[ids[i], names[i], float(shares[i])] for i in where],
                marker={"size": 6, "opacity": 0.8, "line": {"width": 0}, **marker},
                hovertemplate=hover,
            )
        )
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    fig.update_layout(dragmode="pan")
    return fig


def contrast(
    features: Sequence[tuple[int, str, float, float, float]], names: tuple[str, str], *, height: int = 460
) -> go.Figure:
    """Share of two groups that have each feature: (id, label, share in A, share in B, z); off the line they differ.

    Above the line a feature is more common in A, below it in B; a click selects a point, `customdata[0]` is its id.
    """
    a, b = (theme.plain(name, 40) for name in names)
    fig = theme.figure(height=height, x=f"share of {b}", y=f"share of {a}")
    z = np.array([row[4] for row in features], dtype=float)
    bound = max(1.0, float(np.quantile(np.abs(z), 0.98))) if len(z) else 1.0
    fig.add_trace(
        go.Scattergl(
            x=[row[3] for row in features],
            y=[row[2] for row in features],
            mode="markers",
            customdata=[[row[0], theme.plain(row[1]), row[4]] for row in features],
            marker={
                "size": 7,
                "color": z,
                "colorscale": theme.scale(theme.DIVERGING),
                "cmin": -bound,
                "cmax": bound,
                "opacity": 0.85,
                "line": {"width": 0},
            },
            hovertemplate=theme.hover(
                [
                    ("", "%{customdata[1]}"),
                    (f"{a}:", "%{y:.1%}"),
                    (f"{b}:", "%{x:.1%}"),
                    ("z", "%{customdata[2]:.1f}"),
                    ("feature", "%{customdata[0]}"),
                ]
            ),
        )
    )
    top = max([0.01, *(max(row[2], row[3]) for row in features)]) * 1.04
    fig.add_shape(type="line", x0=0, y0=0, x1=top, y1=top, line={"width": 1, "dash": "dot", "color": theme.TEXT_MUTED})
    fig.update_xaxes(tickformat="~%", range=[-0.01 * top, top])
    fig.update_yaxes(tickformat="~%", range=[-0.01 * top, top])
    return fig
