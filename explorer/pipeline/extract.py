"""Run the model and the SAE over every sample, shard by shard, then write both sort orders and the evidence.

The sums of a shard are written last and mark it as done. A run that was killed skips the shards that are done, and ends
with the same artifact as an uninterrupted one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.options.base import keywords
from explorer.options.verbs import ExtractOptions
from explorer.progress import Progress, silent
from explorer.queries.conversations import read_range
from explorer.workspace import Artifact, Draft, Snapshot, Store

if TYPE_CHECKING:
    from explorer.engine.local import Shard, Tick
    from explorer.features.extract import ShardTables
    from explorer.lm.model import LoadedModel
    from explorer.sae.load import LoadedSAE

SHARD_SAMPLES = 1024
SHARD_CHARS = 400_000  # about 100,000 tokens of English; bounds a shard's memory and the work that a kill can lose
CALIBRATION_SAMPLES = 64
TABLES = ("by_sample", "tokens", "lm_mean", "candidates")


@dataclass(frozen=True)
class ExtractResult:
    """Summary of an extraction; `tokens` counts those encoded, `existed` says that the artifact was already there."""

    artifact: str
    samples: int
    tokens: int
    seconds: float
    tokens_per_second: float
    existed: bool
    truncated: int
    sink_tokens: int
    l0: float
    fvu: float
    dead_share: float


@keywords(ExtractOptions)
def extract(store: Store, options: ExtractOptions, *, progress: Progress = silent) -> ExtractResult:
    """Extract the features of the newest samples into an `activations` artifact.

    Args:
        store: A workspace with samples.
        options: The model and the SAE; the fields may be given as keywords instead.
        progress: Called with the characters done and in total.

    Raises:
        InputError: an option, the model or the SAE cannot be used.
        MissingStep: the workspace has no samples.
    """
    from explorer.engine import ENGINES
    from explorer.lm.attention import block_attention
    from explorer.lm.model import load_model, model_fingerprint, pick_device, pick_dtype
    from explorer.sae.load import check_fit, check_layer, load_sae

    runner = ENGINES[options.engine]
    samples = Snapshot.newest(store).require("samples")
    dtype = pick_dtype(options.dtype, pick_device(options.device))
    progress("load", 0, 1, "loading the SAE and the model")
    loaded_sae = load_sae(options.sae, layer=options.layer)
    check_layer(loaded_sae, options.layer)
    loaded = load_model(options.model, device=options.device, dtype=dtype)
    check_fit(loaded_sae, loaded)
    if loaded.device != "cpu":
        loaded_sae.sae.to(loaded.device)
    parameters = {
        "model": loaded.name,
        "model_fingerprint": model_fingerprint(loaded),
        "sae": loaded_sae.name,
        "sae_fingerprint": loaded_sae.fingerprint,
        "hook": loaded_sae.hook_name,
        "max_tokens": options.max_tokens,
        "dtype": loaded.dtype,
    }
    inputs = {"samples": samples.id}
    existing = store.find("activations", parameters, inputs)
    if existing is not None:
        return _result(existing, existed=True)
    shards = plan_shards(store, samples)
    extraction = _Extraction(store, samples, loaded, loaded_sae, options)
    with store.draft("activations", parameters=parameters, inputs=inputs, resumable=True) as draft:
        with block_attention(loaded.model):
            runner.run(lambda: extraction.worker(draft), shards, Shards(draft), progress)
        progress("finish", 0, 1, "sorting by feature")
        draft.info = {"model_source": options.model, "sae_source": options.sae, "layer_source": options.layer}
        artifact = finish(draft, loaded_sae, len(shards))
    return _result(artifact, existed=False)


def plan_shards(store: Store, samples: Artifact) -> list[Shard]:
    """Split the samples into consecutive shards (first id, last id, characters); deterministic."""
    scan = store.scan(samples)
    query = f"SELECT sample_id, prompt_chars + response_chars FROM {scan} ORDER BY sample_id"
    shards: list[Shard] = []
    first, count, chars = 0, 0, 0
    for sample_id, size in store.sql(query).fetchall():
        if count and (count == SHARD_SAMPLES or chars + size > SHARD_CHARS):
            shards.append((first, sample_id - 1, chars))
            first, count, chars = sample_id, 0, 0
        count, chars = count + 1, chars + size
    if count:
        shards.append((first, first + count - 1, chars))
    return shards


class Shards:
    """The finished shards of a draft, as an engine sees them."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft

    def done(self, number: int) -> bool:
        """Whether shard `number` is done."""
        return (self.draft.path / "shards" / f"{number:05d}.json").is_file()

    def write(self, number: int, tables: ShardTables) -> None:
        """Write the tables of a shard, then the sums that mark it as done."""
        from explorer.workspace.artifact import write_json

        part = f"part-{number:05d}"
        for name, table in zip(TABLES, (tables.pairs, tables.tokens, tables.lm_mean, tables.candidates), strict=True):
            self.draft.write(table, name, part=part)
        folder = self.draft.path / "shards"
        folder.mkdir(exist_ok=True)
        write_json(folder / f"{number:05d}.json", tables.sums)


