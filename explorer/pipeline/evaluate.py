"""Evaluate: fine-tune the same base model on each selection and compare the losses on held-out rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pyarrow as pa

from explorer.errors import ExplorerError, refuse
from explorer.evaluate.benchmarks import Suite, suite
from explorer.evaluate.report import compare
from explorer.evaluate.seed_groups import Arm, arms_of, equalise
from explorer.evaluate.trials import Trial, Trials
from explorer.lm.finetune import NotFinite, Params
from explorer.options.base import keywords
from explorer.options.verbs import EvaluateOptions
from explorer.pipeline.heldout import HeldOut, hold_out
from explorer.progress import Progress, silent
from explorer.queries.conversations import read_items
from explorer.queries.rankings import read_ranking
from explorer.registry import build
from explorer.workspace import Artifact, Snapshot, Store


@dataclass(frozen=True)
class EvaluateResult:
    """A stored evaluation. `results` has one entry an arm (selections that differ in their seed only are one arm).

    Losses are nats a response token; `improvement` is the share by which the held-out loss is below the baseline's.
    """

    artifact: str
    baseline: str
    results: list[dict[str, Any]]
    held_out: dict[str, Any]
    rows: int | None
    tokens: int | None
    failed: list[str]
    seconds: float
    existed: bool
    summary: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@keywords(EvaluateOptions)
def evaluate(store: Store, options: EvaluateOptions, *, name: str = "", progress: Progress = silent) -> EvaluateResult:
    """Fine-tune the base model on each selection and measure its loss on rows that no selection trained on.

    Held-out rows, and rows with the same content, are removed from every selection before training. Then every
    selection is cut, in pick order, to the rows (or response tokens) of the smallest. Training runs are cached by their
    inputs, so an interrupted evaluation resumes, and adding a selection costs only its own runs.

    Args:
        store: The workspace.
        options: The selections, the base model and what to measure; the fields may be given as keywords instead. Run s
            of a method takes its selection s (modulo their number) and seed s.
        name: A name for the evaluation.
        progress: Told how far it is.

    Raises:
        InputError: a run, model, file or number that cannot be used.
        ExplorerError: out of memory; finished training runs are kept.
    """
    settings = _settings(options)
    snapshot = Snapshot.newest(store)
    samples = snapshot.require("samples")
    runs = [snapshot.resolve("selections", run) for run in dict.fromkeys(options.runs)]
    if not runs:
        refuse("which selections? give at least one", allowed="ids or names; `info` lists them")
    refinements = {str(run.manifest.parameters.get("params", {}).get("refinement", "")) for run in runs} - {""}
    arms = arms_of(runs, {key: store.resolve("refinements", key).manifest.parameters for key in refinements})
    base = _baseline(arms, options.baseline)
    tests = suite(options.benchmarks, options.benchmark_items, options.benchmark_tasks)
    progress("evaluate", 0, None, "held-out rows")
    held = hold_out(snapshot, options.held_out, options.held_out_rows, progress=progress)
    from explorer.lm.model import canonical_name

    parameters = {
        "model": canonical_name(options.model),
        "dtype": options.dtype,
        "seeds": options.seeds,
        "match": options.match,
        "held_out": held.identity,
        "baseline": base.key if base else "",
        "params": asdict(settings),
        **({"benchmarks": tests.identity} if tests is not None else {}),
    }
    inputs = {"samples": samples.id} | {f"selections{i}": run.id for i, run in enumerate(runs)}
    existing = store.find("evaluations", parameters, inputs)
    if existing is not None:
        store.also_call(existing, name)
        return _result(existing, existed=True)
    work = _Work(store, samples, arms, held, options, tests)
    trials, failed, facts = work.run(progress)
    with store.draft("evaluations", parameters=parameters, inputs=inputs, name=name) as draft:
        held = work.held  # without the rows that the model cannot be measured on
        report = compare(arms, base, trials, held.sources, held.shares)
        draft.write(_trial_table(arms, trials), "trials")
        draft.write(_loss_table(arms, trials, held), "losses")
        draft.dropped = facts["dropped"]
        draft.info = {**asdict(report), "held_out": held.about, "failed": failed, **facts}
        artifact = draft.commit()
    store.also_call(artifact, name)
    return _result(artifact, existed=False)


def _settings(options: EvaluateOptions) -> Params:
    return build(Params, options.params or {}, owner="evaluate")


def _baseline(arms: Sequence[Arm], wanted: str) -> Arm | None:
    fitting = [arm for arm in arms if wanted in (arm.method, arm.label, *(run.id for run in arm.runs))]
    if fitting or len(arms) == 1:
        return fitting[0] if fitting else None
    names = [f"{arm.label} ({arm.method})" for arm in arms]
    refuse(f"baseline {wanted!r} is none of these selections", allowed=names)


class _Work:
    """Every training run, in an order that gives each method its first seed before any its second."""

    def __init__(
        self,
        store: Store,
        samples: Artifact,
        arms: Sequence[Arm],
        held: HeldOut,
        options: EvaluateOptions,
        tests: Suite | None,
    ) -> None:
        self.store, self.samples, self.arms, self.held = store, samples, arms, held
        self.options, self.tests = options, tests
        self.settings = _settings(options)

    def run(self, progress: Progress) -> tuple[dict[tuple[int, int], Trial], list[str], dict[str, Any]]:
        """Train what is not cached; return trials by (arm, seed; the base model is -1, 0), failures and facts."""
        from explorer.lm.model import load_model, model_fingerprint
        from explorer.lm.packing import with_end
        from explorer.quality.losses import conditioned_rows

        options, limit = self.options, self.settings.max_tokens
        loaded = load_model(options.model, device=options.device, dtype=options.dtype)
        measured = conditioned_rows(loaded, self.held.items, limit)
        self.held = self.held.only([i for i, row in enumerate(measured) if not isinstance(row, str)])
        orders = {run.id: read_ranking(run).tolist() for arm in self.arms for run in arm.runs}
        ids = sorted({i for order in orders.values() for i in order})
        laid = dict(
            zip(ids, conditioned_rows(loaded, list(read_items(self.store, self.samples, ids)), limit), strict=True)
        )
        unusable = {i: row for i, row in laid.items() if isinstance(row, str)}
        end = loaded.tokenizer.eos_token_id
        rows = {i: with_end(row, end) for i, row in laid.items() if not isinstance(row, str)}
        tokens = {i: int(scored.sum()) for i, (_, scored) in rows.items()}
        chosen, size = equalise(orders, rows.keys() - self.held.excluded, tokens, options.match)
        identity = {"fingerprint": model_fingerprint(loaded), "dtype": loaded.dtype}
        kept = Trials(self.store.path, identity, [row for row in measured if not isinstance(row, str)], self.tests)
        plan = [(-1, 0), *((a, s) for s in range(options.seeds) for a in range(len(self.arms)))]
        trials: dict[tuple[int, int], Trial] = {}
        failed: list[str] = []
        for number, (a, s) in enumerate(plan):
            arm = None if a < 0 else self.arms[a]
            picked = [] if arm is None else [rows[i] for i in chosen[arm.run(s).id]]
            stage = "base model" if arm is None else f"{arm.label}, seed {s} ({number} of {len(plan) - 1})"
            progress("evaluate", number, len(plan), stage)
            trial = kept.find(picked, self.settings, s)
            if trial is None:
                try:
                    trial = kept.make(loaded, picked, self.settings, s, progress=progress, stage=stage)
                except NotFinite as error:
                    failed.append(f"{stage}: {error}")
                    continue
            trials[a, s] = trial
        progress("evaluate", len(plan), len(plan), "")
        for a, arm in enumerate(self.arms):
            if not any((a, s) in trials for s in range(options.seeds)):
                raise ExplorerError(f"no training run of {arm.label} came to an end: {failed[0]}")
        taken_out = sum(i in self.held.excluded for order in orders.values() for i in order)
        cut = sum(len(ids) >= limit for ids, _ in rows.values())
        dropped = {reason: list(unusable.values()).count(reason) for reason in set(unusable.values())}
        dropped |= {"held out": taken_out, "cut at max_tokens": cut}
        return trials, failed, {**size, "dropped": {k: v for k, v in dropped.items() if v}, "dtype": loaded.dtype}


def _trial_table(arms: Sequence[Arm], trials: Mapping[tuple[int, int], Trial]) -> pa.Table:
    columns = ("rows", "tokens", "response_tokens", "seconds")
    entries = [
        {
            "arm": "" if a < 0 else arms[a].key,
            "selection": "" if a < 0 else arms[a].run(s).id,
            "seed": s,
            **{name: getattr(trial, name) for name in columns},
            "training": list(trial.training),
        }
        for (a, s), trial in sorted(trials.items())
    ]
    text, count = pa.string(), pa.int64()
    kinds = {"arm": text, "selection": text, "seed": pa.int32(), "rows": count, "tokens": count}
    kinds |= {"response_tokens": count, "seconds": pa.float64(), "training": pa.list_(pa.float64())}
    return pa.Table.from_pylist(entries, schema=pa.schema(list(kinds.items())))


def _loss_table(arms: Sequence[Arm], trials: Mapping[tuple[int, int], Trial], held: HeldOut) -> pa.Table:
    """One row per trial and held-out row: arm ('' is the base model), seed, row, its source and loss."""
    n = len(held.items)
    parts = []
    for (a, s), trial in sorted(trials.items()):
        parts.append(
            pa.table(
                {
                    "arm": ["" if a < 0 else arms[a].key] * n,
                    "seed": pa.array([s] * n, pa.int32()),
                    "row": pa.array(range(n), pa.int64()),
                    "content_hash": [item.content_hash for item in held.items],
                    "source": list(held.sources),
                    "loss": pa.array(trial.losses, pa.float64()),
                }
            )
        )
    return pa.concat_tables(parts)


def _result(artifact: Artifact, *, existed: bool) -> EvaluateResult:
    manifest, info = artifact.manifest, artifact.manifest.info
    return EvaluateResult(
        artifact=artifact.ref,
        baseline=info["baseline"],
        results=info["results"],
        held_out=info["held_out"],
        rows=info["rows"],
        tokens=info["tokens"],
        failed=info["failed"],
        seconds=manifest.seconds,
        existed=existed,
        summary=info["summary"],
        parameters=manifest.parameters,
    )
