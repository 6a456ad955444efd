"""The length analysis as blocks of a report: its sentences, plots and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from explorer.figures import length as figures
from explorer.figures.report import Block, Heading, Note, Plot, Table
from explorer.text import one_line

_POINTS = 20_000  # of the scatter: a report is a file to send, not the dataset
_ROWS = 25
_ENDS = ("", "_low", "_high")


def blocks(
    result: Mapping[str, Any],
    tokens: np.ndarray,
    features: np.ndarray,
    words: Sequence[str],
    source: tuple[np.ndarray, Sequence[str]] | None = None,
) -> list[Block]:
    """Return the report of one analysis.

    Args:
        result: `asdict` of the pipeline's `LengthResult`.
        tokens: Response tokens of each row [N].
        features: Active features of each row at the threshold of `result` [N].
        words: First words of each row.
        source: Group of each row, largest first, and the names, to colour the points by.
    """
    return [
        result["summary"],
        *[Note(text) for text in result["warnings"]],
        _scatter(result, tokens, features, words, source),
        Heading("Sensitivity to the threshold"),
        _r_by_threshold(result),
        _statistics(result),
        *_by_source(result),
        *_coverage(result),
        Heading("Outliers"),
        *_outliers(result, words),
    ]


def column(rows: Sequence[Mapping[str, Any]], name: str) -> np.ndarray:
    """Return one column of JSON rows as float64, null as NaN."""
    return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=float)


def fitted(x: np.ndarray, trend: Mapping[str, Any], line: Mapping[str, Any]) -> list[figures.Curve]:
    """Return the trend of most rows and the straight line through all rows, as curves of a scatter."""
    at = np.unique(np.concatenate([np.linspace(0, float(x.max(initial=1)), 200), np.geomspace(1, 100, 40)]))
    straight = line["a"] * at + line["b"]
    usual = trend["a"] * at + trend["b"] if trend["kind"] == "linear" else trend["a"] * -np.expm1(-at / trend["b"])
    name = "line through most rows" if trend["kind"] == "linear" else "saturating curve through most rows"
    return [(name, at, usual), ("line through all rows", at, straight)]


def decomposition_table(parts: Sequence[Mapping[str, Any]]) -> Table:
    """Coverage at several numbers of rows: each selection, and random rows of the same lengths or tokens."""
    covered = {
        "greedy": "greedy",
        "greedy_matched": "random, lengths of greedy",
        "longest": "longest",
        "longest_matched": "random, lengths of longest",
        "random": "random",
        "random_same_tokens": "random, tokens of longest",
    }
    advantages = {
        "length_share": "greedy's advantage due to length",
        "longest_remains": "longest's advantage left at matched lengths",
    }
    rows = [
        [f"{part['rows']:,}"]
        + [f"{part[name]:.1%}" for name in covered]
        + ["–" if part[name] is None else f"{part[name] + 0.0:.0%}".replace("-0%", "0%") for name in advantages]
        for part in parts
    ]
    caption = (
        "Features covered. Lengths are matched in 20 bins of equally many rows: the longest 5% are one bin, so there "
        "no advantage can be left."
    )
    return Table(["rows", *covered.values(), *advantages.values()], rows, caption)


def _scatter(
    result: Mapping[str, Any],
    tokens: np.ndarray,
    features: np.ndarray,
    words: Sequence[str],
    source: tuple[np.ndarray, Sequence[str]] | None,
) -> Plot:
    some = np.arange(len(tokens))[:: max(1, -(-len(tokens) // _POINTS))]
    fig = figures.scatter(
        tokens[some],
        features[some],
        [words[int(i)] for i in some],
        segment=result["segment"],
        groups=None if source is None else (source[0][some], source[1]),
        curves=fitted(tokens, result["trend"], result["fits"]["linear"]),
        height=460,
    )
    sampled = "" if len(some) == len(tokens) else f" Shows {len(some):,} of {len(tokens):,} rows, evenly sampled."
    return Plot(fig, "length-scatter", f"Response length against active features, one point per row.{sampled}")


def _r_by_threshold(result: Mapping[str, Any]) -> Plot:
    curve = result["curve"]
    fig = figures.r_curve(
        column(curve, "threshold"),
        column(curve, "pearson"),
        column(curve, "spearman"),
        threshold=result["threshold"],
        interval=(column(curve, "pearson_low"), column(curve, "pearson_high")),
        height=340,
    )
    return Plot(fig, "length-r-by-threshold", "r at each threshold, with the 95% bootstrap interval of Pearson's r.")


def _estimate(values: Mapping[str, Any], name: str = "pearson") -> list[Any]:
    """Return a correlation with both ends of its interval."""
    return [values[f"{name}{end}"] for end in _ENDS]


def _statistics(result: Mapping[str, Any]) -> Table:
    rows = [
        ["Pearson r, tokens", *_estimate(result)],
        ["Spearman's rho, tokens", *_estimate(result, "spearman")],
        *([f"Partial r given the {factor}", *_estimate(values)] for factor, values in result["partial"].items()),
        ["Pearson r, characters", result["pearson_chars"], None, None],
        ["Pearson r, log of tokens", result["pearson_log"], None, None],
        ["Pearson r, the paper", result["paper"], None, None],
    ]
    return Table(["statistic", "value", "95% low", "95% high"], rows, f"At threshold {result['threshold']:g}.")


def _by_source(result: Mapping[str, Any]) -> list[Block]:
    sources = sorted(result["per_source"], key=lambda source: -source["samples"])
    if not sources:
        return []
    groups = []
    for name in [source["source"] for source in sources[: figures.PANELS]]:
        curve = result["source_curves"][name]
        groups.append((name, [column(curve, f"pearson{end}") for end in _ENDS]))
    panels = figures.r_curves(column(result["curve"], "threshold"), groups)
    rows = [[source["source"] or "(none)", source["samples"], *_estimate(source)] for source in sources]
    return [
        Heading("Within each source"),
        Plot(panels, "length-r-by-source", "r within each source at each threshold, with its 95% bootstrap interval."),
        Table(["source", "rows", "r", "95% low", "95% high"], rows),
    ]


def _coverage(result: Mapping[str, Any]) -> list[Block]:
    if not result["coverage"]:
        return []
    part, crossings = result["decomposition"], result["crossings"]
    rows = part["rows"] if part else None
    dot = f"Share of the active features covered. A dot marks the first {rows:,} rows of a method." if part else ""
    next_tokens = "Features added by the next 1,000 tokens of a response."
    return [
        Heading("Coverage per token"),
        f"At equal tokens: {'; '.join(crossings)}." if crossings else "At equal tokens no method overtakes another.",
        Plot(figures.token_coverage(result["coverage"], rows=rows), "length-coverage-by-tokens", dot),
        decomposition_table(result["decompositions"]),
        Plot(figures.growth(result["growth"]), "length-growth", next_tokens),
    ]


def _outliers(result: Mapping[str, Any], words: Sequence[str]) -> list[Block]:
    tables: list[Block] = []
    for key, title in (("feature_poor", "Long but poor in features"), ("feature_rich", "Short but rich in features")):
        rows = [
            [row["sample_id"], row["tokens"], row["features"], row["expected"], one_line(words[row["sample_id"]], 60)]
            for row in result["residuals"][key][:_ROWS]
        ]
        if rows:
            tables.append(Table(["row", "tokens", "features", "expected", "prompt"], rows, title))
    return tables or ["None."]
