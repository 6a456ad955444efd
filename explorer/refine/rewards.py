"""How much better the data's answer is than the model's own: exp(value(gold) - value(generated)).

The value is the mean log-likelihood under the base model (`perplexity`), a reward model's logit, or a judge's score.
Under `perplexity` the reward is PPL(generated) / PPL(gold): an answer that the base model finds unlikely earns little.
It has a known weakness: a repetitive gold answer is likely, so a factor by the heuristic quality is offered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from explorer.errors import InputError, refuse
from explorer.lm.generate import before_answer
from explorer.lm.model import LoadedModel
from explorer.quality.base import Item
from explorer.quality.losses import conditioned_rows, mean_losses
from explorer.quality.scorers import SCORERS

REWARDS = ("perplexity", "reward-model", "llm-judge")
_LARGEST = 50.0  # of the exponent: a reward stays a finite number


@dataclass(frozen=True)
class Reward:
    """`value` None: it failed, `problem` says why. `gold` and `generated` were compared, `factor` multiplies."""

    value: float | None
    gold: float | None = None
    generated: float | None = None
    factor: float = 1.0
    problem: str = ""


Values = Callable[[Sequence[Item]], list[tuple[float | None, str]]]


def reward(
    gold: tuple[float | None, str], generated: tuple[float | None, str], factor: tuple[float | None, str]
) -> Reward:
    """exp(gold - generated) times the factor; failed where one of the three is missing."""
    for (value, problem), whose in ((gold, "gold"), (generated, "generated"), (factor, "factor")):
        if value is None:
            return Reward(None, gold[0], generated[0], problem=f"{whose}: {problem}")
    assert gold[0] is not None and generated[0] is not None and factor[0] is not None
    exponent = max(-_LARGEST, min(_LARGEST, gold[0] - generated[0]))
    return Reward(math.exp(exponent) * factor[0], gold[0], generated[0], factor[0])


def score_pairs(items: Sequence[Item], answers: Sequence[str | None], values: Values, factor: str) -> list[Reward]:
    """Rewards of `items` against the model's `answers` (None: there is none); `factor` is `none` or a scorer."""
    at = [i for i, answer in enumerate(answers) if answer]
    generated = [answered(items[i], str(answers[i])) for i in at]
    gold = values(items)
    own: list[tuple[float | None, str]] = [(None, "the model gave no answer")] * len(items)
    for i, value in zip(at, values(generated), strict=True):
        own[i] = value
    factors = [(1.0, "")] * len(items) if factor == "none" else _scores(factor, {}, items)
    return [reward(*three) for three in zip(gold, own, factors, strict=True)]


def answered(item: Item, answer: str) -> Item:
    """The item with its last answer replaced; its hash is that of the pair, for caches."""
    turns = (*before_answer(item.conversation), ("assistant", answer))
    return replace(item, response=answer, turns=turns, content_hash=f"{item.content_hash}+{hash_of(answer)}")


def hash_of(text: str) -> str:
    """A short hash of an answer."""
    import hashlib

    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def likelihood(base: LoadedModel, max_tokens: int) -> Values:
    """Mean log-likelihood (nats a response token, negative) under the base model."""

    def values(items: Sequence[Item]) -> list[tuple[float | None, str]]:
        rows = conditioned_rows(base, items, max_tokens)
        usable = [i for i, row in enumerate(rows) if not isinstance(row, str)]
        losses = mean_losses(base, [rows[i] for i in usable], 2048)  # type: ignore[misc]
        found: list[tuple[float | None, str]] = [(None, row if isinstance(row, str) else "") for row in rows]
        for i, loss in zip(usable, losses, strict=True):
            found[i] = (-float(loss), "") if np.isfinite(loss) else (None, "the loss is not finite")
        return found

    return values


@contextmanager
def values_of(name: str, params: Mapping[str, Any], base: LoadedModel, max_tokens: int) -> Any:
    """The `Values` function of a reward; a missing model or endpoint is refused at once."""
    if name == "perplexity":
        if params:
            refuse("reward perplexity has no parameter", got=next(iter(params)))
        yield likelihood(base, max_tokens)
        return
    scorer = SCORERS[name]
    from explorer.registry import build

    with scorer.session(build(scorer.Params, params, owner=f"reward {name}")) as scoring:

        def values(items: Sequence[Item]) -> list[tuple[float | None, str]]:
            found = scoring(items)
            return [(score.parts.get("logit", score.value), score.problem) for score in found]

        yield values


def _scores(name: str, params: Mapping[str, Any], items: Sequence[Item]) -> list[tuple[float | None, str]]:
    scorer = SCORERS[name]
    with scorer.session(scorer.Params(**params)) as scoring:
        return [(score.value, score.problem) for score in scoring(items)]


def check_rewards(rewards: Sequence[Reward], name: str) -> None:
    """Refuse a batch in which nothing could be scored: its weights would say nothing."""
    if rewards and all(reward.value is None for reward in rewards):
        raise InputError(f"reward {name} failed for all {len(rewards):,} rows of the batch: {rewards[0].problem}")
