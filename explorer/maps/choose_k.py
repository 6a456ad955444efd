"""Choice of the number of clusters: silhouette and inertia over a grid of k, and a suggestion with its reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.errors import refuse
from explorer.maps.kmeans import kmeans
from explorer.maps.vectors import Vectors
from explorer.progress import Progress, silent

SAMPLE = 5_000  # the curves are computed on at most this many rows
ANCHORS = 2_000  # and the silhouette widths of at most this many of them are averaged
CLEAR = 0.25  # no structure is substantial below this mean silhouette (Kaufman & Rousseeuw 1990)
_GRID = (2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 90, 128, 180, 256)
_CHUNK = 1024


@dataclass(frozen=True)
class Choice:
    """The curves over `ks` (ascending), the suggested k, the criterion it was chosen `by`, and the reason `why`."""

    ks: tuple[int, ...]
    inertia: tuple[float, ...]
    silhouette: tuple[float, ...]
    elbow: int
    suggested: int
    by: str
    why: str
    sample: int

    def as_info(self) -> dict[str, Any]:
        """JSON values for a manifest."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def choose_k(vectors: Vectors, *, rng: np.random.Generator, progress: Progress = silent) -> Choice:
    """Suggest a number of clusters from at most `SAMPLE` rows.

    Where the highest mean silhouette is at least `CLEAR`, the clusters are well separated and its k is suggested; the
    numbers between the neighbours of the best grid point are tried too. Otherwise the elbow of the inertia is
    suggested: the k whose point lies farthest below the line between the ends of the curve.

    Raises:
        InputError: fewer than 4 samples.
    """
    if len(vectors) < 4:
        refuse("k auto needs at least 4 samples", got=len(vectors), allowed="a number for k")
    if len(vectors) > SAMPLE:
        vectors = vectors[np.sort(rng.choice(len(vectors), SAMPLE, replace=False))]
    n = len(vectors)
    seed = int(rng.integers(2**31))
    tried: dict[int, tuple[float, float]] = {}

    def measure(ks: list[int]) -> None:
        new = [k for k in ks if k not in tried]
        labels, inertias = [], []
        for done, k in enumerate(new):
            progress("choose k", len(tried) + done, None, f"k = {k}")
            clustering = kmeans(
                vectors, k, rng=np.random.default_rng([seed, k]), starts=2, tolerance=1e-4, iterations=30, relocations=1
            )
            labels.append(clustering.labels)
            inertias.append(clustering.inertia)
        for k, inertia, width in zip(new, inertias, silhouettes(vectors, labels, most=ANCHORS), strict=True):
            tried[k] = (inertia, width)

    measure([k for k in _GRID if k <= max(2, n // 8)])
    while True:
        ks = sorted(tried)
        best = max(ks, key=lambda k: (tried[k][1], -k))
        if tried[best][1] < CLEAR:
            break
        between = _between(ks, best)
        if not between:
            break
        measure(between)
    inertia, width = [tried[k][0] for k in ks], [tried[k][1] for k in ks]
    elbow = ks[_elbow(np.asarray(ks, dtype=np.float64), np.asarray(inertia))]
    highest = f"mean silhouette {tried[best][1]:.2f} at k = {best}, on {n:,} samples"
    if tried[best][1] >= CLEAR:
        by, suggested = "silhouette", best
        why = f"the clusters are best separated there: highest {highest}"
    else:
        by, suggested = "elbow", elbow
        why = (
            f"no k gives well-separated clusters (highest {highest}; {CLEAR} counts as clear), so the elbow of the "
            f"inertia is suggested: beyond k = {elbow} each further cluster explains little"
        )
    return Choice(tuple(ks), tuple(inertia), tuple(width), elbow, suggested, by, why, n)


def _between(ks: list[int], best: int) -> list[int]:
    """Up to eight numbers on each side, between `best` and its neighbours in `ks`."""
    at = ks.index(best)
    low, high = ks[max(0, at - 1)], ks[min(len(ks) - 1, at + 1)]
    between: list[int] = []
    for start, end in ((low, best), (best, high)):
        inner = list(range(start + 1, end))
        between += inner if len(inner) <= 8 else sorted({round(x) for x in np.linspace(start, end, 10)[1:-1]})
    return between


def _elbow(x: NDArray[np.float64], y: NDArray[np.float64]) -> int:
    """Position farthest below the chord, both axes scaled to 0..1."""
    if len(x) < 3 or y[0] == y[-1]:
        return 0
    across = (x - x[0]) / (x[-1] - x[0])
    down = (y - y[-1]) / (y[0] - y[-1])
    return int(np.argmax(1.0 - across - down))


def silhouettes(vectors: Vectors, labellings: list[NDArray[np.int32]], *, most: int | None = None) -> list[float]:
    """Mean silhouette width (Rousseeuw 1987, Euclidean) of each labelling int32 [N] of the same rows.

    Distances are computed once, a block of rows at a time, for all labellings. A sample alone in its cluster counts 0.
    With `most`, only that many rows, evenly spaced, are averaged (their distances still go to all rows).
    """
    n = len(vectors)
    if not labellings:
        return []
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    sizes = [np.bincount(labels).astype(np.float64) for labels in labellings]
    ends = np.cumsum([len(size) for size in sizes])
    member = np.zeros((n, ends[-1]), dtype=np.float32)
    for labels, end, size in zip(labellings, ends, sizes, strict=True):
        member[np.arange(n), end - len(size) + labels] = 1.0
    totals = np.zeros(len(labellings))
    anchors = np.arange(n) if most is None or most >= n else np.linspace(0, n - 1, most).astype(np.int64)
    for start in range(0, len(anchors), _CHUNK):
        rows = anchors[start : start + _CHUNK]
        gaps = squares[rows][:, None] + squares[None, :] - 2.0 * (vectors[rows] @ vectors.T)
        gaps[np.arange(len(rows)), rows] = 0.0
        sums = np.sqrt(np.maximum(gaps, 0.0)).astype(np.float32) @ member
        for which, (labels, end, size) in enumerate(zip(labellings, ends, sizes, strict=True)):
            totals[which] += _widths(sums[:, end - len(size) : end].astype(np.float64), labels[rows], size)
    return [float(total / len(anchors)) for total in totals]


def _widths(sums: NDArray[np.float64], own: NDArray[np.int32], size: NDArray[np.float64]) -> float:
    """Sum of silhouette widths of some rows, from their summed distance to each cluster [rows, k]."""
    at = (np.arange(len(own)), own)
    inside = sums[at] / np.maximum(size[own] - 1, 1)
    others = sums / np.maximum(size, 1)
    others[:, size == 0] = np.inf
    others[at] = np.inf
    nearest = others.min(axis=1)
    larger = np.maximum(inside, nearest)
    defined = (size[own] > 1) & np.isfinite(nearest) & (larger > 0)
    return float(((nearest - inside)[defined] / larger[defined]).sum())
