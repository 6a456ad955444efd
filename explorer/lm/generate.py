"""Greedy generation in batches: prompts of similar length together, padded on the left, with a key-value cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from explorer.errors import ExplorerError
from explorer.lm.batches import default_batch_tokens
from explorer.lm.layout import Turn, render
from explorer.lm.model import LoadedModel
from explorer.progress import Progress, silent


def before_answer(turns: Sequence[Turn]) -> list[Turn]:
    """The turns up to the last answer, which is left out."""
    last = max((i for i, (role, _) in enumerate(turns) if role == "assistant"), default=len(turns))
    return list(turns[:last])


def generate(
    loaded: LoadedModel,
    conversations: Sequence[Sequence[Turn]],
    *,
    max_new_tokens: int,
    max_prompt_tokens: int = 1024,
    progress: Progress = silent,
    stage: str = "generate",
) -> list[str | None]:
    """The model's own answer to each conversation (its last answer is left out first), taking the likeliest token.

    Args:
        loaded: The model.
        conversations: (role, content) turns of each.
        max_new_tokens: Answers are cut here.
        max_prompt_tokens: Longer prompts get None instead of an answer.
        progress: Told after every batch.
        stage: The name under which progress is told.

    Raises:
        ExplorerError: the memory does not hold a batch.
    """
    texts = [render(loaded.tokenizer, before_answer(turns), generation_prompt=True)[0] for turns in conversations]
    ids: list[list[int]] = loaded.tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
    order = sorted((i for i in range(len(ids)) if 0 < len(ids[i]) <= max_prompt_tokens), key=lambda i: -len(ids[i]))
    answers: list[str | None] = [None] * len(ids)
    room = default_batch_tokens(loaded.device) * 4  # of prompt and answer; a step of the answer reads one token a row
    done = 0
    while done < len(order):
        longest = len(ids[order[done]]) + max_new_tokens
        part = order[done : done + max(1, room // longest)]
        try:
            answers_of_part = _batch(loaded, [ids[i] for i in part], max_new_tokens)
        except (RuntimeError, MemoryError) as error:
            if "memory" not in str(error) and not isinstance(error, MemoryError):
                raise
            raise ExplorerError("out of memory while generating; lower max_new_tokens or max_tokens") from error
        for i, answer in zip(part, answers_of_part, strict=True):
            answers[i] = answer
        done += len(part)
        progress(stage, done, len(order), "answers")
    return answers


def _batch(loaded: LoadedModel, rows: Sequence[Sequence[int]], max_new_tokens: int) -> list[str]:
    import torch

    tokenizer: Any = loaded.tokenizer
    end = tokenizer.eos_token_id
    fill = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else end or 0
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), fill, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, width - len(row) :] = torch.tensor(row)
        mask[i, width - len(row) :] = 1
    with torch.inference_mode():
        out = loaded.model.generate(
            input_ids=ids.to(loaded.device),
            attention_mask=mask.to(loaded.device),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            pad_token_id=fill,
            eos_token_id=end,
        )
    return [tokenizer.decode(row, skip_special_tokens=True).strip() for row in out[:, width:].cpu()]
