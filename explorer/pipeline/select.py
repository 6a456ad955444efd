"""Select: rank the samples of a workspace by one method and store what fits the budget."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from explorer.errors import refuse
from explorer.options.base import keywords
from explorer.pipeline.pool import LoadedPool, PoolInputs, find_inputs, read_pool
from explorer.pipeline.rules import resolved
from explorer.progress import Progress, reporting, silent
from explorer.queries import columns
from explorer.records import RANKING
from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking
from explorer.selection.rules import rank_by_rules
from explorer.selection.spec import SelectionSpec
from explorer.workspace import Artifact, Snapshot, Store


@dataclass(frozen=True)
class Ranked:
    """A ranking in memory, with all that storing it takes.

    Attributes:
        method: The method that made it, and `options`, its parameters.
        ranking: The picks, in order.
        pool: What they were picked from.
        parameters: What a stored selection of it records (`SelectionSpec.manifest`).
        inputs: Kind -> id of the artifacts that it was made from.
        seconds: Time of the method alone, without reading.
        created: The artifacts that were made for it just now.
        training_tokens: Tokens of prompt and response of each sample; read for a budget in time only.
    """

    method: Method
    options: Any
    ranking: Ranking
    pool: Pool
    parameters: dict[str, Any]
    inputs: dict[str, str]
    seconds: float
    created: tuple[str, ...] = ()
    training_tokens: np.ndarray | None = None

    @property
    def threshold(self) -> float | None:
        """The activation above which a feature counted."""
        return self.parameters["threshold"]

    def within(self, budget: Budget) -> Ranked:
        """The same, cut to what fits a smaller budget; one too small for the rules raises an `InputError`."""
        ranking = self.ranking
        if budget.unit == "time":
            rows = budget.cut(self.training_tokens, ranking.positions, self.pool.n)
            if not rows:
                refuse("training on the first pick alone takes longer than the budget", got=budget.text)
            ranking = ranking.head(rows)
        else:
            ranking = ranking.within(self.pool, budget)
        opening = sum(ranking.info.get("opening", {}).values())
        if len(ranking) < opening:
            refuse(f"the rules ask for {opening:,} rows, more than the budget", got=budget.text)
        return replace(self, ranking=ranking, parameters=self.parameters | {"budget": budget.text})


@dataclass(frozen=True)
class SelectResult:
    """A stored selection; `coverage` and `certificate` are shares, None in a workspace without an extraction.

    `made` are the artifacts that were made for it on the way. `note` tells when the budget could not be filled, or the
    name meant another selection before.
    """

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


@keywords(SelectionSpec)
def select(
    store: Store,
    spec: SelectionSpec,
    *,
    name: str = "",
    with_marks: bool = True,
    progress: Progress = silent,
) -> SelectResult:
    """Select up to the budget and store the chosen rows; an existing selection is returned as it is.

    Args:
        store: The workspace.
        spec: What to select; its fields may be given as keywords instead: `select(store, "random", budget="5%")`.
        name: A name for the selection.
        with_marks: Also obey the pins and bans that the user set on rows (`explorer.workspace.marks`).
        progress: Told how far it is.

    Raises:
        InputError: a bad budget, parameter, rule or name, before any work.
        MissingStep: the method needs a step that was not run.
    """
    snapshot = Snapshot.newest(store)
    spec = resolved(snapshot, spec, with_marks=with_marks)
    inputs = inputs_of(snapshot, spec, progress)
    existing = store.find("selections", spec.manifest(), inputs.ids)
    before = store.named("selections", name)
    if existing is not None:
        store.also_call(existing, name)
        return _result(existing, existed=True, created=inputs.made, before=before, name=name)
    progress("select", 0, None, "reading")
    ranked = _rank(snapshot, spec, pool_of(inputs, spec), progress)
    artifact = store_ranking(store, ranked, name)
    progress("select", len(ranked.ranking), len(ranked.ranking), f"{ranked.seconds:.2f} s")
    return _result(artifact, existed=False, created=inputs.made, before=before, name=name)


@keywords(SelectionSpec)
def rank(store: Store, spec: SelectionSpec, *, loaded: LoadedPool | None = None, progress: Progress = silent) -> Ranked:
    """Rank in memory, storing nothing; the user's marks are ignored.

    For a nested method and a budget of everything, `ranked.within(budget)` is the selection of any budget; for one that
    is not nested, rank again. `loaded` is a pool read before (`explorer.pipeline.pool`), to read it once.
    """
    snapshot = Snapshot.newest(store)
    spec = resolved(snapshot, spec, with_marks=False)
    if loaded is None:
        loaded = pool_of(inputs_of(snapshot, spec, progress), spec)
    return _rank(snapshot, spec, loaded, progress)


def keep(store: Store, ranked: Ranked, *, budget: Any, name: str = "") -> SelectResult:
    """Store what fits `budget` of an existing ranking: what `select` would store, without ranking again.

    Raises:
        InputError: the method is not nested and was ranked for another budget, or the budget is beyond the ranking's.
    """
    allowance, ranked_for = Budget.parse(budget), Budget.parse(ranked.parameters["budget"])
    if allowance != ranked_for and not (ranked.method.nested and ranked_for == Budget.everything()):
        refuse(f"{ranked.method.title} was ranked for another budget", got=allowance.text, allowed=ranked_for.text)
    if allowance.unit == "time" and ranked.training_tokens is None:
        ranked = replace(ranked, training_tokens=columns.training_tokens(Snapshot.newest(store)))
    existing = store.find("selections", ranked.parameters | {"budget": allowance.text}, ranked.inputs)
    if existing is not None:
        store.also_call(existing, name)
        return _result(existing, existed=True)
    return _result(store_ranking(store, ranked.within(allowance), name), existed=False)


def store_ranking(store: Store, ranked: Ranked, name: str) -> Artifact:
    """Store a ranking as a selection, with its coverage, certificate and tokens."""
    parameters = ranked.parameters
    with store.draft(
        "selections", parameters=parameters, inputs=ranked.inputs, seed=parameters["seed"], name=name
    ) as draft:
        draft.write(to_table(ranked.ranking))
        draft.info = _info(ranked)
        artifact = draft.commit()
    store.also_call(artifact, name)
    return artifact


def to_table(ranking: Ranking) -> pa.Table:
    """A ranking as `records.RANKING`; a position in the pool is the sample id."""
    columns = [np.arange(len(ranking)), ranking.positions, ranking.gain, ranking.round]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, RANKING, strict=True)], schema=RANKING)


def inputs_of(snapshot: Snapshot, spec: SelectionSpec, progress: Progress = silent) -> PoolInputs:
    """Find the artifacts that a selection is made from, making those that are missing."""
    return find_inputs(snapshot, _needs(spec), references=spec.how.references(spec.options), progress=progress)


def pool_of(inputs: PoolInputs, spec: SelectionSpec) -> LoadedPool:
    """Read the pool that a selection is made from."""
    _, needs, threshold, segment, column = pool_key(inputs, spec)
    return read_pool(inputs, needs, threshold=threshold, segment=segment, column=column)


def pool_key(inputs: PoolInputs, spec: SelectionSpec) -> tuple[Any, ...]:
    """All that decides the pool: two selections with one key can share it."""
    column = getattr(spec.options, "column", "")
    return tuple(inputs.ids.items()), _needs(spec), spec.threshold, spec.segment, column


def _needs(spec: SelectionSpec) -> frozenset[str]:
    """What the pool must hold for the method and the rules."""
    return spec.how.requires(spec.options) | spec.rules.needs


def _rank(snapshot: Snapshot, spec: SelectionSpec, loaded: LoadedPool, progress: Progress) -> Ranked:
    method, options, pool = spec.how, spec.options, loaded.pool
    if "features" in _needs(spec) and pool.features is not None and not len(pool.features.indices):
        where = "" if spec.segment == "all" else f" in any {spec.segment}"
        refuse(f"no feature is active above the threshold{where}", got=spec.threshold, allowed="a lower --threshold")
    training_tokens = columns.training_tokens(snapshot) if spec.budget.unit == "time" else None
    progress("select", 0, None, method.title)
    method.warm_up()
    started = time.perf_counter()

    def draw() -> np.random.Generator:
        # The method is part of the stream: with one seed two methods must not share their draws, or they would agree.
        return np.random.default_rng([spec.seed, zlib.crc32(method.slug.encode())])

    def by_rules(budget: Budget) -> Ranking:
        return rank_by_rules(method, pool, budget, options, spec.rules, draw)

    with reporting(progress):
        if training_tokens is None:
            ranking = by_rules(spec.budget)
        else:
            ranking = _in_time(by_rules, spec.budget, training_tokens, nested=method.nested)
    ranked = Ranked(
        method=method,
        options=options,
        ranking=ranking,
        pool=pool,
        parameters=spec.manifest(),
        inputs=loaded.inputs,
        seconds=round(time.perf_counter() - started, 6),
        created=tuple(loaded.made),
        training_tokens=training_tokens,
    )
    return ranked.within(spec.budget) if training_tokens is not None else ranked


def _in_time(
    by_rules: Callable[[Budget], Ranking], budget: Budget, training_tokens: np.ndarray, *, nested: bool
) -> Ranking:
    """A ranking that fills a budget in training time; what is beyond the budget is still to be cut.

    No more rows fit than the shortest ones. A method that is not nested is ranked for the most rows, found by
    bisection, that fit.
    """
    n = len(training_tokens)
    most = max(1, budget.cut(np.sort(training_tokens), np.arange(n), n))
    best = by_rules(Budget(most, "rows"))
    if nested:
        return best
    low, high = max(1, sum(best.info.get("opening", {}).values())), most + 1
    while high - low > 1:
        rows = (low + high) // 2
        ranking = by_rules(Budget(rows, "rows"))
        if budget.cut(training_tokens, ranking.positions, n) == len(ranking):
            low = rows
        else:
            high = rows
    return by_rules(Budget(low, "rows"))


def _info(ranked: Ranked) -> dict[str, Any]:
    from explorer.selection.certificate import certify_coverage
    from explorer.selection.metrics import coverage

    pool, ranking, method = ranked.pool, ranked.ranking, ranked.method
    info: dict[str, Any] = {"seconds": ranked.seconds, "nested": method.nested, "rows": len(ranking), "of": pool.n}
    info["coverage"] = info["certificate"] = None
    if pool.features is not None:
        info["coverage"] = coverage(pool.features, ranking.positions)
        info["certificate"] = certify_coverage(pool.features, ranking.positions).share
    info["own_certificate"] = method.certify(pool, ranking, ranked.options)
    tokens = pool.response_tokens
    info["tokens"] = int(tokens[ranking.positions].sum(dtype=np.int64)) if tokens is not None else None
    info["rounds"] = int(ranking.round.max()) if len(ranking) else 0
    return info | {f"method_{key}": value for key, value in ranking.info.items()}


def _result(
    artifact: Artifact,
    *,
    existed: bool,
    created: tuple[str, ...] = (),
    before: Artifact | None = None,
    name: str = "",
) -> SelectResult:
    """Describe a stored selection; `before` is what `name` meant until now."""
    parameters, info = artifact.manifest.parameters, artifact.manifest.info
    notes = [_unfilled(Budget.parse(parameters["budget"]), info)]
    if before is not None and before.id != artifact.id:
        notes.append(f"{name!r} meant {before.ref} until now")
    recorded = {key: parameters[key] for key in ("method", "budget", "threshold", "segment", "seed")}
    measured = {key: info[key] for key in ("rows", "seconds", "coverage", "tokens", "certificate", "rounds", "nested")}
    return SelectResult(
        artifact=artifact.ref,
        name=" ".join(name.split()) or artifact.manifest.name,
        existed=existed,
        made=list(created),
        note="; ".join(filter(None, notes)),
        **recorded,
        **measured,
    )


def _unfilled(budget: Budget, info: Mapping[str, Any]) -> str:
    """Say that the budget asks for more than could be taken; "" where it does not."""
    rows, every = info["rows"], info["of"]
    if budget.unit == "time":
        return f"training on all {every:,} rows takes no longer than {budget.text}" if rows == every else ""
    if budget.unit == "tokens":
        short = rows == every and (info["tokens"] or 0) < budget.amount
        return f"the budget asks for {budget.amount:,.0f} tokens; all {every:,} rows were taken" if short else ""
    asked = int(budget.amount) if budget.unit == "rows" else budget.rows(every)
    return f"the budget asks for {asked:,} rows; only {rows:,} could be taken" if asked > rows else ""