@dataclass(frozen=True)
class _Extraction:
    """What every shard is extracted from and with."""

    store: Store
    samples: Artifact
    model: LoadedModel
    sae: LoadedSAE
    options: ExtractOptions

    def worker(self, draft: Draft) -> Callable[[Shard, Tick], ShardTables]:
        """Set up the function that extracts a shard; an engine calls this once in each of its workers."""
        from explorer.features.extract import Extractor

        extractor = Extractor(
            self.model,
            self.sae,
            median_norm=self.median_norm(draft),
            max_tokens=self.options.max_tokens,
            batch_tokens=self.options.batch_tokens,
        )

        def run(shard: Shard, tick: Tick) -> ShardTables:
            ids, conversations = read_range(self.store, self.samples, shard[0], shard[1])
            return extractor(ids, conversations, tick)

        return run

    def median_norm(self, draft: Draft) -> float:
        """The SAE's own median norm, or else that of the samples with the smallest content hashes, in any row order."""
        from explorer.features.extract import median_norm
        from explorer.workspace.artifact import write_json

        own = self.sae.sae.cfg.metadata.get("median_norm")
        if own is not None:
            return float(own)
        file = draft.path / "median_norm.json"
        if not file.is_file():
            scan = self.store.scan(self.samples)
            query = f"SELECT turns FROM {scan} ORDER BY content_hash, sample_id LIMIT {CALIBRATION_SAMPLES}"
            turns = [[(turn["role"], turn["content"]) for turn in row[0]] for row in self.store.sql(query).fetchall()]
            norm = median_norm(self.model, self.sae.hook_name, turns, self.options.max_tokens)
            write_json(file, {"median_norm": norm})
        return float(json.loads(file.read_text("utf-8"))["median_norm"])


