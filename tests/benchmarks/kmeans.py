"""k-means of 52,002 vectors against scikit-learn's in one run: seconds, inertia, and the ratio.

    python -m tests.benchmarks.kmeans [--workspace WS] [--rows 52002] [--width 576] [--k 256] [--seeds 2]

With a workspace, its newest embedding is resampled to that many rows (with noise of a tenth of its spread); without,
the vectors are a mixture of 400 groups whose spectrum falls as that of hidden states does.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

import numpy as np

from explorer.maps.kmeans import kmeans
from explorer.maps.vectors import unit_norm
from explorer.queries.vectors import load_vectors
from explorer.workspace import Snapshot, Store
from tests.benchmarks.machine import save


def made_up(rows: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    spectrum = np.arange(1, width + 1) ** -0.5
    centres = rng.standard_normal((400, width)) * spectrum * 0.8
    group = rng.choice(400, rows, p=rng.dirichlet(np.full(400, 0.5)))
    return unit_norm((centres[group] + rng.standard_normal((rows, width)) * spectrum).astype(np.float32))


def resampled(workspace: str, rows: int) -> np.ndarray:
    snapshot = Snapshot.newest(Store.open(workspace))
    vectors = load_vectors(snapshot.require("embeddings"), snapshot.rows)
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((rows, vectors.shape[1])).astype(np.float32) * (0.1 * vectors.std(axis=0))
    return unit_norm(vectors[rng.integers(len(vectors), size=rows)] + noise)


def report(who: str, seed: int, seconds: float, inertia: float, iterations: int) -> None:
    print(f"{who:13} seed {seed}: {seconds:7.2f} s, inertia {inertia:.1f}, {iterations} iterations", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace", default="")
    parser.add_argument("--rows", type=int, default=52_002)
    parser.add_argument("--width", type=int, default=576)
    parser.add_argument("--k", type=int, default=256)
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    vectors = resampled(args.workspace, args.rows) if args.workspace else made_up(args.rows, args.width)

    from sklearn.cluster import KMeans

    ours, theirs = [], []
    for seed in range(args.seeds):
        started = time.perf_counter()
        found = kmeans(vectors, args.k, rng=np.random.default_rng(seed))
        ours.append((time.perf_counter() - started, found.inertia))
        report("explorer", seed, ours[-1][0], ours[-1][1], found.iterations)
        started = time.perf_counter()
        model: Any = KMeans(args.k, n_init="auto", random_state=seed).fit(vectors)
        theirs.append((time.perf_counter() - started, float(model.inertia_)))
        report("scikit-learn", seed, theirs[-1][0], theirs[-1][1], model.n_iter_)
    ratio = float(np.mean([t for t, _ in theirs]) / np.mean([t for t, _ in ours]))
    better = float(np.mean([i for _, i in ours]) / np.mean([i for _, i in theirs]))
    print(f"{ratio:.1f} times as fast; mean inertia {better:.5f} of scikit-learn's")
    save(
        "kmeans",
        {
            "rows": len(vectors),
            "width": vectors.shape[1],
            "k": args.k,
            "vectors": "resampled real embedding" if args.workspace else "made-up mixture",
            "explorer": [{"seconds": t, "inertia": i} for t, i in ours],
            "scikit_learn": [{"seconds": t, "inertia": i} for t, i in theirs],
            "times_as_fast": ratio,
            "inertia_ratio": better,
            "load_average": os.getloadavg()[0],
        },
    )


if __name__ == "__main__":
    main()
