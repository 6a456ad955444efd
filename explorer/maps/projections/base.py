"""The protocol of projections: one point in the plane per sample, from vectors or feature sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from explorer.features.sets import FeatureSets
from explorer.maps.vectors import Vectors
from explorer.progress import Progress
from explorer.registry import Described


@dataclass(frozen=True)
class Inputs:
    """Inputs of a projection: the field that its `needs` names; the other is None."""

    vectors: Vectors | None = None
    features: FeatureSets | None = None


@dataclass(frozen=True)
class Drawn:
    """An existing map: its inputs, and its coordinates float32 [M, 2]."""

    inputs: Inputs
    places: NDArray[np.float32]


class Projection(Described, Protocol):
    """A projection of samples to the plane."""

    @property
    def needs(self) -> frozenset[str]:
        """The required field of `Inputs`: "vectors" or "features"."""
        ...

    def project(self, inputs: Inputs, params: Any, seed: int, progress: Progress) -> NDArray[np.float32]:
        """Coordinates float32 [N, 2], centred at 0; the same for the same seed and inputs."""
        ...

    def place(self, drawn: Drawn, inputs: Inputs, params: Any, seed: int, progress: Progress) -> NDArray[np.float32]:
        """Coordinates float32 [N, 2] of other samples on a map made with the same parameters and seed."""
        ...
