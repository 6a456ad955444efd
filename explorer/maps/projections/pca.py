"""First two principal components of an embedding: fast, linear, deterministic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.maps.projections.base import Drawn, Inputs
from explorer.maps.vectors import Vectors
from explorer.progress import Progress


@dataclass(frozen=True)
class Params:
    """`pca` has no parameters."""


class Pca:
    """Coordinates on the first two principal components; the largest loading of each is positive. Cost: O(N d^2)."""

    slug = "pca"
    title = "Principal components"
    goal = "a first look in a second; distances are straight but much is hidden"
    needs = frozenset({"vectors"})
    Params = Params

    def project(self, inputs: Inputs, params: Params, seed: int, progress: Progress) -> NDArray[np.float32]:
        """See the class."""
        del params, seed
        vectors = inputs.vectors
        assert vectors is not None
        progress("project", 0, len(vectors), self.title)
        mean, main = _directions(vectors)
        progress("project", len(vectors), len(vectors), "")
        return ((vectors - mean) @ main).astype(np.float32)

    def place(self, drawn: Drawn, inputs: Inputs, params: Params, seed: int, progress: Progress) -> NDArray[np.float32]:
        """Project other vectors on the components of the map's own vectors."""
        del params, seed
        assert drawn.inputs.vectors is not None and inputs.vectors is not None
        progress("project", 0, len(inputs.vectors), self.title)
        mean, main = _directions(drawn.inputs.vectors)
        return ((inputs.vectors - mean) @ main).astype(np.float32)


def _directions(vectors: Vectors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean [d] and first two components [d, 2] of vectors, the largest loading of each positive."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    scatter = vectors.T.astype(np.float64) @ vectors - len(vectors) * np.outer(mean, mean)
    _, directions = np.linalg.eigh(scatter)
    main = directions[:, ::-1][:, :2]
    if main.shape[1] < 2:
        main = np.column_stack([main, np.zeros(len(main))])
    signs = np.sign(main[np.abs(main).argmax(axis=0), [0, 1]])
    return mean, main * np.where(signs == 0, 1, signs)
