"""Figures of features: the whole dictionary, the activations of one feature, and where it occurs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa

from explorer.figures import theme, traces

R_BOUND = 0.6  # correlations with length past this have the strongest colour


def landscape(features: pa.Table, *, height: int = 470) -> theme.Figure:
    """Every active feature: share of responses (log) against mean activation, coloured by r with length.

    Columns: feature_id, label, share, mean_act, length_corr. A click selects a point; `customdata[0]` is its id.
    """
    fig = theme.figure(height=height, x="share of responses with the feature (log scale)", y="mean activation")
    corr = np.nan_to_num(features["length_corr"].to_numpy(zero_copy_only=False).astype(float))
    labels = [theme.plain(label) for label in features["label"].to_pylist()]
    bar = theme.colour_bar("r with<br>response length")
    fig.add_trace(
        traces.points(
            features["share"].to_numpy(),
            features["mean_act"].to_numpy(),
            {**traces.shaded(corr, theme.DIVERGING, R_BOUND), "colorbar": bar},
            customdata=list(zip(features["feature_id"].to_pylist(), labels, corr, strict=True)),
            hover=theme.hover(
                "%{customdata[1]}",
                "in %{x:.1%} of responses",
                "mean activation %{y:.2f}",
                "r with length %{customdata[2]:.2f}",
                "feature %{customdata[0]}",
            ),
        )
    )
    fig.update_xaxes(type="log", tickformat="~%")
    return fig


def activation_histogram(
    edges: Sequence[float], counts: Sequence[int], threshold: float, *, height: int = 260
) -> theme.Figure:
    """Maximum activation per row: bars above the threshold in the accent, below it grey."""
    fig = theme.figure(height=height, x="maximum activation in the row", y="rows")
    middles = (np.asarray(edges[:-1], dtype=float) + np.asarray(edges[1:], dtype=float)) / 2
    colours = [theme.ACCENT if middle > threshold else theme.POOL for middle in middles]
    hover = "%{y:,} rows<br>activation %{customdata[0]:.2f} to %{customdata[1]:.2f}"
    fig.add_trace(traces.histogram(edges, counts, colours, hover=hover))
    theme.threshold_line(fig, threshold)
    fig.update_layout(margin={"t": 30})
    return fig


def places(
    groups: Sequence[tuple[str, pa.Table]], lengths: Sequence[tuple[float, float, int, int]], overall: float
) -> theme.Figure:
    """Share of each cluster, source and length group that has the feature; the line is the share of all responses.

    `groups` are tables (name, n, size, share, lift) by kind; `lengths` (from, to, rows, rows with it) in tokens.
    """
    panels: list[tuple[str, go.Bar]] = []
    for kind, table in groups:
        names = [theme.plain(name if name not in (None, "") else "(none)", 26) for name in table["name"].to_pylist()]
        data = list(zip(*(table[name].to_pylist() for name in ("n", "size", "lift")), strict=True))
        panels.append((f"share of the {kind}", _shares(names, table["share"].to_pylist(), data, overall)))
    shares = [having / size if size else 0.0 for _, _, size, having in lengths]
    lifts = [share / overall if overall else 0.0 for share in shares]
    data = [(having, size, lift) for (*_, size, having), lift in zip(lengths, lifts, strict=True)]
    spans = [f"{low:,.0f}–{high:,.0f}" for low, high, _, _ in lengths]
    panels.append(("share of responses of that length (tokens)", _shares(spans, shares, data, overall)))
    most = max([4, *(table.num_rows for _, table in groups)])
    return _side_by_side(panels, overall, height=90 + 24 * most)


def _side_by_side(panels: Sequence[tuple[str, go.Bar]], overall: float, *, height: int) -> theme.Figure:
    """Horizontal bars in panels with one axis title each; made in one piece, which is quicker than adding axes."""
    layout = {**theme.layout(height=height), "shapes": []}
    gap = 0.13
    width = (1 - gap * (len(panels) - 1)) / len(panels)
    for number, (title, bars) in enumerate(panels, 1):
        suffix = "" if number == 1 else str(number)
        start = (number - 1) * (width + gap)
        across = {"domain": [start, min(1.0, start + width)], "tickformat": "~%", "nticks": 5, "rangemode": "tozero"}
        down = {"autorange": "reversed", "type": "category", "ticksuffix": " ", "showgrid": False}
        layout[f"xaxis{suffix}"] = theme.axis(title, anchor=f"y{suffix}", **across)
        layout[f"yaxis{suffix}"] = theme.axis(anchor=f"x{suffix}", **down)
        line = {**theme.upright(overall), "xref": f"x{suffix}", "yref": f"y{suffix} domain"}
        layout["shapes"].append(line)
        bars.xaxis, bars.yaxis = f"x{suffix}", f"y{suffix}"
    return go.Figure([bars for _, bars in panels], layout)


def _shares(
    names: Sequence[str], shares: Sequence[float], data: Sequence[tuple[int, int, float]], overall: float
) -> go.Bar:
    colours = [theme.ACCENT if share > overall else theme.POOL for share in shares]
    hover = theme.hover(
        "%{y}", "%{customdata[0]:,} of %{customdata[1]:,} responses (%{x:.1%})", "lift %{customdata[2]:.2f}"
    )
    return traces.bars(names, shares, colours, customdata=list(data), hover=hover)


def directions(table: pa.Table, *, by: str, height: int = 620) -> theme.Figure:
    """Map of the decoder directions, one point per feature: neighbours write similar vectors into the model.

    `by` colours the points: share (log), r with length, or label source. A click selects one; `customdata[0]` its id.
    """
    fig = theme.figure(height=height, legend=by == "label source")
    ids = table["feature_id"].to_pylist()
    labels = [theme.plain(label or "no label") for label in table["label"].to_pylist()]
    shares, x, y = (table[name].to_numpy() for name in ("share", "x", "y"))
    hover = theme.hover("%{customdata[1]}", "in %{customdata[2]:.2%} of responses", "feature %{customdata[0]}")
    for name, inside, marker in _direction_groups(table, by):
        data = [[ids[i], labels[i], float(shares[i])] for i in inside]
        fig.add_trace(
            traces.points(x[inside], y[inside], {"size": 6, **marker}, hover=hover, name=name, customdata=data)
        )
    theme.hide_axes(fig)
    fig.update_layout(dragmode="pan")
    return fig


def _direction_groups(table: pa.Table, by: str) -> list[tuple[str, np.ndarray, dict]]:
    """Traces of the map of directions: name, positions in the table, marker."""
    if by == "label source":
        sources = np.array([source or "none" for source in table["label_source"].to_pylist()])
        return [
            (source, np.flatnonzero(sources == source), {"color": theme.CATEGORIES[number % 8]})
            for number, source in enumerate(sorted(set(sources.tolist())))
        ]
    if by == "r with length":
        corr = np.nan_to_num(table["length_corr"].to_numpy(zero_copy_only=False).astype(float))
        marker = {**traces.shaded(corr, theme.DIVERGING, R_BOUND), "colorbar": theme.colour_bar(f"{by}<br>")}
    else:
        powers = range(-5, 1)
        names = [f"{100 * 10.0**power:g}%" for power in powers]
        bar = theme.colour_bar(f"{by}<br>", tickvals=list(powers), ticktext=names)
        shares = np.log10(np.maximum(table["share"].to_numpy(), 1e-5))
        colours = theme.MAGNITUDE[0][:4]  # the darkest is lost on a dark ground
        marker = {**traces.shaded(shares, colours), "colorbar": bar}
    return [("", np.arange(table.num_rows), marker)]


def contrast(
    features: Sequence[tuple[int, str, float, float, float]], names: tuple[str, str], *, height: int = 460
) -> theme.Figure:
    """Share of group A and of group B with each feature: (id, label, share in A, share in B, z).

    Features above the diagonal are more common in A; a click selects a point, `customdata[0]` is its id.
    """
    a, b = (theme.plain(name, 40) for name in names)
    fig = theme.figure(height=height, x=f"share of {b}", y=f"share of {a}")
    z = np.array([row[4] for row in features], dtype=float)
    bound = max(1.0, float(np.quantile(np.abs(z), 0.98))) if len(z) else 1.0
    fig.add_trace(
        traces.points(
            [row[3] for row in features],
            [row[2] for row in features],
            traces.shaded(z, theme.DIVERGING, bound),
            customdata=[[row[0], theme.plain(row[1]), row[4]] for row in features],
            hover=theme.hover(
                "%{customdata[1]}",
                f"{a}: %{{y:.1%}}",
                f"{b}: %{{x:.1%}}",
                "z %{customdata[2]:.1f}",
                "feature %{customdata[0]}",
            ),
        )
    )
    top = max([0.01, *(max(row[2], row[3]) for row in features)]) * 1.04
    fig.add_shape(type="line", x0=0, y0=0, x1=top, y1=top, line={"width": 1, "dash": "dot", "color": theme.GREY})
    for update in (fig.update_xaxes, fig.update_yaxes):
        update(tickformat="~%", range=[-0.01 * top, top])
    return fig
