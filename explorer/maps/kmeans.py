"""k-means by faiss: seeded, the same for any number of threads, clusters numbered from the largest."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.maps.vectors import Vectors

MAX_TRAIN = 262_144  # rows that centroids are trained on; the rest is only assigned
_CHUNK = 65_536
_SMALL = 2e9  # multiplications per iteration below which more threads cost more than they save


@dataclass(frozen=True)
class Clustering:
    """`labels` int32 [N], `distances` float32 [N] (Euclidean, own centroid), `centroids` float32 [k, d].

    Cluster 0 is the largest; equal sizes are ordered by their smallest position. `inertia` is the sum of squared
    distances.
    """

    labels: NDArray[np.int32]
    distances: NDArray[np.float32]
    centroids: Vectors
    inertia: float
    iterations: int

    @property
    def k(self) -> int:
        """How many clusters there are."""
        return len(self.centroids)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Samples of each cluster, int64 [k]."""
        return np.bincount(self.labels, minlength=self.k)


def kmeans(
    vectors: Vectors,
    k: int,
    *,
    rng: np.random.Generator,
    starts: int = 1,
    iterations: int = 100,
    tolerance: float = 3e-4,
    relocations: int = 2,
    report: Callable[[float], None] = lambda _: None,
) -> Clustering:
    """Minimise sum_i |v_i - c_(label i)|^2 by Lloyd's algorithm.

    Every start is tried twice: k rows drawn at random, and greedy k-means++ (Arthur & Vassilvitskii 2007) on a
    sample. Random rows win on data without separate groups, k-means++ where groups are far apart; the better one after
    five iterations on at most 32 k rows continues until the inertia falls by less than `tolerance` (relative). Cost:
    O(N k d) per iteration. Identical rows may leave fewer than k clusters, since empty ones are dropped.

    Args:
        vectors: float32 [N, d], finite.
        k: 1..N.
        rng: Draws the starts and, for more than `MAX_TRAIN` rows, the training sample.
        starts: Pairs of starts.
        iterations: At most this many iterations after the start is chosen.
        tolerance: See above.
        relocations: How often the least useful centroids are moved to where the inertia is; a move that does not lower
            the inertia is undone (a way out of a local minimum; after Fritzke 2020, "breathing k-means").
        report: Called with the share done.

    Raises:
        InputError: k out of range, or vectors with NaN or infinities.
    """
    n = len(vectors)
    check_k(k, n)
    if not np.isfinite(vectors).all():
        refuse("the embedding holds NaN or infinite values; make it again", allowed="finite numbers")
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    train = vectors
    if n > max(MAX_TRAIN, 64 * k):
        train = vectors[np.sort(rng.choice(n, max(MAX_TRAIN, 64 * k), replace=False))]
    few = train if len(train) <= 32 * k else train[np.sort(rng.choice(len(train), 32 * k, replace=False))]
    seeds = []
    for _ in range(starts):
        seeds += [train[rng.choice(len(train), k, replace=False)], _plus_plus(train, k, rng)]
    inertias = []
    for i, seed in enumerate(seeds):
        inertias.append(_lloyd(few, seed, 5, 0.0)[1])
        report(0.2 * (i + 1) / len(seeds))
    coarse = 10 * tolerance  # enough for a comparison; only the last run is to the end
    centroids, inertia, total = _lloyd(train, seeds[int(np.argmin(inertias))], iterations, coarse)
    report(0.5)
    for turn in range(relocations):
        moved, new_inertia, used = _lloyd(train, _relocate(train, centroids, rng), iterations, coarse)
        total += used
        if new_inertia < inertia:
            centroids, inertia = moved, new_inertia
        report(0.5 + 0.3 * (turn + 1) / relocations)
    centroids, _, used = _lloyd(train, centroids, iterations, tolerance)
    report(0.95)
    clustering = _finish(vectors, centroids, total + used)
    report(1.0)
    return clustering


def check_k(k: int, n: int) -> None:
    """InputError for a number of clusters out of range."""
    if isinstance(k, bool) or int(k) != k or not 1 <= k <= n:
        refuse("the number of clusters k is out of range", got=k, allowed=f"1 to {n} (the number of samples), or auto")


def assign(vectors: Vectors, centroids: Vectors) -> NDArray[np.int32]:
    """Nearest centroid of every row, int32 [N]."""
    import faiss

    index = faiss.IndexFlatL2(centroids.shape[1])
    index.add(np.ascontiguousarray(centroids, dtype=np.float32))  # type: ignore[call-arg]
    with _threads(vectors.size * len(centroids)):
        _, labels = index.search(np.ascontiguousarray(vectors, dtype=np.float32), 1)  # type: ignore[call-arg]
    return labels.ravel().astype(np.int32)


def _lloyd(train: Vectors, centroids: Vectors, iterations: int, tolerance: float) -> tuple[Vectors, float, int]:
    import faiss

    model = faiss.Kmeans(
        train.shape[1],
        len(centroids),
        niter=iterations,
        early_stop_threshold=tolerance,
        max_points_per_centroid=len(train),
        min_points_per_centroid=1,
    )
    with _threads(train.size * len(centroids)):
        model.train(train, init_centroids=np.ascontiguousarray(centroids))
    assert model.centroids is not None and model.obj is not None
    return model.centroids, float(model.obj[-1]), len(model.obj)


