"""Cluster: k-means on an embedding, with a card a cluster."""

from __future__ import annotations

from collections.abc import Sequence
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
from explorer.pipeline.embed import find_or_make, read
from explorer.progress import Progress, silent
from explorer.records import CLUSTERS
from explorer.workspace import Artifact, Snapshot, Store

STABILITY_SEEDS = (0, 1, 2)
STABILITY_ROWS = 5_000  # samples, at most, that are clustered again to see how alike seeds are
_SMALL = 20_000  # samples up to which more starts and a finer end cost a second or two


@dataclass(frozen=True)
class ClusterResult:
    """Stored clusters; `choice` holds the curves over k where k was chosen, `made` what was made on the way."""

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
    """Cluster the samples; existing clusters are returned as they are.

    Args:
        store: The workspace.
        options: k and the embedding; the fields may be given as keywords instead. For k = `auto`, silhouette and
            inertia over a grid are kept in the manifest.
        progress: Told how far it is.

    Raises:
        InputError: k out of range.
        MissingStep: there is no extraction to make the default embedding from.
    """
    seed, wanted = options.seed, _parse(options.k)
    samples = Snapshot.newest(store).require("samples")
    count = samples.manifest.rows["samples"]
    if isinstance(wanted, int):
        check_k(wanted, count)
    used, made = find_or_make(store, options.embedding, progress=progress)
    parameters = {"k": wanted, "seed": seed}
    inputs = {"samples": samples.id, "embeddings": used.id}
    existing = store.find("clusters", parameters, inputs)
    if existing is not None:
        return _result(store, existing, existed=True, made=made)
    with store.draft("clusters", parameters=parameters, inputs=inputs, seed=seed) as draft:
        progress("cluster", 0.0, 1.0, "reading")
        vectors = read(store, used)
        choice = None
        if wanted == "auto":
            choice = choose_k(vectors, rng=np.random.default_rng([seed, 1]), progress=progress)
        number = choice.suggested if choice is not None else int(wanted)
        found = kmeans(
            vectors,
            number,
            rng=np.random.default_rng(seed),
            starts=3 if count <= _SMALL else 1,
            tolerance=1e-5 if count <= _SMALL else 3e-4,
            report=lambda share: progress("cluster", share, 1.0, f"k = {number}"),
        )
        rows = {"sample_id": np.arange(count), "cluster": found.labels, "distance": found.distances}
        draft.write(pa.table(rows, schema=CLUSTERS))
        draft.write(cluster_cards(found, lambda positions: _texts(store, samples, positions)), "cards")
        sizes = found.sizes
        draft.info = {
            "k": found.k,
            "inertia": found.inertia,
            "iterations": found.iterations,
            "largest": int(sizes.max()),
            "smallest": int(sizes.min()),
            "embedding_method": used.manifest.parameters["method"],
            "choice": choice.as_info() if choice is not None else None,
            "stability": _stability(vectors, found.k),
        }
        artifact = draft.commit()
    progress("cluster", 1.0, 1.0, "")
    return _result(store, artifact, existed=False, made=made)


def curves(store: Store, clusters: Artifact) -> dict[str, Any]:
    """Return the curves over k and the suggestion (`Choice.as_info`), as kept with the clusters.

    Where k was given, nothing is kept: they are worked out from a sample of the embedding, and not stored.
    """
    known = clusters.manifest.info.get("choice")
    if known is not None:
        return known
    seed = int(clusters.manifest.parameters.get("seed", 0))
    return choose_k(_vectors(store, clusters), rng=np.random.default_rng([seed, 1])).as_info()


def _vectors(store: Store, clusters: Artifact) -> np.ndarray:
    return read(store, store.resolve("embeddings", clusters.manifest.inputs["embeddings"]))


def _stability(vectors: np.ndarray, k: int) -> dict[str, Any]:
    """How alike the clusters of other seeds are: mean and lowest adjusted Rand index of the pairs."""
    found = stability(vectors, min(k, len(vectors), STABILITY_ROWS), seeds=STABILITY_SEEDS, sample=STABILITY_ROWS)
    return {"seeds": list(found.seeds), "mean": found.mean, "low": found.low}


def _parse(k: str) -> int | str:
    if k.strip().lower() == "auto":
        return "auto"
    try:
        return int(k)
    except ValueError:
        refuse("the number of clusters k cannot be read", got=k, allowed="a whole number, or auto")


def _texts(store: Store, samples: Artifact, positions: np.ndarray) -> Sequence[str]:
    """Prompt and response of the samples at ascending `positions`."""
    query = (
        f"SELECT prompt || chr(10) || response FROM {store.scan(samples)} "
        "WHERE sample_id IN (SELECT unnest(?::BIGINT[])) ORDER BY sample_id"
    )
    return [text or "" for (text,) in store.sql(query, [positions.tolist()]).fetchall()]


def _result(store: Store, artifact: Artifact, *, existed: bool, made: list[str]) -> ClusterResult:
    info = artifact.manifest.info
    names = store.sql(f"SELECT name FROM {store.scan(artifact, 'cards')} ORDER BY cluster").fetchall()
    return ClusterResult(
        artifact=artifact.ref,
        k=info["k"],
        inertia=info["inertia"],
        largest=info["largest"],
        smallest=info["smallest"],
        embedding=f"embeddings/{artifact.manifest.inputs['embeddings']}",
        names=[name for (name,) in names],
        choice=info["choice"],
        seconds=artifact.manifest.seconds,
        existed=existed,
        made=made,
    )
