"""Fine-tune a loaded model on rows with their response tokens marked: LoRA adapters, or every weight.

transformers' `Trainer` runs the steps (optimiser, schedule, clipping, device) and peft provides the adapters. This
module adds only what makes training affordable on a CPU: rows are packed without padding, and the output layer computes
logits for response tokens alone. (TRL's `SFTTrainer` packs only with flash attention, and pads otherwise.)
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from explorer.errors import ExplorerError, refuse
from explorer.lm.attention import block_attention
from explorer.lm.batches import default_batch_tokens, is_out_of_memory
from explorer.lm.model import LoadedModel
from explorer.lm.packing import Row, pack, response_logits
from explorer.progress import Progress, silent
from explorer.registry import param


@dataclass(frozen=True)
class Params:
    """Options of a fine-tuning run."""

    weights: str = param("lora", "what is trained: low-rank adapters, or every weight", choices=("lora", "full"))
    rank: int = param(16, "rank of the adapters", minimum=1, maximum=1024)
    learning_rate: float = param(
        1e-3, "highest learning rate; it rises over a tenth of the steps, then falls", minimum=0.0
    )
    epochs: int = param(2, "passes over the rows", minimum=1, maximum=100)
    batch_rows: int = param(16, "rows of one optimiser step", minimum=1, maximum=4096)
    max_tokens: int = param(512, "tokens read of each row; what follows is cut, and counted", minimum=16)


@dataclass(frozen=True)
class Tuned:
    """A fine-tuned model and its cost: `losses` of each step (nats per response token), tokens over all epochs."""

    loaded: LoadedModel
    losses: tuple[float, ...]
    tokens: int
    response_tokens: int
    seconds: float


class NotFinite(ExplorerError):
    """The training loss became infinite or not a number."""


@contextlib.contextmanager
def finetuned(
    loaded: LoadedModel,
    rows: Sequence[Row],
    params: Params,
    *,
    seed: int = 0,
    progress: Progress = silent,
    stage: str = "fine-tune",
) -> Iterator[Tuned]:
    """Fine-tune `loaded` on `rows`; the result is valid inside the block, after which `loaded` is as before.

    The same rows, parameters and seed give the same weights on one machine with one number of threads. Seeds the
    global random generators of Python, NumPy and torch, as `Trainer` needs it.

    Args:
        loaded: The model to start from.
        rows: (token ids, which of them are response) of each row.
        params: Options of the run.
        seed: Decides the adapters' initial values and the order of the rows.
        progress: Called after every step; may raise `Cancelled`.
        stage: The stage that progress is reported under.

    Raises:
        NotFinite: the loss became infinite or not a number.
        ExplorerError: out of memory.
    """
    import transformers

    if not rows:
        refuse("there are no rows to fine-tune on")
    transformers.set_seed(seed)
    tokens = sum(len(ids) for ids, _ in rows)
    response_tokens = sum(int(scored.sum()) for _, scored in rows)
    with _memory_returned(), _trainable(loaded, params) as model:
        log = _Log(progress, stage, time.perf_counter(), tokens)
        try:
            with block_attention(model):
                _train(model, loaded, rows, params, seed, log)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            hint = "lower max_tokens, batch_rows or rank, or take a smaller model"
            raise ExplorerError(f"out of memory while fine-tuning on {len(rows):,} rows; {hint}") from error
        seconds = time.perf_counter() - log.started
        _prepare_for_inference(model, loaded)
        yield Tuned(
            loaded=replace(loaded, model=model),
            losses=tuple(log.losses),
            tokens=tokens * params.epochs,
            response_tokens=response_tokens * params.epochs,
            seconds=seconds,
        )


@contextlib.contextmanager
def _memory_returned() -> Iterator[None]:
    """Return the memory of a training run to the system after it; glibc would keep about a gigabyte of it."""
    try:
        yield
    finally:
        gc.collect()  # a trainer and its optimiser refer to each other
        if sys.platform == "linux":
            with contextlib.suppress(OSError, AttributeError):  # another C library, such as musl
                ctypes.CDLL("libc.so.6").malloc_trim(0)


@contextlib.contextmanager
def _trainable(loaded: LoadedModel, params: Params) -> Iterator[Any]:
    """Yield the model with adapters, which are removed after the block, or a copy whose every weight is trained."""
    import copy

    import torch

    if params.weights == "full":
        model = copy.deepcopy(loaded.model).to(torch.float32)  # bfloat16 would round small updates away
        yield model.requires_grad_(True)
        return
    import peft

    config = peft.LoraConfig(
        r=params.rank, lora_alpha=2 * params.rank, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    model: Any = peft.get_peft_model(loaded.model, config)
    try:
        yield model
    finally:
        model.unload()
        loaded.model.requires_grad_(False)
        with contextlib.suppress(AttributeError):
            del loaded.model.peft_config


def _prepare_for_inference(model: Any, loaded: LoadedModel) -> None:
    """Freeze a trained model; cast adapters, which are trained in float32, to the dtype of the model."""
    import torch

    model.eval().requires_grad_(False)
    if hasattr(model, "peft_config"):
        for name, weight in model.named_parameters():
            if "lora_" in name:
                weight.data = weight.data.to(getattr(torch, loaded.dtype))


def _train(model: Any, loaded: LoadedModel, rows: Sequence[Row], params: Params, seed: int, log: _Log) -> None:
    import transformers

    on_cpu = loaded.device == "cpu"
    rows_per_pass = max(1, min(params.batch_rows, default_batch_tokens(loaded.device) // params.max_tokens))
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=rows_per_pass,
            gradient_accumulation_steps=math.ceil(params.batch_rows / rows_per_pass),
            num_train_epochs=params.epochs,
            learning_rate=params.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=0.1,
            weight_decay=0.0,
            bf16=loaded.dtype == "bfloat16",
            fp16=loaded.dtype == "float16",
            seed=seed,
            use_cpu=on_cpu,
            dataloader_pin_memory=not on_cpu,
            remove_unused_columns=False,
            logging_steps=1,
            logging_nan_inf_filter=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            log_level="error",
        )
        arguments.n_gpu  # noqa: B018 - sets up the devices; each of several would get a packed batch of its own
        arguments._n_gpu = min(1, arguments._n_gpu)
        trainer = _trainer_class()(model=model, args=arguments, train_dataset=list(rows), data_collator=pack)
        for callback in (transformers.PrinterCallback, transformers.ProgressCallback):
            trainer.remove_callback(callback)
        trainer.add_callback(_callback(log))
        with _without_casts(model):
            trainer.train()


def _without_casts(model: Any) -> contextlib.AbstractContextManager[None]:
    """Keep adapters from copying every input to float32, which autocast would turn back to bfloat16 at once."""
    from peft.helpers import disable_input_dtype_casting

    return disable_input_dtype_casting(model)


class _Log:
    """The losses so far; reports progress after every step. `tokens` are those of one epoch."""

    def __init__(self, progress: Progress, stage: str, started: float, tokens: int) -> None:
        self.progress, self.stage, self.started, self.tokens = progress, stage, started, tokens
        self.losses: list[float] = []

    def step(self, loss: float, step: int, steps: int, epoch: float) -> None:
        self.losses.append(loss)
        if not math.isfinite(loss):
            raise NotFinite(f"the training loss is not finite at step {step} of {steps}; lower learning_rate")
        speed = self.tokens * epoch / max(1e-9, time.perf_counter() - self.started)
        self.progress(self.stage, step, steps, f"loss {loss:.3f}, {speed:,.0f} tokens/s")


def _callback(log: _Log) -> Any:
    import transformers

    class Callback(transformers.TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> None:
            del args, control, rest
            if logs and "loss" in logs:
                log.step(float(logs["loss"]), state.global_step, state.max_steps, float(state.epoch or 0.0))

    return Callback()


def _trainer_class() -> Any:
    import transformers
    from torch.nn.functional import cross_entropy

    class ResponseTrainer(transformers.Trainer):
        """A trainer on the mean loss over all response tokens of an optimiser step, however many passes it takes."""

        loss_is_scaled_for_ga = True

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.model_accepts_loss_kwargs = True  # so that the step's response tokens are counted

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            del return_outputs
            logits, targets = response_logits(model, inputs)
            return cross_entropy(logits.float(), targets, reduction="sum") / num_items_in_batch

    return ResponseTrainer
