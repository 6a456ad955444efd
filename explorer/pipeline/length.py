"""Length: the longest-response analysis on the samples of a workspace."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.features import length as stats
from explorer.features.length_coverage import (
    SHARES,
    CoverageCurve,
    Decomposition,
    coverage_curve,
    crossings,
    decompose,
    longest_order,
    matched_order,
)
from explorer.features.length_fits import Fit, fit_linear, fit_saturating, growth, residuals
from explorer.features.length_summary import PAPER_R, Facts, summary, warnings
from explorer.features.sets import FeatureSets, check_threshold, load_sets
from explorer.progress import Progress, silent
from explorer.records import SEGMENTS
from explorer.workspace import Store

SHARE = 0.05  # of the rows: the size at which choices are compared
_LISTED = 50
_RANKED = 0.1  # of the rows: how far greedy and SimScale are followed (SimScale scans again and again after that)


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
    fits: dict[str, dict[str, float | None]]
    growth: list[dict[str, float | None]]
    residuals: dict[str, list[dict[str, Any]]]
    coverage: dict[str, dict[str, Any]]
    decomposition: dict[str, Any] | None
    crossings: list[str]
    warnings: list[str]
    summary: str


def measure(store: Store, *, threshold: float | None = None, segment: str = "response") -> Measured:
    """Read lengths, groups and every activation of `segment`; `threshold` None means the default of the extraction."""
    if segment not in SEGMENTS:
        refuse("unknown segment", got=segment, allowed=SEGMENTS)
    samples = store.require("samples")
    activations = store.require("activations", inputs={"samples": samples.id})
    used = activations.manifest.info["default_threshold"] if threshold is None else threshold
    used = check_threshold(float(used))
    n = samples.manifest.rows["samples"]
    tokens, rows = store.scan(activations, "tokens"), store.scan(samples)
    table = store.sql(
        "SELECT coalesce(t.response_tokens, 0)::BIGINT AS tokens, s.response_chars AS chars, "
        f"coalesce(s.source, '') AS source FROM {rows} s LEFT JOIN {tokens} t USING (sample_id) ORDER BY sample_id"
    ).to_arrow_table()
    clusters, names = None, []
    newest = store.newest("clusters", inputs={"samples": samples.id})
    if newest is not None:
        found = store.sql(f"SELECT cluster FROM {store.scan(newest)} ORDER BY sample_id").to_arrow_table()
        clusters = found.column("cluster").to_numpy().astype(np.int64)
        cards = store.sql(f"SELECT name FROM {store.scan(newest, 'cards')} ORDER BY cluster").fetchall()
        names = [name for (name,) in cards]
    return Measured(
        tokens=table.column("tokens").to_numpy().astype(np.int64),
        chars=table.column("chars").to_numpy().astype(np.int64),
        sources=table.column("source").to_pylist(),
        clusters=clusters,
        cluster_names=names,
        sets=load_sets(store, activations, segment=segment, threshold=0.0, samples=n),
        threshold=used,
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
    steps = stats.default_thresholds(m.sets)
    at_steps = stats.counts_above(m.sets, steps)
    r, *curve = stats.pearson(x, np.vstack([y, at_steps]), rng=rng(0))
    chars = stats.pearson(m.chars.astype(float), y, rng=rng(1))[0]
    logs = stats.pearson(np.log1p(x), y, rng=rng(2))[0]
    rho = stats.spearman(x, y, rng=rng(3))
    progress("length", 2, 5, "groups")
    grouped, names = _grouped(m, x, y, rng(4))
    progress("length", 3, 5, "fits")
    linear, curved = fit_linear(x, y), fit_saturating(x, y)
    best = curved if curved.r2 > linear.r2 else linear
    far = residuals(x, y, best)
    progress("length", 4, 5, "coverage")
    curves, parts = _coverage(sets, m.tokens, rng)
    crossed = crossings({name: curve for name, curve in curves.items() if name != "length-matched-random"})
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
        decomposition=parts,
        feature_poor=len(far.feature_poor),
        feature_rich=len(far.feature_rich),
        crossings=tuple(crossed),
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
            {"threshold": float(step), **_numbers("pearson", e), "mean_features": float(c.mean())}
            for step, e, c in zip(steps, curve, at_steps, strict=True)
        ],
        per_source=_groups(grouped, names, "source"),
        per_cluster=_groups(grouped, names, "cluster"),
        partial={factor: _numbers("pearson", g.partial) for factor, g in grouped.items()},
        fits={fit.kind: _fit(fit) for fit in (linear, curved)},
        growth=[{k: v if v is None else _number(v) for k, v in asdict(g).items()} for g in growth(x, y)],
        residuals={"feature_poor": listed(far.feature_poor), "feature_rich": listed(far.feature_rich)},
        coverage={name: asdict(c) for name, c in curves.items()},
        decomposition=asdict(parts) if parts is not None else None,
        crossings=crossed,
        warnings=warnings(facts),
        summary=summary(facts),
    )


def _grouped(
    m: Measured, x: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator
) -> tuple[dict[str, stats.Grouped], dict[str, list[str]]]:
    codes, sources = stats.codes_of(m.sources)
    factors: dict[str, tuple[NDArray[np.int64], list[str]]] = {"source": (codes, sources)}
    if m.clusters is not None:
        factors["cluster"] = (m.clusters, m.cluster_names)
    known = {factor: (code, names) for factor, (code, names) in factors.items() if len(names) > 1}
    grouped = {factor: stats.within(x, y, code, rng=rng) for factor, (code, _) in known.items()}
    return grouped, {factor: names for factor, (_, names) in known.items()}


def _coverage(
    sets: FeatureSets, tokens: NDArray[np.int64], rng: Callable[[int], np.random.Generator]
) -> tuple[dict[str, CoverageCurve], Decomposition | None]:
    """Coverage curves of longest, greedy, SimScale, random and length-matched orders, and the comparison at `SHARE`."""
    from explorer.selection import METHODS, Budget, Pool

    if not sets.nnz:
        return {}, None
    rows = max(1, math.floor(SHARE * sets.n + 0.5))
    pool = Pool(n=sets.n, features=sets, response_tokens=tokens.astype(np.int32))
    orders: dict[str, NDArray[np.int64]] = {"longest": longest_order(tokens), "random": rng(10).permutation(sets.n)}
    for slug in ("sae-greedselect", "sae-simscale"):
        if slug in METHODS:
            method = METHODS[slug]
            orders[slug] = method.rank(pool, Budget(_RANKED, "share"), method.Params(), rng(11)).positions
    greedy = orders.get("sae-greedselect")
    parts = None
    if greedy is not None:
        parts = decompose(sets, tokens, greedy, rows, rng=rng(12))
        orders["length-matched-random"] = matched_order(tokens, greedy[:rows], rng(13))
    grid = tuple(sorted({max(1, round(share * sets.n)) for share in SHARES} | {rows}))
    return {name: coverage_curve(sets, tokens, name, order, grid) for name, order in orders.items()}, parts


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
