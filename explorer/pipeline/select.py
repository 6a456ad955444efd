"""Select: rank the samples of a workspace by one method and keep what fits the budget."""

from __future__ import annotations

import dataclasses
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from explorer.errors import refuse
from explorer.pipeline.pool import Gathered, Sources, gather, sources
from explorer.pipeline.rules import marked
from explorer.progress import Progress, reporting, silent
from explorer.records import RANKING, SEGMENTS
from explorer.registry import build
from explorer.selection import METHODS, Budget, Method, Pool, Ranking, Rules
from explorer.selection.rules import rank_by_rules
from explorer.workspace import Artifact, Snapshot, Store


@dataclass(frozen=True)
class Ranked:
    """A ranking in memory: `seconds` is the method alone, without reading; `made` the artifacts made for it.

    `budget` is what it was ranked for; `parameters` and `inputs` are what a stored selection of it records.
    """

    method: str
    ranking: Ranking
    pool: Pool
    threshold: float | None
    seconds: float
    nested: bool
    inputs: dict[str, str]
    budget: Budget
    parameters: dict[str, Any]
    options: Any
    made: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SelectResult:
    """A stored selection; `coverage` and `certificate` are shares, None in a workspace without an extraction."""

    artifact: str
    method: str
    rows: int
    seconds: float
    coverage: float | None
    tokens: int | None
    certificate: float | None
    rounds: int
    budget: str
    threshold: float | None
    segment: str
    seed: int
    name: str
    nested: bool
    existed: bool
    made: list[str] = field(default_factory=list)
    note: str = ""
    """What is worth saying about it: that the budget asks for more than could be taken."""


def select(
    store: Store,
    method: str,
    *,
    budget: str | int | float,
    threshold: float | None = None,
    segment: str = "response",
    seed: int = 0,
    name: str = "",
    params: Mapping[str, Any] | None = None,
    rules: Rules | None = None,
    with_marks: bool = True,
    progress: Progress = silent,
) -> SelectResult:
    """Select up to `budget` and store the chosen rows; a selection that is there already is returned as it is.

    Args:
        store: The workspace.
        method: A slug of `explorer.selection.METHODS`.
        budget: `1000` rows, `"5%"` or `0.05`, or `"200000tok"`; a share is of all rows, whatever the rules.
        threshold: Activations above it count; None means the default of the extraction.
        segment: Whose features count: 'response', 'prompt' or 'all'.
        seed: Of every random draw.
        name: A name for the selection.
        params: Options of the method, as values or as text.
        rules: Rows and features that must or must not be taken (`explorer.pipeline.rules.rules_of`).
        with_marks: Also obey the pins and bans that the user set on rows (`explorer.workspace.marks`).
        progress: Told how far it is.

    Raises:
        InputError: a bad budget, parameter, rule or name, before any work.
        MissingStep: the method needs a step that was not run.
    """
    allowance = Budget.parse(budget)
    how, options, needs = _prepare(method, params, segment, seed)
    rules = rules or Rules()
    snapshot = Snapshot.newest(store)
    if with_marks:
        rules = marked(snapshot, rules)
    found = sources(snapshot, needs | rules.needs, references=how.references(options), progress=progress)
    if threshold is None and snapshot.activations is not None:
        threshold = snapshot.threshold
    parameters = _parameters(how, allowance, threshold, segment, seed, options, rules)
    known = store.find("selections", parameters, found.inputs)
    before = store.named("selections", name)
    if known is not None:
        store.also_call(known, name)
        return _result(known, existed=True, made=list(found.made), before=before, name=name)
    progress("select", 0, None, "reading")
    gathered = _gather(found, needs | rules.needs, options, threshold, segment)
    progress("select", 0, None, how.title)
    ranking, seconds = _run(how, gathered.pool, allowance, options, seed, rules, progress)
    artifact = store_ranking(store, how, gathered.pool, ranking, options, seconds, parameters, found.inputs, name)
    progress("select", len(ranking), len(ranking), f"{seconds:.2f} s")
    return _result(artifact, existed=False, made=list(found.made), before=before, name=name)


