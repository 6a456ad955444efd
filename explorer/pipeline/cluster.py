"""Cluster: k-means on an embedding, with a card for every cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from explorer.errors import refuse
from explorer.maps.cards import cluster_cards
from explorer.maps.choose_k import choose_k
from explorer.maps.kmeans import check_k, kmeans, stability
from explorer.options.base import keywords
from explorer.options.verbs import ClusterOptions
from explorer.pipeline.embed import find_or_make
from explorer.progress import Progress, silent
from explorer.queries.maps import cluster_names
from explorer.queries.samples import texts
from explorer.queries.vectors import load_vectors
from explorer.records import CLUSTERS
from explorer.workspace import Artifact, Snapshot, Store

STABILITY_SEEDS = (0, 1, 2)
STABILITY_ROWS = 5_000  # samples, at most, that are clustered again to compare seeds
_SMALL = 20_000  # samples up to which more starts and a smaller tolerance cost a second or two


@dataclass(frozen=True)
class ClusterResult:
    """Stored clusters; `choice` has the curves over k where k is `auto`, `made` lists the artifacts made for them."""

    artifact: str
    k: int
    inertia: float
    largest: int
    smallest: int
    embedding: str
    names: list[str]
    choice: dict[str, Any] | None
    seconds: float
    existed: bool
    made: list[str] = field(default_factory=list)


@keywords(ClusterOptions)
def cluster(store: Store, options: ClusterOptions, *, progress: Progress = silent) -> ClusterResult:
    """Cluster the samples, unless these clusters already exist.

    Args:
        store: The workspace.
        options: k and the embedding; the fields may be given as keywords instead. For k = `auto`, silhouette and
            inertia over a grid are stored in the manifest.
        progress: Called with the step and its progress.

    Raises:
        InputError: k out of range.
        MissingStep: there is no embedding, and no extraction to make one from.
    """
    seed, asked = options.seed, _parse(options.k)
    snapshot = Snapshot.newest(store)
    samples, count = snapshot.require("samples"), snapshot.rows
    if isinstance(asked, int):
        check_k(asked, count)
    used, made = find_or_make(snapshot, options.embedding, progress=progress)
    parameters = {"k": asked, "seed": seed}
    inputs = {"samples": samples.id, "embeddings": used.id}
    existing = store.find("clusters", parameters, inputs)
    if existing is not None:
        return _result(existing, existed=True, made=made)
    with store.draft("clusters", parameters=parameters, inputs=inputs, seed=seed) as draft:
        progress("cluster", 0.0, 1.0, "reading")
        vectors = load_vectors(used, count)
        choice = None
        if asked == "auto":
            choice = choose_k(vectors, rng=np.random.default_rng([seed, 1]), progress=progress)
        number = choice.suggested if choice is not None else int(asked)
        clustering = kmeans(
            vectors,
            number,
            rng=np.random.default_rng(seed),
            starts=3 if count <= _SMALL else 1,
            tolerance=1e-5 if count <= _SMALL else 3e-4,
            report=lambda share: progress("cluster", share, 1.0, f"k = {number}"),
        )
        rows = {"sample_id": np.arange(count), "cluster": clustering.labels, "distance": clustering.distances}
        draft.write(pa.table(rows, schema=CLUSTERS))
        draft.write(cluster_cards(clustering, lambda positions: _texts(snapshot, positions)), "cards")
        sizes = clustering.sizes
        draft.info = {
            "k": clustering.k,
            "inertia": clustering.inertia,
            "iterations": clustering.iterations,
            "largest": int(sizes.max()),
            "smallest": int(sizes.min()),
            "embedding_method": used.manifest.parameters["method"],
            "choice": choice.as_info() if choice is not None else None,
            "stability": _stability(vectors, clustering.k),
        }
        artifact = draft.commit()
    progress("cluster", 1.0, 1.0, "")
    return _result(artifact, existed=False, made=made)


def curves(store: Store, clusters: Artifact) -> dict[str, Any]:
    """The curves over k and the suggested k (`Choice.as_info`), as stored with the clusters.

    Where k was given, none are stored; they are computed from a sample of the embedding.
    """
    choice = clusters.manifest.info.get("choice")
    if choice is not None:
        return choice
    seed = int(clusters.manifest.parameters.get("seed", 0))
    return choose_k(_vectors(store, clusters), rng=np.random.default_rng([seed, 1])).as_info()


def _vectors(store: Store, clusters: Artifact) -> np.ndarray:
    embedding = store.resolve("embeddings", clusters.manifest.inputs["embeddings"])
    return load_vectors(embedding, clusters.manifest.rows["clusters"])


def _stability(vectors: np.ndarray, k: int) -> dict[str, Any]:
    """Agreement of clusterings from different seeds: mean and lowest adjusted Rand index of the pairs."""
    agreement = stability(vectors, min(k, len(vectors), STABILITY_ROWS), seeds=STABILITY_SEEDS, sample=STABILITY_ROWS)
    return {"seeds": list(agreement.seeds), "mean": agreement.mean, "low": agreement.low}


def _parse(k: str) -> int | str:
    if k.strip().lower() == "auto":
        return "auto"
    try:
        return int(k)
    except ValueError:
        refuse("the number of clusters k cannot be read", got=k, allowed="a whole number, or auto")


def _texts(snapshot: Snapshot, positions: np.ndarray) -> list[str]:
    return [f"{prompt}\n{response}" for prompt, response in texts(snapshot, positions)]


def _result(artifact: Artifact, *, existed: bool, made: list[str]) -> ClusterResult:
    info = artifact.manifest.info
    return ClusterResult(
        artifact=artifact.ref,
        k=info["k"],
        inertia=info["inertia"],
        largest=info["largest"],
        smallest=info["smallest"],
        embedding=f"embeddings/{artifact.manifest.inputs['embeddings']}",
        names=cluster_names(artifact),
        choice=info["choice"],
        seconds=artifact.manifest.seconds,
        existed=existed,
        made=made,
    )
