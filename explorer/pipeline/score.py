"""Score: one quality score per sample; failed ones are null and counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from explorer.errors import ExplorerError, InputError, refuse
from explorer.options.base import keywords
from explorer.options.verbs import ScoreOptions
from explorer.progress import Progress, silent
from explorer.quality.base import Item, Score, Scorer
from explorer.quality.cache import Cache
from explorer.quality.scorers import SCORERS
from explorer.quality.scorers.column import number
from explorer.queries.conversations import read_items, read_meta
from explorer.records import QUALITY
from explorer.registry import build
from explorer.workspace import Artifact, Snapshot, Store

DEFAULT = "heuristic"
BATCH = 256  # samples between two writes to the cache
_PROBE = 2_000  # rows that are checked for numeric columns


@dataclass(frozen=True)
class ScoreResult:
    """A stored quality score; `reasons` counts the failures by reason, `mean` is over the scored samples."""

    artifact: str
    scorer: str
    scored: int
    failed: int
    reasons: dict[str, int]
    mean: float | None
    from_cache: int
    seconds: float
    existed: bool


@keywords(ScoreOptions)
def score(store: Store, options: ScoreOptions, *, progress: Progress = silent) -> ScoreResult:
    """Score every sample, unless this score already exists.

    A score with failed samples is made again by scorers that may succeed later (`llm-judge`): a new artifact is written
    beside the old one, and only the failed samples are scored, since the others are cached.

    Args:
        store: The workspace.
        options: The scorer and its parameters; the fields may be given as keywords instead.
        progress: Called with the step and its progress.

    Raises:
        InputError: an unknown scorer or column, an unavailable model or endpoint, or no sample that could be scored.
    """
    samples = Snapshot.newest(store).require("samples")
    how, named = _resolve(store, samples, options.scorer)
    params = build(how.Params, {**named, **(options.params or {})}, owner=f"scorer {how.slug}")
    parameters: dict[str, Any] = {"scorer": how.slug, "version": how.version, "params": how.identity(params)}
    inputs = {"samples": samples.id}
    existing = store.find("quality", parameters, inputs)
    while existing is not None:
        if not existing.manifest.info["failed"] or not how.retries_failed:
            return _result(existing, existed=True)
        parameters["after"] = existing.id
        existing = store.find("quality", parameters, inputs)
    total = samples.manifest.rows["samples"]
    progress("score", 0, total, how.title)
    cache = Cache(store.path, how.slug, how.version, how.identity(params)) if how.cached else None
    with store.draft("quality", parameters=parameters, inputs=inputs) as draft:
        scores, from_cache = _score_all(read_items(store, samples), how, params, cache, total, progress)
        good = [s.value for s in scores if s.value is not None]
        reasons = dict(Counter(s.problem for s in scores if s.value is None).most_common())
        if not good:
            listed = ", ".join(f"{reason} ({count:,})" for reason, count in list(reasons.items())[:3])
            raise InputError(f"scorer {how.slug} gave no sample a score: {listed}")
        rows = {"sample_id": range(len(scores)), "score": [s.value for s in scores]}
        draft.write(pa.table({name: pa.array(list(v)) for name, v in rows.items()}).cast(QUALITY))
        names = sorted({name for s in scores for name in s.parts})
        if names:
            columns = {name: pa.array([s.parts.get(name) for s in scores], pa.float64()) for name in names}
            draft.write(pa.table({"sample_id": pa.array(range(len(scores)), pa.int64()), **columns}), "parts")
        draft.dropped = reasons
        draft.info = {
            "failed": len(scores) - len(good),
            "from_cache": from_cache,
            "mean": math.fsum(good) / len(good),
            "low": min(good),
            "high": max(good),
            "parts": names,
        }
        if hasattr(params, "model"):
            draft.info["model_source"] = params.model
        artifact = draft.commit()
    return _result(artifact, existed=False)


def numeric_columns(store: Store, samples: Artifact) -> list[str]:
    """Columns of the source rows that hold a number in most of the first rows with a value."""
    seen: Counter[str] = Counter()
    numeric: Counter[str] = Counter()
    rows = store.sql(f"SELECT meta FROM {store.scan(samples)} ORDER BY sample_id LIMIT {_PROBE}").fetchall()
    for (text,) in rows:
        for key, value in read_meta(text).items():
            if value not in (None, ""):
                seen[key] += 1
                numeric[key] += number(value) is not None
    return [key for key, count in seen.items() if numeric[key] * 2 > count]


def _resolve(store: Store, samples: Artifact, scorer: str) -> tuple[Scorer, dict[str, Any]]:
    if scorer in SCORERS:
        return SCORERS[scorer], {}
    columns = numeric_columns(store, samples)
    if scorer in columns:
        return SCORERS["column"], {"column": scorer}
    numeric = f", or a numeric column: {', '.join(columns)}" if columns else " (the data has no numeric column)"
    refuse(f"unknown scorer {scorer!r}", allowed=f"{', '.join(SCORERS.slugs)}{numeric}")


def _score_all(
    items: Iterator[Item],
    how: Scorer,
    options: Any,
    cache: Cache | None,
    total: int,
    progress: Progress,
) -> tuple[list[Score], int]:
    """Score in order; equal content is scored once, cached content not again."""
    known = cache.load() if cache is not None else {}
    order: list[str | Score] = []
    waiting: dict[str, Item] = {}
    failed: dict[str, Score] = {}
    from_cache = 0

    def flush(batch: list[Item]) -> list[Score]:
        scores = scoring(batch)
        if len(scores) != len(batch):
            raise ExplorerError(f"scorer {how.slug} gave {len(scores)} scores for {len(batch)} samples")
        progress("score", len(order), total, how.title)
        return scores

    with how.session(options) as scoring:
        if cache is None:
            batch: list[Item] = []
            for item in items:
                batch.append(item)
                if len(batch) == BATCH:
                    order += flush(batch)
                    batch = []
            return [s for s in [*order, *(flush(batch) if batch else [])] if isinstance(s, Score)], 0

        def drain() -> None:
            scores = flush(list(waiting.values()))
            cache.keep(list(waiting), scores)
            for key, result in zip(waiting, scores, strict=True):
                (known if result.value is not None else failed)[key] = result
            waiting.clear()

        for item in items:
            key = item.content_hash
            order.append(key)
            if key in known:
                from_cache += 1
            elif key not in failed:
                waiting[key] = item
            if len(waiting) == BATCH:
                drain()
        if waiting:
            drain()
    progress("score", total, total, how.title)
    return [known[key] if key in known else failed[key] for key in order if isinstance(key, str)], from_cache


def _result(artifact: Artifact, *, existed: bool) -> ScoreResult:
    manifest = artifact.manifest
    failed = int(manifest.info["failed"])
    return ScoreResult(
        artifact=artifact.ref,
        scorer=manifest.parameters["scorer"],
        scored=manifest.rows["quality"] - failed,
        failed=failed,
        reasons=manifest.dropped,
        mean=manifest.info["mean"],
        from_cache=manifest.info["from_cache"],
        seconds=manifest.seconds,
        existed=existed,
    )
