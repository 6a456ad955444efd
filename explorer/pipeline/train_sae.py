"""Train an SAE on a workspace's samples and write it, with its card, in sae-lens format."""

from __future__ import annotations

import functools
import json
import os
import shlex
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import refuse
from explorer.options.base import argv, keywords
from explorer.options.verbs import TrainSaeOptions
from explorer.progress import Progress, silent
from explorer.queries.conversations import read_turns
from explorer.workspace import Artifact, Snapshot, Store

if TYPE_CHECKING:
    from explorer.lm.model import LoadedModel

HELD_OUT_ONE_IN = 50


@dataclass(frozen=True)
class TrainSaeResult:
    """Where the SAE lies, what it was trained on, and its figures on held-out tokens."""

    path: str
    tokens: int
    seconds: float
    held_out_tokens: int
    fvu: float
    l0: float
    dead_share: float
    dense_share: float
    loss_recovered: float


@keywords(TrainSaeOptions)
def train_sae(store: Store, options: TrainSaeOptions, *, progress: Progress = silent) -> TrainSaeResult:
    """Train a TopK SAE on the newest samples; one sample in 50 is held out and never trained on.

    An interrupted training resumes from `OUT.training` when it is started again with the same options.
    """
    from explorer.lm.model import load_model
    from explorer.sae.health import measure
    from explorer.sae.train import TrainingPlan, train

    folder = Path(options.out)
    if folder.exists():
        refuse(f"--out {folder} exists already", allowed="a new folder")
    layer = options.layer
    plan = TrainingPlan(layer=layer, width=options.width, k=options.k, tokens=options.tokens, seed=options.seed)
    samples = Snapshot.newest(store).require("samples")
    training_ids, held_out_ids = _split(store, samples)
    loaded = load_model(options.model, device=options.device, dtype=options.dtype)
    if layer >= loaded.n_layers:
        refuse(f"--layer {layer}: model {loaded.name} has no such layer", allowed=f"0 to {loaded.n_layers - 1}")
    started = time.perf_counter()
    scratch = folder.with_name(folder.name + ".training")
    read = functools.partial(read_turns, store, samples)
    sae, scale, used = train(loaded, read, training_ids, plan, scratch=scratch, progress=progress)
    seconds = time.perf_counter() - started
    health = measure(
        loaded,
        sae,
        read(held_out_ids),
        median_norm=scale.median_norm,
        max_tokens=plan.max_tokens,
        progress=progress,
    )
    metadata = sae.cfg.metadata
    metadata.median_norm = scale.median_norm
    metadata.default_threshold = round(health.p90_activation, 1)
    metadata.training_tokens = used
    metadata.training_plan = asdict(plan)
    metadata.training_samples = len(training_ids)
    metadata.held_out = asdict(health)
    temporary = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    sae.save_inference_model(temporary)
    _reformat(temporary / "cfg.json")
    command = f"python -m explorer {shlex.join(argv(options, 'WORKSPACE'))}"
    card = _card(loaded, samples, metadata, asdict(plan), command=command, seconds=seconds)
    (temporary / "README.md").write_text(card, "utf-8")
    os.rename(temporary, folder)
    shutil.rmtree(scratch, ignore_errors=True)
    return TrainSaeResult(
        path=str(folder),
        tokens=used,
        seconds=round(seconds, 1),
        held_out_tokens=health.tokens,
        fvu=health.fvu,
        l0=health.l0,
        dead_share=health.dead_share,
        dense_share=health.dense_share,
        loss_recovered=health.loss_recovered,
    )


def _split(store: Store, samples: Artifact) -> tuple[list[int], list[int]]:
    """Ids to train on and ids held out, by content hash, so that exact duplicates are on the same side."""
    rows = store.sql(f"SELECT sample_id, content_hash FROM {store.scan(samples)} ORDER BY sample_id").fetchall()
    training: list[int] = []
    held_out: list[int] = []
    for sample_id, content_hash in rows:
        (held_out if int(content_hash[:8], 16) % HELD_OUT_ONE_IN == 0 else training).append(sample_id)
    if not training or not held_out:
        refuse(f"train-sae needs more samples than {len(rows)}", allowed="a few hundred at the least")
    return training, held_out


def _reformat(path: Path) -> None:
    """One key a line and a device everybody has, so that the configuration reads and diffs well."""
    config = json.loads(path.read_text("utf-8"))
    config["device"] = "cpu"
    path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", "utf-8")


def _card(
    loaded: LoadedModel, samples: Artifact, metadata: Any, plan: dict[str, Any], *, command: str, seconds: float
) -> str:
    files = [str(file["name"]) for file in samples.manifest.parameters.get("files", [])]
    name = ", ".join(files) or "the workspace's samples"
    health = metadata.held_out
    lines = [
        f"# TopK SAE for {loaded.name}, residual stream after layer {plan['layer']}",
        "",
        f"Width {plan['width']:,} features, k = {plan['k']} active per token, trained with sae-lens on",
        f"{metadata.training_tokens:,} tokens of {metadata.training_samples:,} samples ({name}); model in",
        f"{loaded.dtype}; {seconds / 60:.0f} minutes since it was started or resumed. Inputs were centred and scaled",
        "to unit variance and decoder norms set to one; both are part of the weights: it reads raw residuals. Padding,",
        "chat-template tokens and attention sinks (norm over 8 times the median) were left out.",
        "",
        f"## Figures on {health['tokens']:,} held-out tokens (one sample in {HELD_OUT_ONE_IN}, never trained on)",
        "",
        "| figure | value |",
        "|---|---|",
        f"| fraction of variance unexplained | {health['fvu']:.4f} |",
        f"| L0 (active features per token) | {health['l0']:.1f} |",
        f"| dead features (active on no held-out token) | {health['dead_share']:.2%} |",
        f"| dense features (active on more than 10 % of tokens) | {health['dense_share']:.2%} |",
        f"| loss recovered (against zero-ablation of the same positions) | {health['loss_recovered']:.3f} |",
        f"| cross-entropy: model / with the SAE / zeroed (nats per response token) | {health['loss']:.3f} / "
        f"{health['loss_with_sae']:.3f} / {health['loss_zeroed']:.3f} |",
        f"| median activation above 0 | {health['median_activation']:.2f} |",
        f"| 90th percentile of activations above 0 (the default threshold) | {health['p90_activation']:.2f} |",
        f"| content tokens left out as attention sinks | {health['sink_share']:.2%} |",
        "",
        "## Made by",
        "",
        "```",
        f"python -m explorer ingest {shlex.quote(files[0] if files else 'FILE')} -w WORKSPACE",
        command,
        "```",
        "",
        "Training plan: " + ", ".join(f"{key} {value}" for key, value in plan.items()) + ".",
    ]
    return "\n".join(lines) + "\n"
