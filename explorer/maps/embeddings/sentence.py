"""A sentence-embedding model from a folder or the Hub: mean of its last hidden states over real tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.errors import InputError, refuse
from explorer.maps.embeddings.base import Inputs, Text
from explorer.maps.vectors import Vectors, unit_norm
from explorer.progress import Progress
from explorer.registry import param


@dataclass(frozen=True)
class Params:
    """Parameters of `sentence`."""

    model: str = param("", "folder or Hub id of an encoder, e.g. sentence-transformers/all-MiniLM-L6-v2")
    text: str = param("both", "which side of the sample is read", choices=("both", "prompt", "response"))
    max_tokens: int = param(256, "tokens read of each text; what follows is cut", minimum=8, maximum=32768)
    batch_tokens: int = param(16384, "tokens of a batch, padding included", minimum=128)


class Sentence:
    """v_i = mean over real tokens of the encoder's last hidden state, scaled to unit norm (Reimers & Gurevych 2019).

    Texts are batched by length to limit padding; the batch size changes the result by floating-point rounding only. An
    empty text gives a row of zeros.
    """

    slug = "sentence"
    title = "Sentence embedding model"
    goal = "meaning as a model trained for similarity sees it; needs that model"
    needs = frozenset({"texts"})
    Params = Params

    def embed(self, inputs: Inputs, params: Params, rng: np.random.Generator, progress: Progress) -> Vectors:
        """See the class."""
        import torch

        del rng
        assert inputs.texts is not None
        if not params.model:
            refuse("embedding method sentence needs the parameter model", allowed="a folder or a Hub id")
        tokenizer, model = _load(params.model)
        limit = min(params.max_tokens, _longest_input(model, tokenizer))
        texts = [_text(text, params.text) for text in inputs.texts]
        ids = _tokenise(tokenizer, texts, limit)
        order = np.argsort([len(row) for row in ids], kind="stable")
        out = np.zeros((len(texts), int(model.config.hidden_size)), dtype=np.float32)
        done = 0
        with torch.inference_mode():
            for batch in _batches(order, ids, params.batch_tokens):
                out[batch] = _mean_states(model, [ids[i] for i in batch], tokenizer.pad_token_id or 0)
                done += len(batch)
                progress("embed", done, len(texts), params.model)
        out[[not text.strip() for text in texts]] = 0.0
        return unit_norm(out)


def _load(name: str) -> tuple[Any, Any]:
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(name)
        model = transformers.AutoModel.from_pretrained(name)
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"embedding model {name!r} could not be loaded ({reason}); allowed: a folder or Hub id"
        ) from error
    return tokenizer, model.eval().requires_grad_(False)


def _longest_input(model: Any, tokenizer: Any) -> int:
    known = [getattr(model.config, "max_position_embeddings", None), getattr(tokenizer, "model_max_length", None)]
    return min([int(value) for value in known if value and value < 10**6] or [10**6])


def _text(text: Text, side: str) -> str:
    if side == "both":
        return f"{text.prompt}\n{text.response}"
    return text.prompt if side == "prompt" else text.response


def _tokenise(tokenizer: Any, texts: Sequence[str], limit: int) -> list[list[int]]:
    rows: list[list[int]] = []
    for start in range(0, len(texts), 2048):
        part = [text[: limit * 16] for text in texts[start : start + 2048]]  # no tokenizer averages 16 characters
        rows += tokenizer(part, truncation=True, max_length=limit, return_attention_mask=False)["input_ids"]
    return rows


def _batches(order: np.ndarray, ids: list[list[int]], tokens: int) -> list[np.ndarray]:
    """Split `order` (shortest first) so that rows times the longest row stays within `tokens`."""
    batches, start = [], 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - start) * len(ids[order[end]]) > tokens:
            batches.append(order[start:end])
            start = end
    return batches


def _mean_states(model: Any, rows: list[list[int]], pad: int) -> Vectors:
    import torch

    longest = max(1, *(len(row) for row in rows))
    ids = torch.full((len(rows), longest), pad, dtype=torch.long)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[i, : len(row)] = 1
    states = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
    weights = mask[:, :, None].float()
    return ((states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)).numpy()
