"""The protocol of embedding methods: one vector per sample from hidden states, features or texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from explorer.features.sets import FeatureSets
from explorer.maps.vectors import Vectors
from explorer.progress import Progress
from explorer.registry import Described


@dataclass(frozen=True)
class Text:
    """Prompt and response of one sample."""

    prompt: str
    response: str


@dataclass(frozen=True)
class Inputs:
    """Inputs of a method: the fields that its `needs` names; the others are None."""

    lm_mean: Vectors | None = None
    features: FeatureSets | None = None
    texts: Sequence[Text] | None = None


class Embedding(Described, Protocol):
    """An embedding method."""

    @property
    def needs(self) -> frozenset[str]:
        """The required fields of `Inputs`: one of "lm_mean", "features", "texts"."""
        ...

    def embed(self, inputs: Inputs, params: Any, rng: np.random.Generator, progress: Progress) -> Vectors:
        """Unit-norm float32 [N, d]; a sample with nothing to embed is a row of zeros."""
        ...
