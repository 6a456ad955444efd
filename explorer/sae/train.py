"""Train a TopK SAE (Gao et al. 2024) with sae-lens on the residual stream of a causal LM.

Training proceeds by segments: the residuals of a group of shuffled samples are collected, shuffled and trained on. A
checkpoint of the whole state is saved every few segments, so an interrupted run ends with the same weights as an
uninterrupted one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from explorer.errors import refuse
from explorer.lm.attention import block_attention
from explorer.lm.batches import default_batch_tokens, pad, plan_batches
from explorer.lm.layout import TEMPLATE, Turn, lay_out
from explorer.lm.model import LoadedModel
from explorer.lm.reader import Reader, layer_hook
from explorer.progress import Progress, silent
from explorer.sae.load import SINK_FACTOR

if TYPE_CHECKING:
    import torch

SEGMENT_SAMPLES = 1024
CHECKPOINT_SEGMENTS = 4
CALIBRATION_SAMPLES = 512


@dataclass(frozen=True)
class TrainingPlan:
    """Every option that decides the weights: `width` features, `k` active per token, `tokens` in total."""

    layer: int = 20
    width: int = 4096
    k: int = 32
    tokens: int = 6_000_000
    batch_tokens: int = 2048
    learning_rate: float = 6e-4
    dead_after_steps: int = 150
    max_tokens: int = 512
    seed: int = 0

    def __post_init__(self) -> None:
        if self.width < 1 or self.k < 1 or self.k > self.width:
            refuse("train-sae: k must be between 1 and the width", got=f"k={self.k}, width={self.width}")
        if self.tokens < self.batch_tokens:
            refuse(f"train-sae: --tokens must be at least one batch of {self.batch_tokens}", got=self.tokens)


@dataclass(frozen=True)
class Scale:
    """Normalisation of residuals, (x - mean) / std, and the median norm that attention sinks are measured against."""

    mean: torch.Tensor
    std: float
    median_norm: float


ReadTurns = Callable[[Sequence[int]], list[list[Turn]]]


def train(
    model: LoadedModel,
    read_turns: ReadTurns,
    sample_ids: Sequence[int],
    plan: TrainingPlan,
    *,
    scratch: Path,
    progress: Progress = silent,
) -> tuple[Any, Scale, int]:
    """Train on `sample_ids`, for several epochs if they have fewer than `plan.tokens` tokens.

    `read_turns` returns the conversations of the given sample ids; `scratch` is the folder of the checkpoint. Returns
    the SAE for inference (with the normalisation folded in, so that it reads raw residuals), the scale, and the number
    of tokens used.
    """
    import torch

    reader = Reader(model, layer_hook(plan.layer))
    trainer = _trainer(model, plan)
    rng = np.random.default_rng(plan.seed)
    epoch_orders = _orders(sample_ids, rng)
    first = next(epoch_orders)
    calibration = residuals(model, reader, read_turns(first[:CALIBRATION_SAMPLES]), plan.max_tokens)
    scale = _measure(calibration.float())
    segments_done = _load_checkpoint(trainer, scratch)
    for index, ids in enumerate(_segments(first, epoch_orders)):
        if trainer.n_training_samples >= plan.tokens:
            break
        if index < segments_done:
            continue
        rows = residuals(model, reader, read_turns(ids), plan.max_tokens, scale.median_norm)
        order = torch.from_numpy(np.random.default_rng((plan.seed, index)).permutation(len(rows)))
        rows = rows[order]
        for start in range(0, len(rows) - plan.batch_tokens + 1, plan.batch_tokens):
            if trainer.n_training_samples >= plan.tokens:
                break
            batch = (rows[start : start + plan.batch_tokens].float() - scale.mean) / scale.std
            output = trainer.step(batch)
            trainer.n_training_steps += 1
            if trainer.n_training_steps % 10 == 0:
                loss, dead = float(output.losses["mse_loss"].detach()), int(trainer.dead_neurons.sum())
                note = f"loss {loss / model.d_model:.3f}, {dead} dead features"
                progress("train", trainer.n_training_samples, plan.tokens, note)
        if (index + 1) % CHECKPOINT_SEGMENTS == 0:
            _save_checkpoint(trainer, scratch, index + 1)
    trainer.set_final_sae_metadata()
    return _fold(trainer.sae, scale), scale, int(trainer.n_training_samples)


def residuals(
    model: LoadedModel,
    reader: Reader,
    conversations: list[list[Turn]],
    max_tokens: int,
    median_norm: float | None = None,
) -> torch.Tensor:
    """Read the residuals [n, d] of the content tokens, without attention sinks if `median_norm` is given."""
    import torch

    layouts = lay_out(model.tokenizer, conversations, max_tokens=max_tokens)
    parts = []
    with block_attention(model.model):
        for batch in plan_batches([len(layout) for layout in layouts], default_batch_tokens(model.device)):
            ids = pad([layouts[i].ids for i in batch], 0)
            content = pad([(layouts[i].segment != TEMPLATE).astype(np.int32) for i in batch], 0)
            acts = reader(torch.from_numpy(ids))[torch.from_numpy(content).bool().to(model.device)]
            if median_norm is not None:
                acts = acts[acts.float().norm(dim=-1) <= SINK_FACTOR * median_norm]
            parts.append(acts.to("cpu"))
    return torch.cat(parts)


def _orders(sample_ids: Sequence[int], rng: np.random.Generator) -> Iterator[list[int]]:
    while True:
        yield [int(i) for i in rng.permutation(np.asarray(sample_ids, dtype=np.int64))]


def _segments(first: list[int], later: Iterator[list[int]]) -> Iterator[list[int]]:
    order = first
    while True:
        for start in range(0, len(order), SEGMENT_SAMPLES):
            yield order[start : start + SEGMENT_SAMPLES]
        order = next(later)


def _measure(rows: torch.Tensor) -> Scale:
    norms = rows.norm(dim=-1)
    median = float(norms.median())
    counted = rows[norms <= SINK_FACTOR * median]
    mean = counted.mean(0)
    return Scale(mean, float((counted - mean).pow(2).mean().sqrt()), median)


def _trainer(model: LoadedModel, plan: TrainingPlan) -> Any:
    import torch
    from sae_lens import SAETrainer, TopKTrainingSAE, TopKTrainingSAEConfig
    from sae_lens.config import LoggingConfig, SAETrainerConfig
    from sae_lens.saes.sae import SAEMetadata

    torch.manual_seed(plan.seed)
    device = model.device
    metadata = SAEMetadata(
        model_name=model.name, hook_name=layer_hook(plan.layer), context_size=plan.max_tokens, prepend_bos=True
    )
    sae = TopKTrainingSAE(
        TopKTrainingSAEConfig(
            d_in=model.d_model,
            d_sae=plan.width,
            k=plan.k,
            device=device,
            apply_b_dec_to_input=True,
            aux_loss_coefficient=1 / 32,
            metadata=metadata,
        )
    )
    settings = SAETrainerConfig(
        total_training_samples=plan.tokens,
        train_batch_size_samples=plan.batch_tokens,
        lr=plan.learning_rate,
        lr_end=plan.learning_rate / 10,
        lr_scheduler_name="cosineannealing",
        lr_warm_up_steps=min(100, plan.tokens // plan.batch_tokens // 10),
        device=device,
        autocast=model.dtype == "bfloat16",
        dead_feature_window=plan.dead_after_steps,
        feature_sampling_window=1_000_000_000,
        logger=LoggingConfig(log_to_wandb=False),
    )
    return SAETrainer(settings, sae, data_provider=iter(()))


def _fold(sae: Any, scale: Scale) -> Any:
    """Fold decoder norms and normalisation into the weights, so that the SAE reads raw residuals."""
    import torch

    sae.fold_W_dec_norm()
    sae.cfg.rescale_acts_by_decoder_norm = False
    eye = torch.eye(sae.cfg.d_in)
    sae.fold_activation_whitening(mean=scale.mean, whitening_matrix=eye / scale.std, unwhitening_matrix=eye * scale.std)
    return sae


def _save_checkpoint(trainer: Any, scratch: Path, segments: int) -> None:
    target, temporary = scratch / f"segments-{segments}", scratch / "writing"
    shutil.rmtree(temporary, ignore_errors=True)
    trainer.save_checkpoint("writing", base_path=scratch)
    temporary.rename(target)
    for older in scratch.glob("segments-*"):
        if older != target:
            shutil.rmtree(older)


def _load_checkpoint(trainer: Any, scratch: Path) -> int:
    scratch.mkdir(parents=True, exist_ok=True)
    checkpoints = sorted(scratch.glob("segments-*"), key=lambda path: int(path.name.split("-")[1]))
    if not checkpoints:
        return 0
    trainer.sae.load_weights_from_checkpoint(checkpoints[-1])
    trainer.load_trainer_state(checkpoints[-1])
    return int(checkpoints[-1].name.split("-")[1])
