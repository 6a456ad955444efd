"""Figures of the length laboratory: features against length, how r depends on the threshold, what tokens buy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from explorer.figures import theme

PAPER_R = 0.92  # Pearson r that the seed paper reports for its own data and SAE
PEARSON, SPEARMAN, PARTIAL = "#0072B2", "#E69F00", "#009E73"
PANELS = 12  # small multiples
_PER_PANEL = 500  # points
_CURVE_NAMES = {
    "longest": "longest",
    "random": "random",
    "length-matched-random": "random, greedy's lengths",
    "sae-greedselect": "greedy",
    "sae-greedselect-per-token": "greedy per token",
    "sae-simscale": "SimScale",
}
Curve = tuple[str, np.ndarray, np.ndarray]


def where(segment: str) -> str:
    """Return whose features are counted, in words."""
    return {"response": "the response", "prompt": "the prompt"}.get(segment, "prompt and response")


def scatter(
    tokens: np.ndarray,
    features: np.ndarray,
    words: Sequence[str],
    *,
    segment: str = "response",
    groups: tuple[np.ndarray, Sequence[str]] | None = None,
    curves: Sequence[Curve] = (),
    height: int = 480,
) -> go.Figure:
    """One point a sample: response length against active features.

    Args:
        tokens: Length of each response.
        features: Active features of each sample.
        words: First words of each sample, already plain (`theme.plain`).
        segment: Whose features are counted.
        groups: Number of the group of each sample (largest group first) and the names; they colour the points.
        curves: Fitted lines: name, lengths, features.
        height: In pixels.
    """
    fig = theme.figure(
        height=height, x="response length (tokens)", y=f"features active in {where(segment)}", legend=True
    )
    counts = features.astype(np.int32)
    size = 3.5 if len(tokens) > 20_000 else 5 if len(tokens) > 2_000 else 6
    for name, inside, colour in _parts(len(tokens), groups):
        fig.add_trace(
            go.Scattergl(
                x=tokens[inside].astype(np.int32),
                y=counts[inside],
                mode="markers",
                name=name,
                showlegend=bool(name),
                hovertext=[words[i] for i in inside.tolist()],
                marker={"size": size, "opacity": 0.45 if len(tokens) > 20_000 else 0.6, "color": colour},
                hovertemplate="<b>%{hovertext}</b><br>%{x:,} tokens, %{y:,} features<extra></extra>",
            )
        )
    for number, (name, at, y) in enumerate(curves):
        line = {"color": theme.ACCENT, "width": 2.2, "dash": "solid" if number == 0 else "dot"}
        fig.add_trace(go.Scatter(x=at, y=y, mode="lines", name=name, line=line, hoverinfo="skip"))
    most = float(counts.max(initial=1))
    fig.update_yaxes(range=[-0.02 * most, 1.05 * most])
    return fig


def _parts(n: int, groups: tuple[np.ndarray, Sequence[str]] | None) -> list[tuple[str, np.ndarray, str]]:
    """Traces: name, positions, colour."""
    if groups is None:
        return [("", np.arange(n), theme.POOL)]
    numbers, names = groups
    shown = names[: len(theme.CATEGORIES)]
    parts = [
        (theme.plain(name or "(none)", 28), np.flatnonzero(numbers == k), theme.CATEGORIES[k])
        for k, name in enumerate(shown)
    ]
    rest = np.flatnonzero((numbers >= len(shown)) | (numbers < 0))
    if len(rest):
        parts.append((f"{len(names) - len(shown)} others", rest, theme.POOL_SOLID))
    return parts


def r_curve(
    thresholds: np.ndarray,
    pearson: np.ndarray,
    spearman: np.ndarray,
    *,
    threshold: float,
    interval: tuple[np.ndarray, np.ndarray],
    partial: Mapping[str, np.ndarray] | None = None,
    height: int = 300,
) -> go.Figure:
    """Correlation of length with feature count as the threshold moves; `partial` by factor; the threshold dashed."""
    fig = theme.figure(height=height, x="threshold (activation)", y="correlation r", legend=True)
    _band(fig, thresholds, interval)
    lines = [("Pearson", pearson, PEARSON, "solid"), ("Spearman", spearman, SPEARMAN, "dashdot")]
    for number, (factor, values) in enumerate((partial or {}).items()):
        lines.append((f"given {factor}", values, (PARTIAL, "#CC79A7")[number % 2], "dash"))
    for name, values, colour, dash in lines:
        fig.add_trace(
            go.Scatter(
                x=thresholds,
                y=values,
                mode="lines",
                name=name,
                line={"color": colour, "width": 2.2 if dash == "solid" else 1.6, "dash": dash},
                hovertemplate=f"{name} r = %{{y:.3f}} at threshold %{{x:.3g}}<extra></extra>",
            )
        )
    line = {"width": 1.2, "color": theme.TEXT_MUTED, "dash": "dot"}
    ends = [thresholds[0], thresholds[-1]]
    paper = f"paper {PAPER_R}"
    fig.add_trace(go.Scatter(x=ends, y=[PAPER_R] * 2, mode="lines", name=paper, line=line, hoverinfo="skip"))
    theme.threshold_line(fig, threshold, foot="right" if threshold > float(np.mean(ends)) else "left")
    known = np.concatenate([values for _, values, _, _ in lines] + [interval[0]])
    low, high = _r_range(known)
    fig.update_yaxes(range=[low - 0.1 * (high - low), high])  # the name of the threshold stands under the lines
    fig.update_layout(legend={"font": {"size": 11}, "itemwidth": 30, "entrywidth": 64, "traceorder": "normal"})
    return fig


def r_curves(
    thresholds: np.ndarray,
    groups: Sequence[tuple[str, Sequence[np.ndarray]]],
    *,
    width: int = 4,
) -> go.Figure:
    """One panel a group (name; r, low and high along the thresholds): r with its interval, and the paper's line.

    The same at every threshold, so that the panels stand still while the slider moves.
    """
    fig = _panels([name for name, _ in groups], width, x="threshold", y="r")
    known = []
    for number, (name, (r, low, high)) in enumerate(groups):
        row, column = number // width + 1, number % width + 1
        _band(fig, thresholds, (low, high), row=row, col=column)
        fig.add_trace(
            go.Scatter(
                x=thresholds,
                y=r,
                mode="lines",
                line={"color": PEARSON, "width": 2},
                hovertemplate=f"{theme.plain(name, 28)}: r = %{{y:.3f}} at threshold %{{x:.3g}}<extra></extra>",
            ),
            row=row,
            col=column,
        )
        known += [r, low]
    line = {"width": 1, "color": theme.TEXT_MUTED, "dash": "dot"}
    paper = {"type": "line", "x0": 0, "x1": 1, "y0": PAPER_R, "y1": PAPER_R, "line": line}
    axes = [str(number + 1) if number else "" for number in range(len(groups))]
    fig.update_layout(shapes=[{**paper, "xref": f"x{axis} domain", "yref": f"y{axis}"} for axis in axes])
    fig.update_yaxes(range=_r_range(np.concatenate(known)) if known else None)
    return fig


def small_multiples(
    x: np.ndarray,
    features: np.ndarray,
    groups: Sequence[tuple[str, np.ndarray, str]],
    *,
    curve: Curve | None = None,
    log: bool = False,
    width: int = 4,
) -> go.Figure:
    """One panel a group (name, its positions, what to say of it), all with the same axes; `curve` is the overall trend.

    At most 500 points a panel, evenly picked from the group.
    """
    titles = [f"{theme.plain(name or '(none)', 26)}<br><sup>{theme.plain(said)}</sup>" for name, _, said in groups]
    fig = _panels(titles, width, x="tokens", y="features", plain=True)
    shown = np.maximum(x, 1.0) if log else x
    for number, (_, inside, _) in enumerate(groups):
        row, column = number // width + 1, number % width + 1
        some = inside[:: max(1, -(-len(inside) // _PER_PANEL))]
        marker = {"color": theme.CATEGORIES[number % len(theme.CATEGORIES)], "size": 4, "opacity": 0.55}
        points = go.Scattergl(
            x=shown[some].astype(np.float32),
            y=features[some].astype(np.int32),
            mode="markers",
            marker=marker,
            hovertemplate="%{x:,} long, %{y:,} features<extra></extra>",
        )
        fig.add_trace(points, row=row, col=column)
        if curve is not None:
            line = {"color": theme.ACCENT, "width": 1.4}
            at = np.maximum(curve[1], 1.0) if log else curve[1]
            fig.add_trace(go.Scatter(x=at, y=curve[2], mode="lines", line=line, hoverinfo="skip"), row=row, col=column)
    ends = np.array([float(shown.min(initial=1)), float(np.quantile(shown, 0.995)) if len(shown) else 1.0])
    if log:
        fig.update_xaxes(type="log")
        ends = np.log10(np.maximum(ends, 1.0))
    fig.update_xaxes(range=[ends[0] - 0.03 * (ends[1] - ends[0]), ends[1] + 0.03 * (ends[1] - ends[0])])
    fig.update_yaxes(range=[0, 1.05 * float(np.quantile(features, 0.999)) if len(features) else 1])
    return fig


def token_coverage(curves: Mapping[str, Mapping[str, Any]], *, rows: int | None = None, height: int = 400) -> go.Figure:
    """Coverage against the tokens spent, one line a method (`coverage`, `tokens`, `rows` of each curve).

    `rows` marks where each method has taken so many rows.
    """
    fig = theme.figure(height=height, x="response tokens spent (log scale)", y="features covered", legend=True)
    for slug, curve in curves.items():
        matched, per_token = slug == "length-matched-random", slug.endswith("per-token")
        colour = theme.method_colour("sae-greedselect" if per_token else slug)
        dash = "dot" if matched or slug == "random" else "dash" if per_token else "solid"
        name = _CURVE_NAMES.get(slug, slug)
        fig.add_trace(
            go.Scatter(
                x=np.maximum(np.asarray(curve["tokens"]), 1),
                y=np.asarray(curve["coverage"]),
                mode="lines",
                name=name,
                customdata=np.asarray(curve["rows"]),
                line={"color": colour, "width": 2.2, "dash": dash},
                hovertemplate=f"{name}: %{{y:.1%}} with %{{x:,}} tokens, %{{customdata:,}} rows<extra></extra>",
            )
        )
        if rows in curve["rows"]:
            at = list(curve["rows"]).index(rows)
            fig.add_trace(
                go.Scatter(
                    x=[curve["tokens"][at]],
                    y=[curve["coverage"][at]],
                    mode="markers",
                    marker={"color": colour, "size": 9, "line": {"width": 0}},
                    showlegend=False,
                    hovertemplate=f"{name}: %{{y:.1%}} with the first {rows:,} rows, %{{x:,}} tokens<extra></extra>",
                )
            )
    fig.update_xaxes(type="log")
    fig.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return fig


def growth(bins: Sequence[Mapping[str, Any]], *, height: int = 300) -> go.Figure:
    """Features per 1,000 tokens as responses grow: on average, and what the next tokens bring."""
    fig = theme.figure(
        height=height, x="response length (tokens, log scale)", y="features per 1,000 tokens", legend=True
    )
    known = [b for b in bins if b["mean_tokens"]]
    for name, key, colour, dash in (
        ("all tokens so far", "per_1000", theme.POOL_SOLID, "dash"),
        ("the next tokens", "marginal", PEARSON, "solid"),
    ):
        fig.add_trace(
            go.Scatter(
                x=[b["mean_tokens"] for b in known],
                y=[b[key] for b in known],
                mode="lines+markers",
                name=name,
                line={"color": colour, "width": 2.2, "dash": dash},
                hovertemplate=f"{name}: %{{y:,.0f}} features per 1,000 tokens at %{{x:,.0f}} tokens<extra></extra>",
            )
        )
    fig.update_xaxes(type="log")
    fig.update_yaxes(rangemode="tozero")
    return fig


def _band(fig: go.Figure, x: np.ndarray, interval: tuple[np.ndarray, np.ndarray], **place: Any) -> None:
    for edge, fill in zip(interval, (None, "tonexty"), strict=True):
        trace = go.Scatter(
            x=x,
            y=edge,
            mode="lines",
            fill=fill,
            fillcolor="rgba(0,114,178,0.2)",
            line={"width": 0},
            showlegend=False,
            hoverinfo="skip",
        )
        fig.add_trace(trace, **place)


def _panels(titles: Sequence[str], width: int, *, x: str, y: str, plain: bool = False) -> go.Figure:
    from plotly.subplots import make_subplots

    rows = max(1, -(-len(titles) // width))
    shown = titles if plain else [theme.plain(title or "(none)", 30) for title in titles]
    shared: Any = "all"
    fig = make_subplots(
        rows=rows,
        cols=width,
        subplot_titles=shown,
        shared_xaxes=shared,
        shared_yaxes=shared,
        horizontal_spacing=0.02,
        vertical_spacing=0.3 / rows,
    )
    style = theme.figure(height=90 + 190 * rows)
    fig.update_layout(style.layout.to_plotly_json() | {"template": None, "margin": {"l": 8, "r": 8, "t": 46, "b": 8}})
    axis = {"gridcolor": theme.FAINT, "zeroline": False, "automargin": True, "linecolor": theme.FAINT, "title": None}
    fig.update_xaxes(**axis)
    fig.update_yaxes(**axis)
    for column in range(1, width + 1):
        fig.update_xaxes(title={"text": x, "standoff": 4}, row=rows, col=column)
    for row in range(1, rows + 1):
        fig.update_yaxes(title={"text": y, "standoff": 4}, row=row, col=1)
    fig.update_annotations(font={"size": 12})
    return fig


def _r_range(known: np.ndarray) -> list[float]:
    known = known[np.isfinite(known)]
    low = float(known.min()) if len(known) else 0.0
    return [max(-1.02, low - 0.05), 1.02]
