"""UMAP of an embedding, or straight of the sparse feature sets (McInnes, Healy & Melville 2018, umap-learn)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.maps.projections.base import Inputs
from explorer.progress import Progress
from explorer.registry import param

MAX_FIT = 50_000  # rows the map is fitted on; the rest is placed by transform
_CHUNK = 10_000


@dataclass(frozen=True)
class Params:
    """Parameters of `umap`."""

    neighbours: int = param(15, "size of the neighbourhood that is kept: small shows detail, large shape", minimum=2)
    min_dist: float = param(0.1, "how close points may lie", minimum=0.0, maximum=0.99)
    fit_rows: int = param(MAX_FIT, "rows the map is fitted on; the rest is placed", minimum=10, maximum=MAX_FIT)


@dataclass(frozen=True)
class FeatureParams(Params):
    """Parameters of `umap-features`."""

    metric: str = param("cosine", "distance between two feature sets", choices=("cosine", "jaccard"))


class Umap:
    """Euclidean UMAP of unit-norm vectors (the same neighbours as cosine). Seeded, so one thread lays it out."""

    slug = "umap"
    title = "UMAP of an embedding"
    goal = "near on the map = near in the embedding"
    needs = frozenset({"vectors"})
    Params = Params

    def project(self, inputs: Inputs, params: Params, seed: int, progress: Progress) -> NDArray[np.float32]:
        """See the class."""
        assert inputs.vectors is not None
        return _umap(inputs.vectors, "euclidean", params, seed, progress)


class UmapFeatures:
    """UMAP of the rows F_i: `jaccard` over the sets, or `cosine` over the largest activations."""

    slug = "umap-features"
    title = "UMAP of the feature sets"
    goal = "near on the map = many features in common; needs no embedding"
    needs = frozenset({"features"})
    Params = FeatureParams

    def project(self, inputs: Inputs, params: FeatureParams, seed: int, progress: Progress) -> NDArray[np.float32]:
        """See the class."""
        from scipy import sparse

        sets = inputs.features
        assert sets is not None
        values = np.ones_like(sets.values) if params.metric == "jaccard" else sets.values
        matrix = sparse.csr_matrix((values, sets.indices, sets.indptr), shape=(sets.n, sets.width))
        return _umap(matrix, params.metric, params, seed, progress)


def _umap(rows: Any, metric: str, params: Params, seed: int, progress: Progress) -> NDArray[np.float32]:
    n = rows.shape[0]
    if n < 4:
        refuse("a UMAP map needs at least 4 samples", got=n)
    progress("project", 0, n, "loading umap-learn")
    import umap

    rng = np.random.default_rng(seed)
    fitted = np.arange(n) if n <= params.fit_rows else np.sort(rng.choice(n, params.fit_rows, replace=False))
    model = umap.UMAP(
        n_neighbors=min(params.neighbours, len(fitted) - 1),
        min_dist=params.min_dist,
        metric=metric,
        random_state=seed,
        n_jobs=1,
        # spectral layout needs more rows than a tiny dataset has
        init="spectral" if len(fitted) > 20 else "random",
    )
    progress("project", 0, n, f"fitting {len(fitted):,} samples")
    out = np.zeros((n, 2), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="umap|sklearn|pynndescent")
        out[fitted] = model.fit_transform(rows[fitted])
        rest = np.setdiff1d(np.arange(n), fitted)
        for start in range(0, len(rest), _CHUNK):
            part = rest[start : start + _CHUNK]
            out[part] = model.transform(rows[part])
            progress("project", len(fitted) + start + len(part), n, "placing the rest")
    lost = ~np.isfinite(out).all(axis=1)  # a row without any neighbour gets no place from UMAP
    out[lost] = 0.0 if lost.all() else out[~lost].mean(axis=0)
    progress("project", n, n, "")
    return (out - out.mean(axis=0)).astype(np.float32)
