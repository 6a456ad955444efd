"""Figures of features: the landscape of the whole dictionary, one feature's activations, where a feature lives."""

from __future__ import annotations

from collections.abc import Sequence

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


def groups(table: pa.Table, overall: float, *, height: int | None = None) -> go.Figure:
    """Share of each cluster or source that has the feature, against the share of the whole dataset (thin line)."""
    names = [theme.plain(name if name not in (None, "") else "(none)", 32) for name in table["name"].to_pylist()]
    shares = table["share"].to_numpy()
    fig = theme.figure(height=height or 84 + 26 * len(names), x="share of the group's responses")
    fig.add_trace(
        go.Bar(
            x=shares,
            y=[f"{name} " for name in names],
            orientation="h",
            marker={"color": [theme.ACCENT if s > overall else theme.POOL for s in shares], "line": {"width": 0}},
            customdata=list(
                zip(table["n"].to_pylist(), table["size"].to_pylist(), table["lift"].to_pylist(), strict=True)
            ),
            hovertemplate="<b>%{y}</b><br>%{customdata[0]:,} of %{customdata[1]:,} responses (%{x:.1%})"
            "<br>lift %{customdata[2]:.2f}<extra></extra>",
        )
    )
    fig.add_vline(x=overall, line={"width": 1.5, "color": theme.TEXT_MUTED})
    fig.update_xaxes(tickformat="~%", rangemode="tozero")
    fig.update_yaxes(autorange="reversed", type="category", showgrid=False)
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
