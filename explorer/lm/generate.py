"""Greedy generation in batches of prompts of similar length, padded on the left, with a key-value cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from explorer.errors import ExplorerError
from explorer.lm.batches import default_batch_tokens, is_out_of_memory
from explorer.lm.layout import Turn, render
from explorer.lm.model import LoadedModel
from explorer.progress import Progress, silent


def before_answer(turns: Sequence[Turn]) -> list[Turn]:
    """The turns before the last answer; all of them where there is no answer."""
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
    """Generate the model's own answer to each conversation in place of its last one, by greedy decoding.

    Args:
        loaded: The model.
        conversations: (role, content) turns of each conversation.
        max_new_tokens: Longer answers are cut here.
        max_prompt_tokens: Longer prompts get None instead of an answer.
        progress: Called after every batch.
        stage: The stage that progress is reported under.

    Raises:
        ExplorerError: out of memory.
    """
    prompts = [render(loaded.tokenizer, before_answer(turns), generation_prompt=True)[0] for turns in conversations]
    ids: list[list[int]] = loaded.tokenizer(prompts, add_special_tokens=False)["input_ids"] if prompts else []
    order = sorted((i for i in range(len(ids)) if 0 < len(ids[i]) <= max_prompt_tokens), key=lambda i: -len(ids[i]))
    answers: list[str | None] = [None] * len(ids)
    batch_tokens = default_batch_tokens(loaded.device) * 4  # prompts and answers; a decoding step reads 1 token a row
    done = 0
    while done < len(order):
        longest = len(ids[order[done]]) + max_new_tokens
        batch = order[done : done + max(1, batch_tokens // longest)]
        try:
            texts = _generate_batch(loaded, [ids[i] for i in batch], max_new_tokens)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise ExplorerError("out of memory while generating; lower max_new_tokens or max_tokens") from error
        for i, text in zip(batch, texts, strict=True):
            answers[i] = text
        done += len(batch)
        progress(stage, done, len(order), "answers")
    return answers


def _generate_batch(loaded: LoadedModel, rows: Sequence[Sequence[int]], max_new_tokens: int) -> list[str]:
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
