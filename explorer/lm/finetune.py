"""Fine-tune a loaded model on rows with their response tokens marked: LoRA adapters, or every weight.

transformers' `Trainer` runs the steps (optimiser, schedule, clipping, device) and peft holds the adapters. Ours is only
what makes it fit a CPU: rows are packed without padding, and the output layer reads response tokens alone. TRL's
`SFTTrainer` packs only where flash attention is there, and pads otherwise.
"""

from __future__ import annotations

import contextlib
import gc
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from explorer.errors import ExplorerError, refuse
from explorer.lm.batches import default_batch_tokens
from explorer.lm.fast import give_back_memory
from explorer.lm.model import LoadedModel
from explorer.lm.packing import Row, pack, response_logits
from explorer.progress import Progress, silent
from explorer.registry import param


@dataclass(frozen=True)
class Params:
    """How a model is fine-tuned."""

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
    """A fine-tuned model and its cost: `losses` of each step (nats a response token), tokens over all epochs."""

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
    """Fine-tune on `rows`; inside the block the result can be used, after it `loaded` is as it was.

    The same rows, parameters and seed give the same weights on one machine and number of threads. Random state of
    Python, NumPy and torch is set, as `Trainer` needs it.

    Args:
        loaded: A model loaded with `trainable=True`.
        rows: (token ids, which are response) of each row.
        params: How.
        seed: Of the adapters' first values and of the order of the rows.
        progress: Told every step; may raise `Cancelled`.
        stage: The name under which progress is told.

    Raises:
        NotFinite: the loss left the numbers.
        ExplorerError: the memory does not hold a step.
    """
    import transformers

    if not rows:
        refuse("there is no row to fine-tune on")
    transformers.set_seed(seed)
    with _memory_given_back(), _trainable(loaded, params) as model:
        began = time.perf_counter()
        try:
            losses = _train(model, loaded, rows, params, seed, _Told(progress, stage, began, _read(rows)))
        except (RuntimeError, MemoryError) as error:
            if not _is_memory(error):
                raise
            hint = "lower max_tokens, batch_rows or rank, or take a smaller model"
            raise ExplorerError(f"out of memory while fine-tuning on {len(rows):,} rows; {hint}") from error
        seconds = time.perf_counter() - began
        _settle(model, loaded)
        scored = sum(int(mask.sum()) for _, mask in rows)
        tuned = replace(loaded, model=model)
        yield Tuned(tuned, tuple(losses), _read(rows) * params.epochs, scored * params.epochs, seconds)


@contextlib.contextmanager
def _memory_given_back() -> Iterator[None]:
    """Without it, what training runs one after another leave in the heap adds up to gigabytes."""
    try:
        yield
    finally:
        gc.collect()  # a trainer and its optimiser point at each other
        give_back_memory()


def _read(rows: Sequence[Row]) -> int:
    return sum(len(ids) for ids, _ in rows)


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error)


@contextlib.contextmanager
def _trainable(loaded: LoadedModel, params: Params) -> Iterator[Any]:
    """The model with something to train in it: adapters that are taken out again, or a copy of every weight."""
    import copy

    import torch

    if params.weights == "full":
        model = copy.deepcopy(loaded.model).to(torch.float32)  # small updates would be rounded away in bfloat16
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


def _settle(model: Any, loaded: LoadedModel) -> None:
    """Make a trained model ready for use: adapters, trained in float32, take the type of the weights around them."""
    import torch

    model.eval().requires_grad_(False)
    if hasattr(model, "peft_config"):
        for name, weight in model.named_parameters():
            if "lora_" in name:
                weight.data = weight.data.to(getattr(torch, loaded.dtype))


def _train(model: Any, loaded: LoadedModel, rows: Sequence[Row], params: Params, seed: int, told: Any) -> list[float]:
    import transformers

    on_cpu = loaded.device == "cpu"
    at_once = max(1, min(params.batch_rows, default_batch_tokens(loaded.device) // params.max_tokens))
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=at_once,
            gradient_accumulation_steps=math.ceil(params.batch_rows / at_once),
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
        arguments.n_gpu  # noqa: B018 - sets up the devices; several would be fed one packed batch each
        arguments._n_gpu = min(1, arguments._n_gpu)
        trainer = _trainer_class()(model=model, args=arguments, train_dataset=list(rows), data_collator=pack)
        for callback in (transformers.PrinterCallback, transformers.ProgressCallback):
            trainer.remove_callback(callback)
        trainer.add_callback(_callback(told))
        with _without_casts(model):
            trainer.train()
        return told.losses


def _without_casts(model: Any) -> contextlib.AbstractContextManager[None]:
    """Adapters would copy every input to float32, which autocast turns back to bfloat16 at once."""
    from peft.helpers import disable_input_dtype_casting

    return disable_input_dtype_casting(model)


class _Told:
    """Losses so far, and how far training is."""

    def __init__(self, progress: Progress, stage: str, began: float, tokens: int) -> None:
        self.progress, self.stage, self.began, self.tokens = progress, stage, began, tokens
        self.losses: list[float] = []

    def step(self, loss: float, step: int, steps: int, epoch: float) -> None:
        self.losses.append(loss)
        if not math.isfinite(loss):
            raise NotFinite(f"the training loss is not finite at step {step} of {steps}; lower learning_rate")
        speed = self.tokens * epoch / max(1e-9, time.perf_counter() - self.began)
        self.progress(self.stage, step, steps, f"loss {loss:.3f}, {speed:,.0f} tokens/s")


def _callback(told: _Told) -> Any:
    import transformers

    class Callback(transformers.TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> None:
            del args, control, rest
            if logs and "loss" in logs:
                told.step(float(logs["loss"]), state.global_step, state.max_steps, float(state.epoch or 0.0))

    return Callback()


def _trainer_class() -> Any:
    import transformers
    from torch.nn.functional import cross_entropy

    class ResponseTrainer(transformers.Trainer):
        """The mean loss over the response tokens of a whole optimiser step, however it is cut into passes."""

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
