"""UMAP of an embedding or of the sparse feature sets (McInnes, Healy & Melville 2018, umap-learn)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import ExplorerError, refuse
from explorer.maps.projections.base import Drawn, Inputs
from explorer.progress import Progress
from explorer.registry import param

MAX_FIT = 50_000  # rows that the map is fitted on; the others are placed by transform
_CHUNK = 10_000


@dataclass(frozen=True)
class Params:
    """Parameters of `umap`."""

    neighbours: int = param(
        15, "neighbours of a row that stay near it: few show detail, many the overall shape", minimum=2
    )
    min_dist: float = param(0.1, "minimum distance between points", minimum=0.0, maximum=0.99)
    fit_rows: int = param(MAX_FIT, "rows that the map is fitted on; the others are placed", minimum=10, maximum=MAX_FIT)


@dataclass(frozen=True)
class FeatureParams(Params):
    """Parameters of `umap-features`."""

    metric: str = param("cosine", "distance between two feature sets", choices=("cosine", "jaccard"))


class Umap:
    """Euclidean UMAP of unit-norm vectors (the same neighbours as cosine). Seeded, hence single-threaded."""

    slug = "umap"
    title = "UMAP of an embedding"
    goal = "near on the map = near in the embedding"
    needs = frozenset({"vectors"})
    Params = Params

    def project(self, inputs: Inputs, params: Params, seed: int, progress: Progress) -> NDArray[np.float32]:
        """See the class."""
        assert inputs.vectors is not None
        return _umap(inputs.vectors, "euclidean", params, seed, progress)

    def place(self, drawn: Drawn, inputs: Inputs, params: Params, seed: int, progress: Progress) -> NDArray[np.float32]:
        """Refit the map on its own vectors, then transform the others into it."""
        assert drawn.inputs.vectors is not None and inputs.vectors is not None
        return _placed(drawn.inputs.vectors, drawn.places, inputs.vectors, "euclidean", params, seed, progress)


class UmapFeatures:
    """UMAP of the rows F_i: `jaccard` over the sets, or `cosine` over the largest activations."""

    slug = "umap-features"
    title = "UMAP of the feature sets"
    goal = "near on the map = many features in common; needs no embedding"
    needs = frozenset({"features"})
    Params = FeatureParams

    def project(self, inputs: Inputs, params: FeatureParams, seed: int, progress: Progress) -> NDArray[np.float32]:
        """See the class."""
        return _umap(_matrix(inputs, params), params.metric, params, seed, progress)

    def place(
        self, drawn: Drawn, inputs: Inputs, params: FeatureParams, seed: int, progress: Progress
    ) -> NDArray[np.float32]:
        """Refit the map on its own feature sets, then transform the others into it."""
        known, others = _matrix(drawn.inputs, params), _matrix(inputs, params)
        return _placed(known, drawn.places, others, params.metric, params, seed, progress)


def _matrix(inputs: Inputs, params: FeatureParams) -> Any:
    from scipy import sparse

    sets = inputs.features
    assert sets is not None
    values = np.ones_like(sets.values) if params.metric == "jaccard" else sets.values
    return sparse.csr_matrix((values, sets.indices, sets.indptr), shape=(sets.n, sets.width))


def _umap(rows: Any, metric: str, params: Params, seed: int, progress: Progress) -> NDArray[np.float32]:
    n = rows.shape[0]
    model, fitted = _fitted(rows, metric, params, seed, progress)
    out = np.zeros((n, 2), dtype=np.float32)
    out[fitted] = model.embedding_
    rest = np.setdiff1d(np.arange(n), fitted)
    out[rest] = _transform(model, rows[rest], progress)
    lost = ~np.isfinite(out).all(axis=1)  # UMAP gives no place to a row without neighbours
    out[lost] = 0.0 if lost.all() else out[~lost].mean(axis=0)
    progress("project", n, n, "")
    return (out - out.mean(axis=0)).astype(np.float32)


def _placed(
    known: Any,
    places: NDArray[np.float32],
    others: Any,
    metric: str,
    params: Params,
    seed: int,
    progress: Progress,
) -> NDArray[np.float32]:
    """Transform `others` into the map of `known`; checks that the refit gives the stored coordinates."""
    model, fitted = _fitted(known, metric, params, seed, progress)
    finite = np.isfinite(model.embedding_).all(axis=1)
    shift = (model.embedding_[finite] - places[fitted][finite]).mean(axis=0)
    if np.abs(model.embedding_[finite] - shift - places[fitted][finite]).max() > 1e-2 * np.ptp(places, axis=0).max():
        raise ExplorerError("the map cannot be reproduced (other library versions?); project all rows again")
    out = _transform(model, others, progress)
    out[~np.isfinite(out).all(axis=1)] = model.embedding_[finite].mean(axis=0)
    return (out - shift).astype(np.float32)


def _fitted(rows: Any, metric: str, params: Params, seed: int, progress: Progress) -> tuple[Any, NDArray[np.int64]]:
    """The fitted model and the rows it was fitted on, ascending."""
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
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="umap|sklearn|pynndescent")
        model.fit(rows[fitted])
    return model, fitted


def _transform(model: Any, rows: Any, progress: Progress) -> NDArray[np.float32]:
    n = rows.shape[0]
    out = np.zeros((n, 2), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="umap|sklearn|pynndescent")
        for start in range(0, n, _CHUNK):
            out[start : start + _CHUNK] = model.transform(rows[start : start + _CHUNK])
            progress("project", min(n, start + _CHUNK), n, "placing the rest")
    return out