def finish(draft: Draft, sae: LoadedSAE, shards: int) -> Artifact:
    """Sort the pairs, choose the evidence, add up the figures, and commit."""
    import duckdb

    from explorer.features.evidence import SAMPLED, TOP
    from explorer.workspace.artifact import ROW_GROUP

    def files(table: str) -> str:
        return "'" + str((draft.path / table / "*.parquet").resolve()).replace("'", "''") + "'"

    spill = draft.path / "spill"
    config: dict[str, Any] = {"memory_limit": "1GB", "temp_directory": str(spill), "preserve_insertion_order": "true"}
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET enable_progress_bar = false")

    def copy(query: str, table: str) -> None:
        draft.write(connection.sql(query).to_arrow_reader(ROW_GROUP), table)

    copy(f"FROM read_parquet({files('by_sample')}) ORDER BY feature_id, sample_id, segment", "by_feature")
    ranked = f"""
        SELECT *, row_number() OVER (PARTITION BY feature_id ORDER BY "top" DESC, max_act DESC, sample_id) AS strength,
               row_number() OVER (PARTITION BY feature_id ORDER BY drawn DESC, hash, sample_id) AS draw
        FROM read_parquet({files("candidates")})"""
    columns = "sample_id, segment, max_act, peak, position, tokens, activations"
    order = "max_act DESC, sample_id"
    copy(
        f"""
        WITH ranked AS ({ranked}),
        chosen AS (
            SELECT feature_id, 'top' AS kind, {columns} FROM ranked WHERE "top" AND strength <= {TOP}
            UNION ALL
            SELECT feature_id, 'quantile', {columns} FROM ranked WHERE drawn AND draw <= {SAMPLED})
        SELECT feature_id, kind,
               (row_number() OVER (PARTITION BY feature_id, kind ORDER BY {order}) - 1)::INTEGER AS rank, {columns}
        FROM chosen ORDER BY feature_id, kind DESC, rank""",
        "evidence",
    )
    active = connection.execute(
        f"SELECT count(DISTINCT feature_id), count(*) FROM read_parquet({files('by_sample')})"
    ).fetchone()
    counts = connection.execute(
        f"SELECT count(*), sum(prompt_tokens), sum(response_tokens), sum(template_tokens), sum(sink_tokens), "
        f"count(*) FILTER (truncated) FROM read_parquet({files('tokens')})"
    ).fetchone()
    evidence = connection.execute(f"SELECT count(*) FROM read_parquet({files('evidence')})").fetchone()
    connection.close()
    if active is None or counts is None or evidence is None:
        raise RuntimeError("DuckDB gave no counts")
    n, prompt, response, template, sinks, truncated = (int(value or 0) for value in counts)
    content = prompt + response
    sums = _sum_up(draft.path / "shards", shards)
    draft.rows = {"samples": n, "pairs": active[1], "evidence": evidence[0]}
    draft.dropped = {"template tokens": template, "sink tokens": sinks, "truncated samples": truncated}
    draft.info |= {
        "model": draft.parameters["model"],
        "sae": draft.parameters["sae"],
        "hook": draft.parameters["hook"],
        "architecture": sae.architecture,
        "d_sae": sae.d_sae,
        "default_threshold": sae.default_threshold,
        "neuronpedia_id": sae.neuronpedia_id,
        "tokens": content - sinks,
        "l0": sums["entries"] / max(1.0, sums["counted"]),
        "fvu": sums["fvu"],
        "dead_share": 1 - active[0] / sae.d_sae,
        "sink_share": sinks / max(1, content),
        "truncated_share": truncated / max(1, n),
    }
    for leftover in ("candidates", "shards", "spill"):
        shutil.rmtree(draft.path / leftover, ignore_errors=True)
    norm = draft.path / "median_norm.json"
    if norm.is_file():  # measured here: the probe needs it to read single texts the same way
        draft.info |= json.loads(norm.read_text("utf-8"))
        norm.unlink()
    return draft.commit()


def _sum_up(folder: Path, shards: int) -> dict[str, float]:
    """Add up the sums of all shards; `fvu` = sum |x - x̂|² / sum |x - mean x|²."""
    total: dict[str, float] = {}
    for number in range(shards):
        for key, value in json.loads((folder / f"{number:05d}.json").read_text("utf-8")).items():
            total[key] = total.get(key, 0.0) + value
    mean = sum(value**2 for key, value in total.items() if key.startswith("shift_")) / max(1.0, total["measured"])
    variance = total["squares"] - mean
    total["fvu"] = total["error"] / variance if variance > 0 else float("nan")
    return total


def _result(artifact: Artifact, *, existed: bool) -> ExtractResult:
    manifest = artifact.manifest
    tokens = int(manifest.info["tokens"])
    return ExtractResult(
        artifact=artifact.ref,
        samples=manifest.rows["samples"],
        tokens=tokens,
        seconds=manifest.seconds,
        tokens_per_second=round(tokens / manifest.seconds, 1),
        existed=existed,
        truncated=manifest.dropped["truncated samples"],
        sink_tokens=manifest.dropped["sink tokens"],
        l0=round(manifest.info["l0"], 2),
        fvu=round(manifest.info["fvu"], 4),
        dead_share=round(manifest.info["dead_share"], 4),
    )