def rank(
    store: Store,
    method: str,
    *,
    threshold: float | None = None,
    segment: str = "response",
    seed: int = 0,
    params: Mapping[str, Any] | None = None,
    budget: str | int | float | None = None,
    rules: Rules | None = None,
    gathered: Gathered | None = None,
    progress: Progress = silent,
) -> Ranked:
    """Rank in memory, storing nothing: all samples where `budget` is None.

    A nested method's result for a smaller budget is a prefix of it (`ranked.ranking.within(ranked.pool, budget)`); for
    one that is not nested, rank again. `gathered` is a pool read before (`explorer.pipeline.pool`), to read it once.
    Marks of the user are not looked at: `rules` are all the rules there are.
    """
    allowance = Budget.everything() if budget is None else Budget.parse(budget)
    how, options, needs = _prepare(method, params, segment, seed)
    rules = rules or Rules()
    if gathered is None:
        snapshot = Snapshot.newest(store)
        found = sources(snapshot, needs | rules.needs, references=how.references(options), progress=progress)
        gathered = _gather(found, needs | rules.needs, options, threshold, segment)
    ranking, seconds = _run(how, gathered.pool, allowance, options, seed, rules, progress)
    return Ranked(
        method=how.slug,
        ranking=ranking,
        pool=gathered.pool,
        threshold=gathered.threshold,
        seconds=seconds,
        nested=how.nested,
        inputs=gathered.inputs,
        budget=allowance,
        parameters=_parameters(how, allowance, gathered.threshold, segment, seed, options, rules),
        options=options,
        made=gathered.made,
    )


def keep(store: Store, ranked: Ranked, *, budget: str | int | float, name: str = "") -> SelectResult:
    """Store what fits `budget` of a ranking that is there already: what `select` would store, without ranking again.

    Raises:
        InputError: the method is not nested and was ranked for another budget, or the budget is beyond the ranking's.
    """
    allowance = Budget.parse(budget)
    how = METHODS[ranked.method]
    if allowance != ranked.budget and not (ranked.nested and ranked.budget == Budget.everything()):
        refuse(f"{how.title} was ranked for another budget", got=allowance.text, allowed=ranked.budget.text)
    parameters = ranked.parameters | {"budget": allowance.text}
    known = store.find("selections", parameters, ranked.inputs)
    if known is not None:
        store.also_call(known, name)
        return _result(known, existed=True, made=[])
    ranking = ranked.ranking.within(ranked.pool, allowance)
    opening = sum(ranking.info.get("opening", {}).values())
    if len(ranking) < opening:
        refuse(f"the rules ask for {opening:,} rows, more than the budget", got=allowance.text)
    artifact = store_ranking(
        store, how, ranked.pool, ranking, ranked.options, ranked.seconds, parameters, ranked.inputs, name
    )
    return _result(artifact, existed=False, made=[])


def to_table(ranking: Ranking) -> pa.Table:
    """A ranking as `records.RANKING`; a position in the pool is the sample id."""
    columns = [np.arange(len(ranking)), ranking.positions, ranking.gain, ranking.round]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, RANKING, strict=True)], schema=RANKING)


def _prepare(
    method: str, params: Mapping[str, Any] | None, segment: str, seed: int
) -> tuple[Method, Any, frozenset[str]]:
    how = METHODS[method]
    options = how.prepare(build(how.Params, params or {}, owner=f"method {how.slug}"))
    if segment not in SEGMENTS:
        refuse("unknown segment", got=segment, allowed=SEGMENTS)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        refuse("the seed must be a whole number", got=seed, allowed="0 or more")
    return how, options, how.requires(options)


def _parameters(
    how: Method, budget: Budget, threshold: float | None, segment: str, seed: int, options: Any, rules: Rules
) -> dict[str, Any]:
    """What a stored selection records; rules only where there are any."""
    record = rules.record()
    return {
        "method": how.slug,
        "budget": budget.text,
        "threshold": threshold,
        "segment": segment,
        "seed": seed,
        "params": dataclasses.asdict(options),
        **({"rules": record} if record else {}),
    }


