"""Instruction-following difficulty: how little the prompt helps the model with the response."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from explorer.quality.base import Item, Score, ScoreBatch
from explorer.quality.scorers.perplexity import Params, identity


class Ifd:
    """q = PPL(response | prompt) / PPL(response) = exp(mean loss with the prompt - mean loss without) (Li et al. 2024).

    Both means are over the same response tokens. Near 1 the prompt hardly helps: a sample to learn from; above 1 it
    misleads: prompt and response may not belong together, and Li et al. leave those out.
    Parts: `loss_given_prompt`, `loss_alone` (nats a token).
    """

    slug = "ifd"
    title = "Instruction-following difficulty"
    goal = "samples the model cannot answer yet although they can be understood (Cherry LLM's choice)"
    version = 1
    cached = True
    retries_failed = False
    Params = Params

    def identity(self, params: Params) -> dict[str, Any]:
        """See `Scorer`."""
        return identity(params)

    @contextmanager
    def session(self, params: Params) -> Iterator[ScoreBatch]:
        """See `Scorer`."""
        from explorer.lm.model import load_model
        from explorer.lm.packing import Row
        from explorer.quality.losses import alone_row, conditioned_rows, mean_losses

        loaded = load_model(params.model, device=params.device)

        def score(items: Sequence[Item]) -> list[Score]:
            out: list[Score | None] = [None] * len(items)
            given: list[Row] = []
            alone: list[Row] = []
            at: list[int] = []
            for i, row in enumerate(conditioned_rows(loaded, items, params.max_tokens)):
                single = None if isinstance(row, str) else alone_row(loaded, row)
                if isinstance(row, str) or single is None:
                    out[i] = Score.failed(row if isinstance(row, str) else "the tokenizer has no start token")
                    continue
                given.append(row)
                alone.append(single)
                at.append(i)
            with_prompt = mean_losses(loaded, given, params.batch_tokens)
            without = mean_losses(loaded, alone, params.batch_tokens)
            for i, one, other in zip(at, with_prompt, without, strict=True):
                out[i] = _score(float(one), float(other))
            return [score for score in out if score is not None]

        yield score


def _score(given: float, alone: float) -> Score:
    if not (math.isfinite(given) and math.isfinite(alone)):
        return Score.failed("the loss is not finite")
    return Score(math.exp(min(given - alone, 700.0)), {"loss_given_prompt": given, "loss_alone": alone})
