"""What an embedding method is: it turns what a workspace knows of each sample into one vector a sample."""

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
    """The two sides of one sample."""

    prompt: str
    response: str


@dataclass(frozen=True)
class Inputs:
    """What methods may ask for; a method gets what its `needs` names, the rest is None."""

    lm_mean: Vectors | None = None
    features: FeatureSets | None = None
    texts: Sequence[Text] | None = None


class Embedding(Described, Protocol):
    """One way to embed samples."""

    @property
    def needs(self) -> frozenset[str]:
        """Fields of `Inputs` that must be there: of {"lm_mean", "features", "texts"}."""
        ...

    def embed(self, inputs: Inputs, params: Any, rng: np.random.Generator, progress: Progress) -> Vectors:
        """Unit-norm float32 [N, d]; a sample that has no direction (nothing to embed) is a row of zeros."""
        ...
