"""Figures of the length analysis: features against length, r against the threshold, coverage against tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from explorer.figures import theme, traces
from explorer.length.summary import PAPER_R

PANELS = 12  # small multiples
_PER_PANEL = 500  # points
_R_HOVER = "%{fullData.name}: r = %{y:.3f} at threshold %{x:.3g}"
_CURVE_NAMES = {
    "length-matched-random": "random, lengths of greedy",
    "sae-greedselect": "greedy",
    "sae-greedselect-per-token": "greedy per token",
    "sae-simscale": "SimScale",
}
Curve = tuple[str, np.ndarray, np.ndarray]  # name, x, y


def where(segment: str) -> str:
    """Return the text whose features are counted, in words."""
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
) -> theme.Figure:
    """Response length against active features, one point per row.

    Args:
        tokens: Length of each response.
        features: Active features of each row.
        words: First words of each row.
        segment: Whose features are counted.
        groups: Group number of each row (largest group first) and the names; they colour the points.
        curves: Fitted lines over lengths in tokens.
        height: In pixels.
    """
    y = f"features active in {where(segment)}"
    fig = theme.figure(height=height, x="response length (tokens)", y=y, legend=True)
    counts = features.astype(np.int32)
    many = len(tokens) > 20_000
    look = {"size": 3.5 if many else 5 if len(tokens) > 2_000 else 6, "opacity": 0.45 if many else 0.6}
    hover = theme.hover("%{hovertext}", "%{x:,} tokens, %{y:,} features")
    for name, inside, colour in _groups(len(tokens), groups):
        text = [theme.plain(words[i], 60) for i in inside.tolist()]
        x = tokens[inside].astype(np.int32)
        marker = {"color": colour, **look}
        fig.add_trace(traces.points(x, counts[inside], marker, name=name, hover=hover, hovertext=text))
    for number, (name, x, y) in enumerate(curves):
        line = {"color": theme.ACCENT, "dash": "solid" if number == 0 else "dot"}
        fig.add_trace(traces.curve(x, y, line, name=name))
    most = float(counts.max(initial=1))
    fig.update_yaxes(range=[-0.02 * most, 1.05 * most])
    return fig


def _groups(n: int, groups: tuple[np.ndarray, Sequence[str]] | None) -> Iterator[tuple[str, np.ndarray, str]]:
    """Traces of the scatter: name, positions of the rows, colour; groups past the last colour are one trace."""
    if groups is None:
        yield "", np.arange(n), theme.POOL
        return
    numbers, names = groups
    for k, (name, colour) in enumerate(zip(names, theme.CATEGORIES, strict=False)):
        yield name or "(none)", np.flatnonzero(numbers == k), colour
    shown = min(len(names), len(theme.CATEGORIES))
    others = np.flatnonzero((numbers >= shown) | (numbers < 0))
    if len(others):
        yield f"{len(names) - shown} others", others, theme.GREY


def r_curve(
    thresholds: np.ndarray,
    pearson: np.ndarray,
    spearman: np.ndarray,
    *,
    threshold: float,
    interval: tuple[np.ndarray, np.ndarray],
    partial: Mapping[str, np.ndarray] | None = None,
    height: int = 300,
) -> theme.Figure:
    """Correlation of length with feature count at each threshold; `partial` by factor."""
    fig = theme.figure(height=height, x="threshold (activation)", y="correlation r", legend=True)
    fig.add_traces(traces.band(thresholds, *interval, theme.BLUE))
    lines = [("Pearson", pearson, theme.BLUE, "solid"), ("Spearman", spearman, theme.ORANGE, "dashdot")]
    for number, (factor, values) in enumerate((partial or {}).items()):
        lines.append((f"given {factor}", values, (theme.GREEN, theme.PINK)[number % 2], "dash"))
    for name, values, colour, dash in lines:
        line = {"color": colour, "width": 2.2 if dash == "solid" else 1.6, "dash": dash}
        fig.add_trace(traces.curve(thresholds, values, line, name=name, hover=_R_HOVER))
    ends = [thresholds[0], thresholds[-1]]
    line = {"width": 1.2, "color": theme.GREY, "dash": "dot"}
    fig.add_trace(traces.curve(ends, [PAPER_R] * 2, line, name=f"paper {PAPER_R}"))
    theme.threshold_line(fig, threshold, foot="right" if threshold > float(np.mean(ends)) else "left")
    low, high = _r_range([values for _, values, _, _ in lines] + [interval[0]])
    fig.update_yaxes(range=[low - 0.1 * (high - low), high])  # the name of the threshold stands under the lines
    fig.update_layout(legend={"font": {"size": 11}, "itemwidth": 30, "entrywidth": 64, "traceorder": "normal"})
    return fig


def r_curves(
    thresholds: np.ndarray, groups: Sequence[tuple[str, Sequence[np.ndarray]]], *, width: int = 4
) -> theme.Figure:
    """One panel per group (name; r, low and high at each threshold), with the paper's r as a line.

    The figure does not depend on the chosen threshold, so the panels stand still while the slider moves.
    """
    titles = [theme.plain(name or "(none)", 30) for name, _ in groups]
    fig = _panels(titles, width, x="threshold", y="r")
    for number, (name, (r, low, high)) in enumerate(groups):
        line = {"color": theme.BLUE, "width": 2}
        curve = traces.curve(thresholds, r, line, name=name, hover=_R_HOVER)
        panel = [*traces.band(thresholds, low, high, theme.BLUE), curve]
        fig.add_traces(panel, rows=number // width + 1, cols=number % width + 1)
    line = {"width": 1, "color": theme.GREY, "dash": "dot"}
    paper = {"type": "line", "x0": 0, "x1": 1, "y0": PAPER_R, "y1": PAPER_R, "line": line}
    axes = [str(number + 1) if number else "" for number in range(len(groups))]
    fig.update_layout(shapes=[{**paper, "xref": f"x{axis} domain", "yref": f"y{axis}"} for axis in axes])
    fig.update_yaxes(range=_r_range([values for _, (r, low, _) in groups for values in (r, low)]))
    return fig


def small_multiples(
    x: np.ndarray,
    features: np.ndarray,
    groups: Sequence[tuple[str, np.ndarray, str]],
    *,
    curve: Curve | None = None,
    log: bool = False,
    width: int = 4,
) -> theme.Figure:
    """One panel per group (name, positions of its rows, subtitle) on the same axes; `curve` is the overall trend.

    At most 500 points per panel, evenly sampled from the group.
    """
    titles = [f"{theme.plain(name or '(none)', 26)}<br><sup>{theme.plain(text)}</sup>" for name, _, text in groups]
    fig = _panels(titles, width, x="tokens", y="features")
    lowest = 1.0 if log else -np.inf
    shown = np.maximum(x, lowest)
    for number, (_, inside, _) in enumerate(groups):
        some = inside[:: max(1, -(-len(inside) // _PER_PANEL))]
        marker = {"color": theme.CATEGORIES[number % len(theme.CATEGORIES)], "size": 4, "opacity": 0.55}
        hover = "%{x:,} tokens, %{y:,} features"
        panel: list[Any] = [
            traces.points(shown[some].astype(np.float32), features[some].astype(np.int32), marker, hover=hover)
        ]
        if curve is not None:
            line = {"color": theme.ACCENT, "width": 1.4}
            panel.append(traces.curve(np.maximum(curve[1], lowest), curve[2], line))
        fig.add_traces(panel, rows=number // width + 1, cols=number % width + 1)
    ends = np.array([float(shown.min(initial=1)), float(np.quantile(shown, 0.995)) if len(shown) else 1.0])
    if log:
        fig.update_xaxes(type="log")
        ends = np.log10(np.maximum(ends, 1.0))
    room = 0.03 * (ends[1] - ends[0])
    fig.update_xaxes(range=[ends[0] - room, ends[1] + room])
    fig.update_yaxes(range=[0, 1.05 * float(np.quantile(features, 0.999)) if len(features) else 1])
    return fig


def token_coverage(
    curves: Mapping[str, Mapping[str, Any]], *, rows: int | None = None, height: int = 400
) -> theme.Figure:
    """Coverage by tokens spent, one curve per method (`coverage`, `tokens`, `rows` of each).

    A dot marks the first `rows` rows of each method.
    """
    fig = theme.figure(height=height, x="response tokens spent (log scale)", y="features covered", legend=True)
    for slug, curve in curves.items():
        per_token = slug.endswith("per-token")
        colour = theme.method_colour("sae-greedselect" if per_token else slug)
        name = _CURVE_NAMES.get(slug, slug)
        dash = "dot" if slug.endswith("random") else "dash" if per_token else "solid"
        hover = f"{name}: %{{y:.1%}} with %{{x:,}} tokens, %{{customdata:,}} rows"
        tokens, shares = np.maximum(curve["tokens"], 1), np.asarray(curve["coverage"])
        line, data = {"color": colour, "dash": dash}, np.asarray(curve["rows"])
        fig.add_trace(traces.curve(tokens, shares, line, name=name, hover=hover, customdata=data))
        if rows in curve["rows"]:
            at = list(curve["rows"]).index(rows)
            hover = f"{name}: %{{y:.1%}} with the first {rows:,} rows, %{{x:,}} tokens"
            fig.add_trace(traces.dots([tokens[at]], [shares[at]], {"color": colour}, hover=hover))
    fig.update_xaxes(type="log")
    fig.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return fig


def growth(bins: Sequence[Mapping[str, Any]], *, height: int = 300) -> theme.Figure:
    """Features per 1,000 tokens by response length: on average so far, and in the next tokens."""
    x = "response length (tokens, log scale)"
    fig = theme.figure(height=height, x=x, y="features per 1,000 tokens", legend=True)
    known = [each for each in bins if each["mean_tokens"]]
    lengths = [each["mean_tokens"] for each in known]
    hover = "%{fullData.name}: %{y:,.0f} features per 1,000 tokens at %{x:,.0f} tokens"
    for name, key, colour, dash in (
        ("all tokens so far", "per_1000", theme.GREY, "dash"),
        ("the next tokens", "marginal", theme.BLUE, "solid"),
    ):
        line = {"color": colour, "dash": dash}
        values = [each[key] for each in known]
        fig.add_trace(traces.curve(lengths, values, line, name=name, hover=hover, mode="lines+markers"))
    fig.update_xaxes(type="log")
    fig.update_yaxes(rangemode="tozero")
    return fig


def _panels(titles: Sequence[str], width: int, *, x: str, y: str) -> theme.Figure:
    from plotly.subplots import make_subplots

    rows = max(1, -(-len(titles) // width))
    shared: Any = "all"
    fig = make_subplots(
        rows=rows,
        cols=width,
        subplot_titles=titles,
        shared_xaxes=shared,
        shared_yaxes=shared,
        horizontal_spacing=0.02,
        vertical_spacing=0.3 / rows,
    )
    fig.update_layout(
        theme.layout(height=90 + 190 * rows) | {"template": None, "margin": {"l": 8, "r": 8, "t": 46, "b": 8}}
    )
    for update in (fig.update_xaxes, fig.update_yaxes):
        update(theme.axis() | {"title": None})
    fig.update_xaxes(title={"text": x, "standoff": 4}, row=rows)
    fig.update_yaxes(title={"text": y, "standoff": 4}, col=1)
    fig.update_annotations(font={"size": 12})
    return fig


def _r_range(curves: Sequence[np.ndarray]) -> list[float]:
    """Return the range of an axis of r that shows all of the curves."""
    values = np.concatenate(curves) if curves else np.empty(0)
    low = float(np.nanmin(values)) if np.isfinite(values).any() else 0.0
    return [max(-1.02, low - 0.05), 1.02]
