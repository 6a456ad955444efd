"""Length: the longest-response analysis on the samples of a workspace."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.features.sets import FeatureSets, check_threshold
from explorer.length import statistics as stats
from explorer.length.fits import Fit, Residuals, fit_linear, fit_saturating, growth, residuals, trend
from explorer.length.summary import PAPER_R, Core, Facts, OffTrend, cautions, hides, summary
from explorer.pipeline.length_coverage import SHARE, cover
from explorer.progress import Progress, silent
from explorer.queries.sets import load_sets
from explorer.records import SEGMENTS
from explorer.workspace import Artifact, Snapshot, Store

_LISTED = 50
_READ = 2_000  # responses far below the trend that are read for repetition
_REPEATS = 0.5  # of `quality.heuristic_parts.repetition`: below it a response repeats itself


@dataclass(frozen=True)
class Measured:
    """The arrays behind the analysis, by sample_id [N]: for plots under a slider (`features` at any threshold).

    `sets` holds every activation above 0 of the segment, so that another threshold is `count(threshold)`: one pass in
    memory, no reading.
    """

    tokens: NDArray[np.int64]
    chars: NDArray[np.int64]
    sources: list[str]
    clusters: NDArray[np.int64] | None
    cluster_names: list[str]
    sets: FeatureSets
    threshold: float
    default_threshold: float
    segment: str

    def count(self, threshold: float) -> NDArray[np.int64]:
        """|F_i| of every sample at `threshold`, int64 [N]."""
        rows = np.flatnonzero(self.sets.sizes)
        out = np.zeros(self.sets.n, dtype=np.int64)
        if len(rows):
            above = self.sets.values > np.float64(threshold)
            out[rows] = np.add.reduceat(above.view(np.uint8), self.sets.indptr[rows], dtype=np.int64)
        return out


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
    curve: list[dict[str, float | None]]
    per_source: list[dict[str, Any]]
    per_cluster: list[dict[str, Any]]
    partial: dict[str, dict[str, float | None]]
    source_curves: dict[str, list[dict[str, float | None]]]
    trend: dict[str, Any]
    without_off_trend: dict[str, Any]
    fits: dict[str, dict[str, float | None]]
    growth: list[dict[str, float | None]]
    residuals: dict[str, list[dict[str, Any]]]
    coverage: dict[str, dict[str, Any]]
    decomposition: dict[str, Any] | None
    decompositions: list[dict[str, Any]]
    crossings: list[str]
    warnings: list[str]
    summary: str


def measure(store: Store, *, threshold: float | None = None, segment: str = "response") -> Measured:
    """Read lengths, groups and every activation of `segment`; `threshold` None means the default of the extraction."""
    if segment not in SEGMENTS:
        refuse("unknown segment", got=segment, allowed=SEGMENTS)
    snapshot = Snapshot.newest(store)
    samples, activations = snapshot.require("samples"), snapshot.require("activations")
    default = snapshot.threshold
    used = check_threshold(default if threshold is None else threshold)
    n = samples.manifest.rows["samples"]
    tokens, rows = store.scan(activations, "tokens"), store.scan(samples)
    table = store.sql(
        "SELECT coalesce(t.response_tokens, 0)::BIGINT AS tokens, s.response_chars AS chars, "
        f"coalesce(s.source, '') AS source FROM {rows} s LEFT JOIN {tokens} t USING (sample_id) ORDER BY sample_id"
    ).to_arrow_table()
    clusters, names = None, []
    if snapshot.clusters is not None:
        found = store.sql(f"SELECT cluster FROM {store.scan(snapshot.clusters)} ORDER BY sample_id").to_arrow_table()
        clusters = found.column("cluster").to_numpy().astype(np.int64)
        cards = store.sql(f"SELECT name FROM {store.scan(snapshot.clusters, 'cards')} ORDER BY cluster").fetchall()
        names = [name for (name,) in cards]
    return Measured(
        tokens=table.column("tokens").to_numpy().astype(np.int64),
        chars=table.column("chars").to_numpy().astype(np.int64),
        sources=table.column("source").to_pylist(),
        clusters=clusters,
        cluster_names=names,
        sets=load_sets(store, activations, segment=segment, threshold=0.0, samples=n),
        threshold=used,
        default_threshold=default,
        segment=segment,
    )


def length(
    store: Store,
    *,
    threshold: float | None = None,
    segment: str = "response",
    seed: int = 0,
    measured: Measured | None = None,
    progress: Progress = silent,
) -> LengthResult:
    """Analyse response length against active features. Nothing is stored.

    Args:
        store: The workspace.
        threshold: Activations above it count; None means the default of the extraction.
        segment: Whose features count: 'response', 'prompt' or 'all'.
        seed: Of bootstrap resamples and random choices.
        measured: What `measure` read before, to read it once.
        progress: Told how far it is.

    Raises:
        InputError: a bad threshold or segment, or fewer than 3 samples.
        MissingStep: there is no extraction.
    """
    progress("length", 0, 5, "reading")
    m = measured or measure(store, threshold=threshold, segment=segment)
    level = m.threshold if threshold is None else check_threshold(threshold)
    n = m.sets.n
    if n < 3:
        refuse("the length analysis needs at least 3 samples", got=n)
    x, count = m.tokens.astype(float), m.count(level)
    y = count.astype(float)
    sets = m.sets.above(level)

    def rng(stream: int) -> np.random.Generator:
        return np.random.default_rng([seed, stream])

    progress("length", 1, 5, "correlations")
    steps = stats.default_thresholds(m.sets, m.default_threshold)
    at_steps = stats.counts_above(m.sets, steps)
    factors, names = factors_of(m)
    found = stats.along(x, np.vstack([y, at_steps]), factors, rng=rng(0))
    r, *curve = found.overall
    grouped = {factor: each[0] for factor, each in found.grouped.items()}
    chars = stats.pearson(m.chars.astype(float), y, rng=rng(0))[0]
    logs = stats.pearson(np.log1p(x), y, rng=rng(0))[0]
    progress("length", 2, 5, "ranks")
    rho = stats.spearman(x, y, rng=rng(0))
    rank_curve = stats.rank_correlations(x, at_steps)
    progress("length", 3, 5, "fits")
    linear, curved, usual = fit_linear(x, y), fit_saturating(x, y), trend(x, y)
    far = residuals(x, y, usual)
    off = off_trend(store, x, y, far)
    core = None
    if hides(off, r.value):
        kept = far.kept
        inside = stats.along(x[kept], y[kept], {f: code[kept] for f, code in factors.items()}, rng=rng(1))
        core = Core(inside.overall[0], {factor: each[0] for factor, each in inside.grouped.items()})
    progress("length", 4, 5, "coverage")
    covered = cover(sets, m.tokens, rng)
    parts = covered.at(SHARE, n)
    facts = Facts(
        samples=n,
        threshold=level,
        segment=m.segment,
        pearson=r,
        spearman=rho,
        grouped=grouped,
        names=names,
        linear=linear,
        saturating=curved,
        trend=usual,
        off=off,
        core=core,
        decomposition=parts,
        crossings=covered.crossings,
    )
    progress("length", 5, 5, "")

    def listed(positions: NDArray[np.int64]) -> list[dict[str, Any]]:
        return [
            {
                "sample_id": int(i),
                "tokens": int(m.tokens[i]),
                "features": int(count[i]),
                "expected": round(float(far.expected[i]), 1),
                "score": round(float(far.score[i]), 2),
            }
            for i in positions[:_LISTED]
        ]

    return LengthResult(
        **_numbers("pearson", r),
        **_numbers("spearman", rho),
        threshold=level,
        samples=n,
        segment=m.segment,
        pearson_chars=_number(chars.value),
        pearson_log=_number(logs.value),
        paper=PAPER_R,
        curve=[
            {
                "threshold": float(step),
                **_numbers("pearson", e),
                "spearman": _number(rank),
                "mean_features": float(c.mean()),
            }
            for step, e, rank, c in zip(steps, curve, rank_curve, at_steps, strict=True)
        ],
        per_source=_groups(grouped, names, "source"),
        per_cluster=_groups(grouped, names, "cluster"),
        partial={factor: _numbers("pearson", g.partial) for factor, g in grouped.items()},
        source_curves=_curves_of("source", found, names, steps),
        trend={"kind": usual.kind, **_fit(usual)},
        without_off_trend=asdict(off),
        fits={fit.kind: _fit(fit) for fit in (linear, curved)},
        growth=[{k: v if v is None else _number(v) for k, v in asdict(g).items()} for g in growth(x, y)],
        residuals={"feature_poor": listed(far.feature_poor), "feature_rich": listed(far.feature_rich)},
        coverage={name: asdict(c) for name, c in covered.curves.items()},
        decomposition=asdict(parts) if parts is not None else None,
        decompositions=[asdict(part) for part in covered.decompositions],
        crossings=list(covered.crossings),
        warnings=cautions(facts),
        summary=summary(facts),
    )


def factors_of(m: Measured) -> tuple[dict[str, NDArray[np.int64]], dict[str, list[str]]]:
    """Return codes and names of the factors that have more than one group: source and cluster."""
    codes, sources = stats.codes_of(m.sources)
    factors: dict[str, tuple[NDArray[np.int64], list[str]]] = {"source": (codes, sources)}
    if m.clusters is not None:
        factors["cluster"] = (m.clusters, m.cluster_names)
    known = {factor: (code, names) for factor, (code, names) in factors.items() if len(names) > 1}
    return {factor: code for factor, (code, _) in known.items()}, {f: names for f, (_, names) in known.items()}


def off_trend(store: Store, x: NDArray[np.float64], y: NDArray[np.float64], far: Residuals) -> OffTrend:
    """Count the rows off the trend, say how many of the long ones repeat themselves, and r without all of them."""
    poor = far.feature_poor[:_READ]
    said = repetitions(store, Snapshot.newest(store).require("samples"), poor)
    return replace(without(x, y, far), read=len(poor), repeat=int((said < _REPEATS).sum()))


def without(x: NDArray[np.float64], y: NDArray[np.float64], far: Residuals) -> OffTrend:
    """`off_trend` without reading any response."""
    kept = far.kept
    varies = kept.sum() > 2 and np.ptp(x[kept]) > 0 and np.ptp(y[kept]) > 0
    r = float(np.corrcoef(x[kept], y[kept])[0, 1]) if varies else None
    return OffTrend(len(far.feature_poor), len(far.feature_rich), read=0, repeat=0, pearson=r)


def repetitions(store: Store, samples: Artifact, ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """Repetition part of the heuristic score of some responses, 1 for none at all, in the order of `ids`."""
    from explorer.quality.heuristic_parts import repetition

    found = store.sql(
        f"SELECT s.response FROM {store.scan(samples)} s "
        "JOIN (SELECT unnest(?::BIGINT[]) AS sample_id, generate_subscripts(?::BIGINT[], 1) AS place) i "
        "USING (sample_id) ORDER BY i.place",
        [ids.tolist(), ids.tolist()],
    ).fetchall()
    return np.array([repetition(text or "") for (text,) in found], dtype=float)


def _curves_of(
    factor: str, found: stats.Along, names: dict[str, list[str]], steps: NDArray[np.float64]
) -> dict[str, list[dict[str, float | None]]]:
    """R of each group at every step (the first of `found` is the asked threshold)."""
    each = found.grouped.get(factor)
    if each is None:
        return {}
    return {
        names[factor][code]: [
            {"threshold": float(step), **_numbers("pearson", one.each[code])}
            for step, one in zip(steps, each[1:], strict=True)
        ]
        for code in each[0].each
    }


def _groups(grouped: dict[str, stats.Grouped], names: dict[str, list[str]], factor: str) -> list[dict[str, Any]]:
    if factor not in grouped:
        return []
    each = grouped[factor].each
    return [
        {factor: names[factor][code], "code": code, "samples": e.n, **_numbers("pearson", e)}
        for code, e in each.items()
    ]


def _numbers(name: str, estimate: stats.Estimate) -> dict[str, Any]:
    return {
        name: _number(estimate.value),
        f"{name}_low": _number(estimate.low),
        f"{name}_high": _number(estimate.high),
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _fit(fit: Fit) -> dict[str, float | None]:
    return {key: _number(value) for key, value in asdict(fit).items() if key != "kind"}
