"""TF-IDF of the SAE features of a sample, reduced by a truncated SVD."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.errors import refuse
from explorer.maps.embeddings.base import Inputs
from explorer.maps.vectors import Vectors, unit_norm
from explorer.progress import Progress
from explorer.registry import param


@dataclass(frozen=True)
class Params:
    """Parameters of `sae-tfidf`."""

    dimensions: int = param(128, "dimensions kept by the truncated SVD", minimum=2, maximum=1024)
    weight: str = param(
        "presence",
        "term frequency: 1 for a feature that is present, or its largest activation",
        choices=("presence", "activation"),
    )


class SaeTfidf:
    """Rows of U S, where U S V' is the truncated SVD of the TF-IDF matrix, scaled to unit norm.

    t[i,f] = tf[i,f] (1 + log((1 + N) / (1 + df_f))), rows of t scaled to unit norm before the SVD (scikit-learn's
    smoothed TF-IDF). The SVD is randomised (Halko, Martinsson & Tropp 2011) and seeded; signs are fixed by making the
    largest loading of each dimension of V positive. Cost: O(nnz * dimensions).
    """

    slug = "sae-tfidf"
    title = "SAE features (TF-IDF)"
    goal = "samples near each other share features; every direction can be read back as features"
    needs = frozenset({"features"})
    Params = Params

    def embed(self, inputs: Inputs, params: Params, rng: np.random.Generator, progress: Progress) -> Vectors:
        """See the class."""
        from scipy import sparse
        from sklearn.utils.extmath import randomized_svd

        sets = inputs.features
        assert sets is not None
        n = len(sets.indptr) - 1
        progress("embed", 0, n, self.title)
        counts = np.bincount(sets.indices, minlength=sets.width)
        active = int((counts > 0).sum())
        dimensions = min(params.dimensions, n - 1, active - 1)
        if dimensions < 1:
            refuse(f"sae-tfidf needs 2 samples and 2 active features; there are {n} samples, {active} active features")
        term = np.ones_like(sets.values) if params.weight == "presence" else sets.values
        weight = (1.0 + np.log((1.0 + n) / (1.0 + counts))).astype(np.float32)
        matrix = sparse.csr_matrix((term * weight[sets.indices], sets.indices, sets.indptr), shape=(n, sets.width))
        norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        matrix.data /= np.repeat(np.where(norms > 0, norms, 1.0), sets.sizes)
        left, scale, right = randomized_svd(
            matrix,
            dimensions,
            n_iter=5,  # pyright: ignore[reportArgumentType] - a number, or "auto"
            random_state=int(rng.integers(2**31)),
            flip_sign=False,
        )
        signs = np.sign(right[np.arange(dimensions), np.abs(right).argmax(axis=1)])
        reduced = (left * (scale * np.where(signs == 0, 1.0, signs))).astype(np.float32)
        reduced[norms == 0] = 0.0
        progress("embed", n, n, self.title)
        return unit_norm(reduced)
