"""The scorers that exist, in one list."""

from __future__ import annotations

from explorer.quality.base import Item, Score, Scorer
from explorer.quality.scorers.column import Column
from explorer.quality.scorers.heuristic import Heuristic
from explorer.quality.scorers.ifd import Ifd
from explorer.quality.scorers.llm_judge import LlmJudge
from explorer.quality.scorers.perplexity import Perplexity
from explorer.quality.scorers.reward_model import RewardModel
from explorer.registry import Registry

SCORERS: Registry[Scorer] = Registry("scorer", [Heuristic(), Column(), Perplexity(), Ifd(), RewardModel(), LlmJudge()])

__all__ = ["SCORERS", "Item", "Score", "Scorer"]
