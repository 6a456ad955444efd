"""How expected the response is to a language model, given the prompt."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from explorer.quality.base import Item, Score, ScoreBatch
from explorer.registry import param


@dataclass(frozen=True)
class Params:
    """Parameters of `perplexity` and `ifd`."""

    model: str = param("default", "language model: default, a Hub id, a folder or a .gguf file")
    max_tokens: int = param(1024, "tokens read of each sample; what follows is cut", minimum=16)
    batch_tokens: int = param(4096, "tokens of a batch, padding included", minimum=64)
    device: str = param("auto", "where the model runs")


def identity(params: Params) -> dict[str, Any]:
    """List what changes a score: the model by its canonical name, and where texts are cut."""
    from explorer.lm.model import canonical_name

    return {"model": canonical_name(params.model), "max_tokens": params.max_tokens}


class Perplexity:
    """q = 1 / PPL(response | prompt) = exp(-mean loss of the response tokens), in (0, 1].

    The inverse, so that higher is better as for every score. Parts: `perplexity`, `loss` (nats a token). Repetitive
    text is very probable text: look at the heuristic score beside it.
    """

    slug = "perplexity"
    title = "Perplexity (inverse)"
    goal = "how fluent the response is to the model; repetitive text looks good to it"
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
        from explorer.quality.losses import conditioned_rows, mean_losses

        loaded = load_model(params.model, device=params.device)

        def score(items: Sequence[Item]) -> list[Score]:
            rows = conditioned_rows(loaded, items, params.max_tokens)
            usable = [i for i, row in enumerate(rows) if not isinstance(row, str)]
            losses = mean_losses(loaded, [rows[i] for i in usable], params.batch_tokens)  # type: ignore[misc]
            found = dict(zip(usable, losses, strict=True))
            return [_score(found.get(i), row) for i, row in enumerate(rows)]

        yield score


def _score(loss: float | None, row: Any) -> Score:
    if loss is None:
        return Score.failed(row)
    if not math.isfinite(loss):
        return Score.failed("the loss is not finite")
    return Score(math.exp(-loss), {"perplexity": math.exp(min(loss, 700.0)), "loss": float(loss)})
