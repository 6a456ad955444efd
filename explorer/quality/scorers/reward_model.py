"""A reward model or any other sequence classifier reads prompt and response."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from explorer.errors import InputError, refuse
from explorer.quality.base import Item, Score, ScoreBatch
from explorer.registry import param


@dataclass(frozen=True)
class Params:
    """Parameters of `reward-model`."""

    model: str = param("", "folder or Hub id of a sequence-classification model")
    label: int = param(0, "which output is the score, where the model has several", minimum=0)
    max_tokens: int = param(1024, "tokens read of each sample; what follows is cut", minimum=16)
    batch_size: int = param(8, "samples at once", minimum=1)
    device: str = param("auto", "where the model runs")


class RewardModel:
    """q = sigmoid(logit) for a model with one output, else the softmax probability of `label`: in (0, 1).

    Monotone in the logit, so the ranking is the model's own, and positive, as quality-weighted sampling needs. The
    conversation goes through the model's chat template where it has one, else prompt and response go in as a pair.
    Part: `logit`.
    """

    slug = "reward-model"
    title = "Reward model"
    goal = "a model trained on human preferences; as good as its training and language"
    version = 1
    cached = True
    retries_failed = False
    Params = Params

    def identity(self, params: Params) -> dict[str, Any]:
        """See `Scorer`."""
        return {"model": params.model, "label": params.label, "max_tokens": params.max_tokens}

    @contextmanager
    def session(self, params: Params) -> Iterator[ScoreBatch]:
        """See `Scorer`."""
        import torch

        tokenizer, model, device = _load(params)

        def score(items: Sequence[Item]) -> list[Score]:
            out: list[Score] = [Score.failed("not scored")] * len(items)
            lengths = [len(item.prompt) + len(item.response) for item in items]
            order = sorted(range(len(items)), key=lengths.__getitem__)
            for start in range(0, len(order), params.batch_size):
                part = order[start : start + params.batch_size]
                batch = _encode(tokenizer, [items[i] for i in part], params.max_tokens)
                with torch.inference_mode():
                    logits = model(**{name: value.to(device) for name, value in batch.items()}).logits.float().cpu()
                for i, row in zip(part, logits, strict=True):
                    out[i] = _score(row.tolist(), params.label)
            return out

        yield score


def _load(params: Params) -> tuple[Any, Any, str]:
    import transformers

    from explorer.lm.model import pick_device

    if not params.model:
        refuse("scorer reward-model needs the parameter model", allowed="a folder or a Hub id")
    device = pick_device(params.device)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(params.model)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(params.model)
    except (OSError, ValueError, KeyError, ImportError) as error:
        said = " ".join(str(error).split())[:200]
        message = f"reward model {params.model!r} could not be loaded ({said}); allowed: a folder or Hub id"
        raise InputError(message) from error
    if params.label >= model.config.num_labels:
        labels = f"0 to {model.config.num_labels - 1}"
        refuse("scorer reward-model: parameter label out of range", got=params.label, allowed=labels)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    return tokenizer, model.eval().requires_grad_(False).to(device), device


def _encode(tokenizer: Any, items: Sequence[Item], max_tokens: int) -> dict[str, Any]:
    options: dict[str, Any] = {"padding": True, "truncation": True, "max_length": max_tokens, "return_tensors": "pt"}
    if tokenizer.chat_template:
        chats = [[{"role": role, "content": text} for role, text in item.conversation] for item in items]
        texts = [tokenizer.apply_chat_template(chat, tokenize=False) for chat in chats]
        return dict(tokenizer(texts, add_special_tokens=False, **options))
    return dict(tokenizer([item.prompt for item in items], [item.response for item in items], **options))


def _score(logits: list[float], label: int) -> Score:
    if not all(map(math.isfinite, logits)):
        return Score.failed("the model gave no finite number")
    if len(logits) == 1:
        value = 1.0 / (1.0 + math.exp(-logits[0])) if logits[0] > -700 else 0.0
    else:
        top = max(logits)
        value = math.exp(logits[label] - top) / sum(math.exp(logit - top) for logit in logits)
    return Score(max(value, 1e-300), {"logit": logits[label]})
