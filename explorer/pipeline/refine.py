"""Refine: iterative-kmq. Draw by cluster weights, fine-tune, compare answers, move the weights; again and again."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from explorer.errors import refuse
from explorer.lm.finetune import Params, finetuned
from explorer.lm.generate import generate
from explorer.lm.model import LoadedModel
from explorer.lm.packing import Row, with_end
from explorer.options.base import keywords
from explorer.options.verbs import RefineOptions
from explorer.pipeline.pool import PoolInputs, find_inputs, read_pool
from explorer.pipeline.select import Ranked, store_ranking
from explorer.progress import Progress, silent
from explorer.quality.losses import conditioned_rows
from explorer.quality.scorers import SCORERS
from explorer.queries.conversations import read_items
from explorer.refine.method import ITERATIVE_KMQ
from explorer.refine.rewards import REWARDS, check_rewards, score_pairs, values_of
from explorer.refine.weights import batch, kmq_order, mean_rewards, parts_of, starting_weights, updated
from explorer.registry import build
from explorer.selection.budget import Budget
from explorer.selection.method import Pool, Ranking
from explorer.workspace import Artifact, Snapshot, Store, marks
from explorer.workspace.artifact import Draft

SEPARATE = 7_919  # keeps the draws of refine apart from those of a selection with the same seed

BATCHES = pa.schema(
    [
        ("iteration", pa.int32()),
        ("sample_id", pa.int64()),
        ("cluster", pa.int32()),
        ("reward", pa.float64()),  # null: it failed
        ("gold", pa.float64()),  # the value of the data's answer; the reward is exp(gold - generated) * factor
        ("generated", pa.float64()),
        ("factor", pa.float64()),
        ("answer", pa.string()),  # what the fine-tuned model said
        ("problem", pa.string()),
    ]
)
WEIGHTS = pa.schema(
    [
        ("iteration", pa.int32()),  # 0: at the start, in proportion to the clusters' sizes
        ("cluster", pa.int32()),
        ("weight", pa.float64()),
        ("reward", pa.float64()),  # mean of the iteration's rows; null where the cluster had none
        ("rows", pa.int32()),  # drawn in this iteration
    ]
)
STEPS = pa.schema(
    [
        ("iteration", pa.int32()),
        ("trained_rows", pa.int32()),
        ("tokens", pa.int64()),
        ("train_seconds", pa.float64()),
        ("generate_seconds", pa.float64()),
        ("reward_seconds", pa.float64()),
        ("losses", pa.list_(pa.float64())),
    ]
)


@dataclass(frozen=True)
class RefineResult:
    """A stored refinement and the selection it ends in; `iterations` holds the weights after each."""

    artifact: str
    selection: str
    rows: int
    iterations: list[dict[str, Any]]
    failed: dict[str, int]
    seconds: float
    existed: bool


@keywords(RefineOptions)
def refine(store: Store, options: RefineOptions, *, name: str = "", progress: Progress = silent) -> RefineResult:
    """Choose rows in parts, each drawn by cluster weights that the part before it moved.

    In each iteration the base model is fine-tuned on everything taken so far and answers the prompts of the new rows;
    the better the data's answers are than its own, the more weight their cluster gets. An interrupted run resumes in
    the iteration it was in.

    Args:
        store: The workspace.
        options: Budget, iterations, reward and training; the fields may be given as keywords instead. The heuristic
            factor is there because perplexity alone rewards repetition. Rows banned in the app are never drawn either.
        name: A name for the refinement and its selection.
        progress: Told how far it is.

    Raises:
        InputError: an option that cannot be used, or a reward that failed for a whole batch.
        MissingStep: there are no samples or no extraction to cluster by.
        ExplorerError: out of memory, or a loss that is not finite; finished iterations are kept.
    """
    allowance = Budget.parse(options.budget, units=("rows", "share"))
    if options.scorer not in REWARDS:
        refuse("unknown reward", got=options.scorer, allowed=REWARDS)
    inputs = _inputs(store, options.clusters, progress)
    banned = sorted({*options.banned, *marks.read(store, inputs.samples).banned})
    options = replace(options, banned=banned)
    n = inputs.samples.manifest.rows["samples"]
    rows = min(allowance.rows(n), n - len(banned))
    if options.iterations > rows:
        refuse("more iterations than rows", got=options.iterations, allowed=f"1 to {rows} (the budget in rows)")
    parameters = _parameters(options, allowance)
    existing = store.find("refinements", parameters, inputs.ids)
    if existing is not None:
        store.also_call(existing, name)
        return _result(store, existing, existed=True)
    from explorer.lm.model import load_model

    progress("refine", 0, options.iterations, "reading")
    loaded_pool = read_pool(inputs, frozenset({"clusters", "quality"}))
    loaded = load_model(options.model, device=options.device, dtype=options.dtype)
    work = _Work(store, inputs.samples, loaded_pool.pool, loaded, options)
    identity = {"parameters": parameters, "inputs": inputs.ids, "seed": options.seed, "name": name}
    max_tokens = work.settings.max_tokens
    with (
        store.draft("refinements", **identity, resumable=True) as draft,
        values_of(options.scorer, options.scorer_params or {}, loaded, max_tokens) as values,
    ):
        taken, failed = work.run(draft, parts_of(rows, options.iterations), values, progress)
        draft.dropped = dict(failed)
        clusters = int(loaded_pool.pool.clusters.max()) + 1  # type: ignore[union-attr]
        draft.info = {"rows": len(taken), "clusters": clusters, "model_source": options.model}
        draft.rows = {
            "batches": len(taken),
            "weights": (options.iterations + 1) * clusters,
            "steps": options.iterations,
        }
        artifact = draft.commit()
    store.also_call(artifact, name)
    chosen = {key: parameters[key] for key in ("method", "budget", "seed")}
    chosen |= {"threshold": loaded_pool.threshold, "segment": "response", "params": {"refinement": artifact.id}}
    ranked = Ranked(
        method=ITERATIVE_KMQ,
        options=ITERATIVE_KMQ.Params(),
        ranking=_ranking(store, artifact),
        pool=loaded_pool.pool,
        parameters=chosen,
        inputs=inputs.ids | {"refinements": artifact.id},
        seconds=artifact.manifest.seconds,
    )
    store_ranking(store, ranked, name)
    progress("refine", options.iterations, options.iterations, "")
    return _result(store, artifact, existed=False)


def _parameters(options: RefineOptions, allowance: Budget) -> dict[str, Any]:
    """What a stored refinement records: all that decides it, but for its inputs."""
    from explorer.lm.model import canonical_name

    scorer_params: dict[str, Any] = options.scorer_params or {}  # type: ignore[assignment]
    if options.scorer != "perplexity":
        scorer = SCORERS[options.scorer]
        scorer_params = scorer.identity(build(scorer.Params, scorer_params, owner=f"reward {options.scorer}"))
    return {
        "method": ITERATIVE_KMQ.slug,
        "budget": allowance.text,
        "iterations": options.iterations,
        "scorer": options.scorer,
        "scorer_params": scorer_params,
        "factor": options.factor,
        "model": canonical_name(options.model),
        "dtype": options.dtype,
        "max_new_tokens": options.max_new_tokens,
        "params": asdict(_settings(options)),
        "seed": options.seed,
        **({"banned": list(options.banned)} if options.banned else {}),
    }


def _settings(options: RefineOptions) -> Params:
    return build(Params, options.params or {}, owner="refine")


def _inputs(store: Store, clusters: str, progress: Progress) -> PoolInputs:
    """Samples, clusters and quality, made where there are none; `clusters` is a number to make or an id."""
    if clusters.isdigit():
        from explorer.pipeline.cluster import cluster

        clusters = cluster(store, k=int(clusters), progress=progress).artifact
    snapshot = Snapshot.newest(store)
    chosen = snapshot.resolve("clusters", clusters) if clusters else None
    inputs = find_inputs(snapshot, frozenset({"clusters", "quality"}), progress=progress)
    return inputs if chosen is None else replace(inputs, clusters=chosen)


class _Work:
    """The loop. An iteration is written before the next begins; its weights come last and mark it as finished."""

    def __init__(
        self, store: Store, samples: Artifact, pool: Pool, loaded: LoadedModel, options: RefineOptions
    ) -> None:
        assert pool.clusters is not None and pool.quality is not None
        self.store, self.samples, self.loaded, self.options = store, samples, loaded, options
        self.settings = _settings(options)
        self.clusters = pool.clusters
        rng = np.random.default_rng([options.seed, SEPARATE])
        self.orders = kmq_order(pool.clusters, np.nan_to_num(pool.quality, nan=0.0), rng)
        self.rows: dict[int, Row] = {}

    def run(self, draft: Draft, sizes: list[int], values: Any, progress: Progress) -> tuple[list[int], Counter[str]]:
        """Do what is left of the iterations; returns every row taken, and why rewards failed."""
        weights = starting_weights(self.clusters)
        if not (draft.path / "weights" / "iteration-000.parquet").is_file():
            self._write_weights(draft, 0, weights, np.full(len(weights), np.nan), np.zeros(len(weights), np.int64))
        taken: list[int] = []
        failed: Counter[str] = Counter()
        for number, size in enumerate(sizes, 1):
            part = f"iteration-{number:03}"
            progress("refine", number - 1, len(sizes), f"iteration {number}")
            file = draft.path / "weights" / f"{part}.parquet"
            if file.is_file():
                weights = pq.read_table(file).sort_by("cluster").column("weight").to_numpy()
            else:
                self._iterate(draft, number, size, taken, weights, values, progress)
                weights = pq.read_table(file).sort_by("cluster").column("weight").to_numpy()
            done = pq.read_table(draft.path / "batches" / f"{part}.parquet")
            taken += done.column("sample_id").to_pylist()
            failed.update(problem for problem in done.column("problem").to_pylist() if problem)
        return taken, failed

    def _iterate(
        self,
        draft: Draft,
        number: int,
        size: int,
        taken: list[int],
        weights: np.ndarray,
        values: Any,
        progress: Progress,
    ) -> None:
        picks, quotas = batch(self.orders, {*taken, *self.options.banned}, weights, size)
        training = self._rows([*taken, *picks.tolist()])
        seed = self.options.seed * 1000 + number
        stage = f"iteration {number}"
        items = list(read_items(self.store, self.samples, picks.tolist()))
        with finetuned(
            self.loaded, training, self.settings, seed=seed, progress=progress, stage=f"{stage}: fine-tune"
        ) as t:
            began = time.perf_counter()
            answers = generate(
                t.loaded,
                [item.conversation for item in items],
                max_new_tokens=self.options.max_new_tokens,
                max_prompt_tokens=self.settings.max_tokens,
                progress=progress,
                stage=f"{stage}: answers",
            )
            tuned, generating = t, time.perf_counter() - began
        began = time.perf_counter()
        progress(f"{stage}: rewards", 0, None, self.options.scorer)
        rewards = score_pairs(items, answers, values, self.options.factor)
        check_rewards(rewards, self.options.scorer)
        numbers = np.array([np.nan if r.value is None else r.value for r in rewards])
        means = mean_rewards(self.clusters[picks], numbers, len(weights))
        columns = {
            "iteration": [number] * len(picks),
            "sample_id": picks,
            "cluster": self.clusters[picks],
            "reward": [r.value for r in rewards],
            "gold": [r.gold for r in rewards],
            "generated": [r.generated for r in rewards],
            "factor": [r.factor for r in rewards],
            "answer": [answer or "" for answer in answers],
            "problem": [r.problem for r in rewards],
        }
        table = pa.table([pa.array(columns[f.name], f.type) for f in BATCHES], schema=BATCHES)
        draft.write(table, "batches", part=f"iteration-{number:03}")
        step = {
            "iteration": number,
            "trained_rows": len(training),
            "tokens": tuned.tokens,
            "train_seconds": round(tuned.seconds, 3),
            "generate_seconds": round(generating, 3),
            "reward_seconds": round(time.perf_counter() - began, 3),
            "losses": list(tuned.losses),
        }
        draft.write(pa.Table.from_pylist([step], schema=STEPS), "steps", part=f"iteration-{number:03}")
        self._write_weights(draft, number, updated(weights, means), means, quotas)

    def _rows(self, ids: list[int]) -> list[Row]:
        """Training rows of `ids`; those without a response token within max_tokens are left out."""
        fresh = [i for i in ids if i not in self.rows]
        items = list(read_items(self.store, self.samples, fresh))
        end = self.loaded.tokenizer.eos_token_id
        for i, row in zip(fresh, conditioned_rows(self.loaded, items, self.settings.max_tokens), strict=True):
            if not isinstance(row, str):
                self.rows[i] = with_end(row, end)
        return [self.rows[i] for i in ids if i in self.rows]

    @staticmethod
    def _write_weights(draft: Draft, number: int, weights: np.ndarray, means: np.ndarray, rows: np.ndarray) -> None:
        columns = {
            "iteration": np.full(len(weights), number),
            "cluster": np.arange(len(weights)),
            "weight": weights,
            "reward": [None if np.isnan(mean) else float(mean) for mean in means],
            "rows": rows,
        }
        table = pa.table([pa.array(columns[f.name], f.type) for f in WEIGHTS], schema=WEIGHTS)
        draft.write(table, "weights", part=f"iteration-{number:03}")


def _ranking(store: Store, artifact: Artifact) -> Ranking:
    """The rows in the order they were taken; gain is the weight of their cluster then, round the iteration."""
    query = (
        f"SELECT b.sample_id, b.iteration, w.weight FROM {store.scan(artifact, 'batches')} b "
        f"JOIN {store.scan(artifact, 'weights')} w ON w.cluster = b.cluster AND w.iteration = b.iteration - 1"
    )
    about = {row[0]: row[1:] for row in store.sql(query).fetchall()}
    order = [i for file in artifact.files("batches") for i in pq.read_table(file).column("sample_id").to_pylist()]
    gain = np.array([about[i][1] for i in order], dtype=np.float64)
    rounds = np.array([about[i][0] for i in order], dtype=np.int32)
    return Ranking(np.array(order, dtype=np.int64), gain, rounds)


def _result(store: Store, artifact: Artifact, *, existed: bool) -> RefineResult:
    query = f"SELECT iteration, cluster, weight, reward, rows FROM {store.scan(artifact, 'weights')} ORDER BY ALL"
    made: dict[int, dict[str, Any]] = {}
    for iteration, cluster, weight, reward, rows in store.sql(query).fetchall():
        entry = made.setdefault(iteration, {"iteration": iteration, "weights": {}, "rewards": {}, "rows": {}})
        entry["weights"][str(cluster)] = weight
        entry["rewards"][str(cluster)] = reward
        entry["rows"][str(cluster)] = rows
    chosen = [run for run in store.artifacts("selections") if run.manifest.inputs.get("refinements") == artifact.id]
    return RefineResult(
        artifact=artifact.ref,
        selection=chosen[-1].ref if chosen else "",
        rows=artifact.manifest.info["rows"],
        iterations=list(made.values()),
        failed=artifact.manifest.dropped,
        seconds=artifact.manifest.seconds,
        existed=existed,
    )
