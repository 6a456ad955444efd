"""The length analysis as JSON values: what the command line prints and a report draws."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from explorer.length import summary as sentences
from explorer.length.analysis import Analysis, Stop
from explorer.length.fits import Fit, growth
from explorer.length.statistics import Estimate, Ints, pearson

_LISTED = 50  # outliers of each kind

Values = dict[str, float | None]


@dataclass(frozen=True)
class LengthResult:
    """The analysis as JSON values; every correlation is of response tokens unless its name says otherwise."""

    pearson: float | None
    pearson_low: float | None
    pearson_high: float | None
    spearman: float | None
    spearman_low: float | None
    spearman_high: float | None
    threshold: float
    samples: int
    segment: str
    pearson_chars: float | None
    pearson_log: float | None
    paper: float
    curve: list[Values]
    per_source: list[dict[str, Any]]
    per_cluster: list[dict[str, Any]]
    partial: dict[str, Values]
    source_curves: dict[str, list[Values]]
    trend: dict[str, Any]
    without_off_trend: dict[str, Any]
    fits: dict[str, Values]
    growth: list[Values]
    residuals: dict[str, list[dict[str, Any]]]
    coverage: dict[str, dict[str, Any]]
    decomposition: dict[str, Any] | None
    decompositions: list[dict[str, Any]]
    crossings: list[str]
    warnings: list[str]
    summary: str

    @classmethod
    def of(cls, analysis: Analysis) -> LengthResult:
        """Convert an analysis."""
        at, coverage = analysis.at, analysis.coverage
        tokens, count = at.inputs.length(), at.features.astype(float)
        outlying = at.shape.residuals
        return cls(
            **_interval("pearson", at.pearson),
            **_interval("spearman", analysis.spearman),
            threshold=at.threshold,
            samples=len(tokens),
            segment=at.counts.segment,
            pearson_chars=_number(pearson(at.inputs.length("characters"), count)),
            pearson_log=_number(pearson(at.inputs.length("log of tokens"), count)),
            paper=sentences.PAPER_R,
            curve=_curve(analysis),
            per_source=_groups(at, "source"),
            per_cluster=_groups(at, "cluster"),
            partial={factor: _interval("pearson", grouped.partial) for factor, grouped in at.grouped.items()},
            source_curves=_source_curves(at),
            trend={"kind": at.shape.trend.kind, **_fit(at.shape.trend)},
            without_off_trend=asdict(analysis.outliers),
            fits={fit.kind: _fit(fit) for fit in (at.shape.linear, analysis.saturating)},
            growth=[{k: v if v is None else _number(v) for k, v in asdict(g).items()} for g in growth(tokens, count)],
            residuals={
                "feature_poor": _outliers(at, outlying.feature_poor),
                "feature_rich": _outliers(at, outlying.feature_rich),
            },
            coverage={name: asdict(curve) for name, curve in coverage.curves.items()},
            decomposition=asdict(coverage.decomposition) if coverage.decomposition else None,
            decompositions=[asdict(part) for part in coverage.decompositions],
            crossings=list(coverage.crossings),
            warnings=sentences.cautions(analysis),
            summary=sentences.summary(analysis),
        )


def _curve(analysis: Analysis) -> list[Values]:
    at = analysis.at
    steps = zip(at.counts.thresholds, at.correlations.overall, analysis.rank_curve, at.counts.counts, strict=True)
    return [
        {
            "threshold": float(threshold),
            **_interval("pearson", estimate),
            "spearman": _number(rho),
            "mean_features": float(features.mean()),
        }
        for threshold, estimate, rho, features in islice(steps, at.counts.grid)
    ]


def _source_curves(at: Stop) -> dict[str, list[Values]]:
    """Pearson r within each source at every stop of the grid."""
    if "source" not in at.inputs.groups:
        return {}
    names, thresholds = at.inputs.groups["source"].names, at.counts.thresholds[: at.counts.grid]
    steps = at.correlations.grouped["source"]
    return {
        names[code]: [
            {"threshold": float(threshold), **_interval("pearson", step.each[code])}
            for threshold, step in zip(thresholds, steps, strict=False)
        ]
        for code in steps[0].each
    }


def _groups(at: Stop, factor: str) -> list[dict[str, Any]]:
    if factor not in at.inputs.groups:
        return []
    names = at.inputs.groups[factor].names
    return [
        {factor: names[code], "code": code, "samples": estimate.n, **_interval("pearson", estimate)}
        for code, estimate in at.grouped[factor].each.items()
    ]


def _outliers(at: Stop, positions: Ints) -> list[dict[str, Any]]:
    residuals = at.shape.residuals
    return [
        {
            "sample_id": int(i),
            "tokens": int(at.inputs.tokens[i]),
            "features": int(at.features[i]),
            "expected": round(float(residuals.expected[i]), 1),
            "score": round(float(residuals.score[i]), 2),
        }
        for i in positions[:_LISTED]
    ]


def _interval(name: str, estimate: Estimate) -> dict[str, Any]:
    return {
        name: _number(estimate.value),
        f"{name}_low": _number(estimate.low),
        f"{name}_high": _number(estimate.high),
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _fit(fit: Fit) -> Values:
    return {key: _number(value) for key, value in asdict(fit).items() if key != "kind"}