@contextmanager
def _threads(work: float) -> Iterator[None]:
    """Let faiss use one thread for small work; the result is the same."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1 if work < _SMALL else before)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _relocate(train: Vectors, centroids: Vectors, rng: np.random.Generator) -> Vectors:
    """Move a twentieth of the centroids, those whose loss costs least, to a random row of the costliest clusters."""
    import faiss

    k = len(centroids)
    count = k // 20
    if count == 0:
        return centroids
    index = faiss.IndexFlatL2(centroids.shape[1])
    index.add(np.ascontiguousarray(centroids))  # type: ignore[call-arg]
    with _threads(train.size * k):
        squared, nearest = index.search(train, 2)  # type: ignore[call-arg]
    own = nearest[:, 0]
    cost = np.bincount(own, squared[:, 0], minlength=k)
    loss = np.bincount(own, squared[:, 1] - squared[:, 0], minlength=k)
    idle = np.argsort(loss, kind="stable")[:count]
    crowded = [c for c in np.argsort(-cost, kind="stable") if c not in set(idle)][:count]
    moved = centroids.copy()
    for target, cluster in zip(idle, crowded, strict=True):
        members = np.flatnonzero(own == cluster)
        moved[target] = (centroids[cluster] + train[rng.choice(members)]) / 2 if len(members) else centroids[target]
    return moved


def _plus_plus(train: Vectors, k: int, rng: np.random.Generator) -> Vectors:
    """Greedy k-means++ on a sample: of several rows drawn by squared distance, the one that lowers the inertia most."""
    from sklearn.cluster import kmeans_plusplus

    size = max(4_096, 8 * k)
    rows = train if len(train) <= size else train[np.sort(rng.choice(len(train), size, replace=False))]
    # float64: scikit-learn would otherwise convert all rows again for every centroid
    centroids, _ = kmeans_plusplus(rows.astype(np.float64), k, random_state=int(rng.integers(2**31)))
    return centroids.astype(np.float32)


def _finish(vectors: Vectors, centroids: Vectors, iterations: int) -> Clustering:
    """Assign every row, move each centroid to the mean of its rows, and number clusters from the largest."""
    labels = assign(vectors, centroids)
    sizes = np.bincount(labels, minlength=len(centroids))
    first = np.full(len(centroids), len(labels), dtype=np.int64)
    np.minimum.at(first, labels, np.arange(len(labels)))
    order = np.lexsort((first, -sizes))[: int((sizes > 0).sum())]
    rename = np.full(len(centroids), -1, dtype=np.int32)
    rename[order] = np.arange(len(order), dtype=np.int32)
    labels = rename[labels]
    means = cluster_means(vectors, labels, len(order))
    distances = np.empty(len(labels), dtype=np.float32)
    inertia = 0.0
    for start in range(0, len(labels), _CHUNK):
        part = slice(start, start + _CHUNK)
        gap = vectors[part] - means[labels[part]]
        squared = np.einsum("ij,ij->i", gap, gap)
        inertia += float(squared.sum(dtype=np.float64))
        distances[part] = np.sqrt(squared)
    return Clustering(labels, distances, means, inertia, iterations)


def cluster_means(vectors: Vectors, labels: NDArray[np.int32], k: int) -> Vectors:
    """Mean row of each cluster, float32 [k, d], summed in float64 in the order of the rows."""
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(k + 1))
    means = np.zeros((k, vectors.shape[1]), dtype=np.float32)
    for cluster in range(k):
        rows = vectors[order[bounds[cluster] : bounds[cluster + 1]]]
        if len(rows):
            means[cluster] = rows.mean(axis=0, dtype=np.float64)
    return means


@dataclass(frozen=True)
class Stability:
    """Agreement over seeds: the adjusted Rand index (Hubert & Arabie 1985) of every pair of runs.

    1 for equal labels, 0 for what chance gives.
    """

    seeds: tuple[int, ...]
    pairwise: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean adjusted Rand index; 1.0 for a single seed."""
        return float(np.mean(self.pairwise)) if self.pairwise else 1.0

    @property
    def low(self) -> float:
        """Adjusted Rand index of the worst pair."""
        return min(self.pairwise, default=1.0)


def stability(vectors: Vectors, k: int, *, seeds: Sequence[int] = (0, 1, 2, 3, 4), sample: int = 20_000) -> Stability:
    """Agreement of the clusters of different seeds, on at most `sample` rows (the same rows for every seed)."""
    from sklearn.metrics import adjusted_rand_score

    if len(vectors) > sample:
        vectors = vectors[np.sort(np.random.default_rng(0).choice(len(vectors), sample, replace=False))]
    labels = [kmeans(vectors, k, rng=np.random.default_rng(seed), tolerance=1e-4).labels for seed in seeds]
    pairs = itertools.combinations(labels, 2)
    return Stability(tuple(seeds), tuple(float(adjusted_rand_score(first, second)) for first, second in pairs))