def _gather(found: Sources, needs: frozenset[str], options: Any, threshold: float | None, segment: str) -> Gathered:
    column = getattr(options, "column", "")
    gathered = gather(found, needs, threshold=threshold, segment=segment, column=column)
    features = gathered.pool.features
    if "features" in needs and features is not None and not len(features.indices):
        where = "" if segment == "all" else f" in any {segment}"
        refuse(
            f"no feature is active above the threshold{where}", got=gathered.threshold, allowed="a lower --threshold"
        )
    return gathered


def _run(
    how: Method, pool: Pool, budget: Budget, options: Any, seed: int, rules: Rules, progress: Progress
) -> tuple[Ranking, float]:
    how.warm_up()
    started = time.perf_counter()

    def draw() -> np.random.Generator:
        # The method is part of the stream: with one seed two methods must not share their draws, or they would agree.
        return np.random.default_rng([seed, zlib.crc32(how.slug.encode())])

    with reporting(progress):
        ranking = rank_by_rules(how, pool, budget, options, rules, draw)
    return ranking, round(time.perf_counter() - started, 6)


def store_ranking(
    store: Store,
    how: Method,
    pool: Pool,
    ranking: Ranking,
    options: Any,
    seconds: float,
    parameters: dict[str, Any],
    inputs: dict[str, str],
    name: str,
) -> Artifact:
    """Store a ranking of method `how` as a selection, with its coverage, certificate and tokens."""
    with store.draft("selections", parameters=parameters, inputs=inputs, seed=parameters["seed"], name=name) as draft:
        draft.write(to_table(ranking))
        draft.info = _info(how, pool, ranking, options, seconds)
        artifact = draft.commit()
    store.also_call(artifact, name)
    return artifact


def _info(how: Method, pool: Pool, ranking: Ranking, options: Any, seconds: float) -> dict[str, Any]:
    from explorer.selection.certificate import certify_coverage
    from explorer.selection.metrics import coverage

    info: dict[str, Any] = {"seconds": seconds, "nested": how.nested, "rows": len(ranking), "of": pool.n}
    info["coverage"] = info["certificate"] = info["own_certificate"] = None
    if pool.features is not None:
        info["coverage"] = coverage(pool.features, ranking.positions)
        info["certificate"] = certify_coverage(pool.features, ranking.positions).share
    info["own_certificate"] = how.certify(pool, ranking, options)
    tokens = pool.response_tokens
    info["tokens"] = int(tokens[ranking.positions].sum(dtype=np.int64)) if tokens is not None else None
    info["rounds"] = int(ranking.round.max()) if len(ranking) else 0
    return info | {f"method_{key}": value for key, value in ranking.info.items()}


def _result(
    artifact: Artifact, *, existed: bool, made: list[str], before: Artifact | None = None, name: str = ""
) -> SelectResult:
    """What was stored; `before` is what `name` meant until now."""
    parameters, info = artifact.manifest.parameters, artifact.manifest.info
    notes = [_note(Budget.parse(parameters["budget"]), info)]
    if before is not None and before.id != artifact.id:
        notes.append(f"{name!r} meant {before.ref} until now")
    return SelectResult(
        artifact=artifact.ref,
        method=parameters["method"],
        rows=info["rows"],
        seconds=info["seconds"],
        coverage=info["coverage"],
        tokens=info["tokens"],
        certificate=info["certificate"],
        rounds=info["rounds"],
        budget=parameters["budget"],
        threshold=parameters["threshold"],
        segment=parameters["segment"],
        seed=parameters["seed"],
        name=" ".join(name.split()) or artifact.manifest.name,
        nested=info["nested"],
        existed=existed,
        made=made,
        note="; ".join(filter(None, notes)),
    )


def _note(budget: Budget, info: Mapping[str, Any]) -> str:
    rows, every = info["rows"], info["of"]
    if budget.unit == "tokens":
        short = rows == every and (info["tokens"] or 0) < budget.amount
        return f"the budget asks for {budget.amount:,.0f} tokens; all {every:,} rows were taken" if short else ""
    asked = int(budget.amount) if budget.unit == "rows" else budget.rows(every)
    return f"the budget asks for {asked:,} rows; only {rows:,} could be taken" if asked > rows else ""
