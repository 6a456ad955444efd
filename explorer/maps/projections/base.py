"""What a projection is: vectors or feature sets in, one point in the plane a sample out."""

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
    """What methods may ask for; a method gets what its `needs` names, the rest is None."""

    vectors: Vectors | None = None
    features: FeatureSets | None = None


@dataclass(frozen=True)
class Drawn:
    """A map that is there: what it was drawn from, and its coordinates float32 [M, 2]."""

    inputs: Inputs
    places: NDArray[np.float32]


class Projection(Described, Protocol):
    """One way to draw samples in the plane."""

    @property
    def needs(self) -> frozenset[str]:
        """Fields of `Inputs` that must be there: {"vectors"} or {"features"}."""
        ...

    def project(self, inputs: Inputs, params: Any, seed: int, progress: Progress) -> NDArray[np.float32]:
        """Coordinates float32 [N, 2], centred at 0; the same for the same seed and inputs."""
        ...

    def place(self, drawn: Drawn, inputs: Inputs, params: Any, seed: int, progress: Progress) -> NDArray[np.float32]:
        """Coordinates float32 [N, 2] of other samples on a map drawn with the same parameters and seed."""
        ...
