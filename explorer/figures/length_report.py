"""The length analysis as blocks of a report: its sentences, plots and tables."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from explorer.figures import length as figures
from explorer.figures.report import Block, Heading, Note, Plot, Table

_POINTS = 20_000  # of the scatter: a report is a file to send, not the dataset
_ROWS = 25


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
        tokens: Response tokens of each sample [N].
        features: Active features of each sample at the threshold of `result` [N].
        words: First words of each sample, plain.
        source: Group of each sample, largest first, and the names, to colour the points by.
    """
    curve, thresholds = result["curve"], column(result["curve"], "threshold")
    some = np.arange(len(tokens))[:: max(1, -(-len(tokens) // _POINTS))]
    groups = None if source is None else (source[0][some], source[1])
    scatter = figures.scatter(
        tokens[some],
        features[some],
        [str(words[i]) for i in some.tolist()],
        segment=result["segment"],
        groups=groups,
        curves=fitted(tokens, result["trend"], result["fits"]["linear"]),
        height=460,
    )
    drawn = "" if len(some) == len(tokens) else f" {len(some):,} of {len(tokens):,} samples are drawn, evenly picked."
    by_threshold = figures.r_curve(
        thresholds,
        column(curve, "pearson"),
        column(curve, "spearman"),
        threshold=result["threshold"],
        interval=(column(curve, "pearson_low"), column(curve, "pearson_high")),
        height=340,
    )
    out: list[Block] = [result["summary"], *[Note(text) for text in result["warnings"]]]
    out += [
        Plot(scatter, "length-scatter", f"One point a sample: response length against active features.{drawn}"),
        Heading("How much hangs on the threshold?"),
        Plot(
            by_threshold, "length-r-by-threshold", "r at each threshold, with the 95 % bootstrap interval of Pearson's."
        ),
        _statistics(result),
    ]
    out += _by_source(result, thresholds)
    if result["coverage"]:
        out += _coverage(result)
    out += [Heading("Which rows are off the trend?"), *_off(result, words)]
    return out


def column(rows: Sequence[Mapping[str, Any]], name: str) -> np.ndarray:
    """Return one column of JSON rows as float64, null as NaN."""
    return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=float)


def fitted(x: np.ndarray, trend: Mapping[str, Any], line: Mapping[str, Any]) -> list[figures.Curve]:
    """Return the trend of most rows and the straight line over all lengths, as curves of a scatter."""
    at = np.unique(np.concatenate([np.linspace(0, float(x.max(initial=1)), 200), np.geomspace(1, 100, 40)]))
    straight = line["a"] * at + line["b"]
    usual = trend["a"] * at + trend["b"] if trend["kind"] == "linear" else trend["a"] * -np.expm1(-at / trend["b"])
    name = "line through most rows" if trend["kind"] == "linear" else "saturating curve through most rows"
    return [(name, at, usual), ("line through all rows", at, straight)]


def _statistics(result: Mapping[str, Any]) -> Table:
    rows = [
        ["Pearson r, tokens", *(result[f"pearson{end}"] for end in ("", "_low", "_high"))],
        ["Spearman's rho, tokens", *(result[f"spearman{end}"] for end in ("", "_low", "_high"))],
    ]
    for factor, found in result["partial"].items():
        rows.append([f"Partial r given the {factor}", *(found[f"pearson{end}"] for end in ("", "_low", "_high"))])
    rows.append(["Pearson r, characters", result["pearson_chars"], None, None])
    rows.append(["Pearson r, log of tokens", result["pearson_log"], None, None])
    rows.append(["The paper's r", result["paper"], None, None])
    return Table(["statistic", "value", "95 % low", "95 % high"], rows, f"At threshold {result['threshold']:g}.")


def _by_source(result: Mapping[str, Any], thresholds: np.ndarray) -> list[Block]:
    largest = sorted(result["per_source"], key=lambda one: -one["samples"])
    if not largest:
        return []
    curves = result["source_curves"]
    groups = [
        (one["source"], [column(curves[one["source"]], f"pearson{end}") for end in ("", "_low", "_high")])
        for one in largest[: figures.PANELS]
    ]
    panels = figures.r_curves(thresholds, groups)
    rows = [[one["source"] or "(none)", one["samples"], *_three(one)] for one in largest]
    return [
        Heading("Does it hold inside each source?"),
        Plot(panels, "length-r-by-source", "r inside each source at each threshold, with its 95 % bootstrap interval."),
        Table(["source", "samples", "r", "95 % low", "95 % high"], rows),
    ]


def _three(one: Mapping[str, Any]) -> list[Any]:
    return [one["pearson"], one["pearson_low"], one["pearson_high"]]


def _coverage(result: Mapping[str, Any]) -> list[Block]:
    part = result["decomposition"]
    rows = part["rows"] if part else None
    plot = figures.token_coverage(result["coverage"], rows=rows)
    caption = f"Share of the active features that are covered. A dot: the first {rows:,} rows of a method."
    crossed = result["crossings"]
    said = f"At equal tokens: {'; '.join(crossed)}." if crossed else "At equal tokens no method overtakes another."
    return [
        Heading("What does a budget of tokens buy?"),
        said,
        Plot(plot, "length-coverage-by-tokens", caption if rows else ""),
        decomposition_table(result["decompositions"]),
        Plot(figures.growth(result["growth"]), "length-growth", "What the next 1,000 tokens of a response add."),
    ]


def decomposition_table(parts: Sequence[Mapping[str, Any]]) -> Table:
    """Coverage at some numbers of rows, of each choice and of random rows of the same lengths or tokens."""
    percent = [
        [f"{part['rows']:,}"]
        + [
            f"{part[name]:.1%}"
            for name in ("greedy", "greedy_matched", "longest", "longest_matched", "random", "random_same_tokens")
        ]
        + [
            "–" if part[name] is None else f"{part[name] + 0.0:.0%}".replace("-0%", "0%")
            for name in ("length_share", "longest_remains")
        ]
        for part in parts
    ]
    head = [
        "rows",
        "greedy",
        "random, greedy's lengths",
        "longest",
        "random, longest's lengths",
        "random",
        "random, tokens of the longest",
        "length in greedy's advantage",
        "of longest's advantage remains",
    ]
    said = (
        "Features covered. Lengths are matched in 20 bins of equally many rows: the longest 5 % are one bin, so there "
        "nothing can remain."
    )
    return Table(head, percent, said)


def _off(result: Mapping[str, Any], words: Sequence[str]) -> list[Block]:
    out: list[Block] = []
    for key, title in (("feature_poor", "Long but poor in features"), ("feature_rich", "Short but rich in features")):
        rows = [
            [
                one["sample_id"],
                one["tokens"],
                one["features"],
                one["expected"],
                html.unescape(str(words[one["sample_id"]])),
            ]
            for one in result["residuals"][key][:_ROWS]
        ]
        if rows:
            out.append(Table(["row", "tokens", "features", "expected", "prompt"], rows, title))
    return out or ["None."]
