"""The pool that selection methods rank: find its artifacts, making defaults for missing ones, and read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from explorer.features.sets import check_threshold
from explorer.progress import Progress, silent
from explorer.queries import columns
from explorer.queries.rankings import read_ranking
from explorer.queries.sets import feature_sets, load_tags
from explorer.queries.vectors import load_vectors
from explorer.selection.method import Pool
from explorer.workspace import Artifact, Snapshot


@dataclass(frozen=True)
class LoadedPool:
    """A pool with its origin: `inputs` maps kind to artifact id, `made` lists the artifacts made for it."""

    pool: Pool
    threshold: float | None
    inputs: dict[str, str]
    made: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PoolInputs:
    """The artifacts that a pool is read from; `runs` are saved selections, `made` lists what was made for it."""

    snapshot: Snapshot
    embeddings: Artifact | None = None
    clusters: Artifact | None = None
    quality: Artifact | None = None
    runs: tuple[Artifact, ...] = ()
    made: tuple[str, ...] = ()

    @property
    def samples(self) -> Artifact:
        """The dataset."""
        return self.snapshot.require("samples")

    @property
    def activations(self) -> Artifact | None:
        """The extraction, where there is one."""
        return self.snapshot.activations

    @property
    def ids(self) -> dict[str, str]:
        """Kind -> artifact id, as a manifest records it; saved selections are numbered."""
        kinds = ("samples", "activations", "embeddings", "clusters", "quality")
        artifacts = {kind: getattr(self, kind) for kind in kinds}
        ids = {kind: artifact.id for kind, artifact in artifacts.items() if artifact is not None}
        return ids | {f"selections{i}": run.id for i, run in enumerate(self.runs)}


def find_inputs(
    snapshot: Snapshot, needs: frozenset[str], *, references: tuple[str, ...] = (), progress: Progress = silent
) -> PoolInputs:
    """Find the artifacts for `needs`, making default embeddings, clusters or quality where there are none."""
    store = snapshot.store
    snapshot.require("samples")
    if needs & {"features", "lengths"}:
        snapshot.require("activations")
    made: list[str] = []
    embeddings = clusters = quality = None
    if needs & {"embeddings", "clusters"}:
        clusters = snapshot.clusters if "clusters" in needs else None
        embeddings = snapshot.embeddings
        if clusters is not None:
            embeddings = store.resolve("embeddings", clusters.manifest.inputs["embeddings"])
        if embeddings is None:
            from explorer.pipeline.embed import embed

            made.append(embed(store, progress=progress).artifact)
            embeddings = store.resolve("embeddings", made[-1])
        if "clusters" in needs and clusters is None:
            from explorer.pipeline.cluster import cluster

            made.append(cluster(store, k="auto", progress=progress).artifact)
            clusters = store.resolve("clusters", made[-1])
    if "quality" in needs:
        quality = snapshot.quality
        if quality is None:
            from explorer.pipeline.score import score

            made.append(score(store, scorer="heuristic", progress=progress).artifact)
            quality = store.resolve("quality", made[-1])
    runs = tuple(snapshot.resolve("selections", reference) for reference in references)
    return PoolInputs(snapshot, embeddings if "embeddings" in needs else None, clusters, quality, runs, tuple(made))


def read_pool(
    inputs: PoolInputs,
    needs: frozenset[str],
    *,
    threshold: float | None = None,
    segment: str = "response",
    column: str = "",
) -> LoadedPool:
    """Read the pool. Feature sets and lengths are read where there is an extraction, for metrics and token budgets.

    `threshold` None means the default of the extraction. `column` is the key of `samples.meta` that holds tags.
    """
    snapshot = inputs.snapshot
    n = snapshot.rows
    fields: dict[str, Any] = {"n": n}
    if snapshot.activations is not None:
        threshold = snapshot.threshold if threshold is None else check_threshold(threshold)
        fields["features"] = feature_sets(snapshot, threshold=threshold, segment=segment)
        fields["response_tokens"] = columns.response_tokens(snapshot)
    if inputs.embeddings is not None:
        fields["embeddings"] = load_vectors(inputs.embeddings, n)
    if inputs.clusters is not None:
        fields["clusters"] = columns.read_column(inputs.clusters, "cluster", n)
        fields["distances"] = columns.read_column(inputs.clusters, "distance", n)
    if inputs.quality is not None:
        fields["quality"] = columns.read_column(inputs.quality, "score", n, missing=np.nan)
    if "hashes" in needs:
        fields["hashes"] = columns.hashes(snapshot)
    if "sources" in needs:
        fields["sources"] = columns.sources(snapshot)[0]
    if "tags" in needs:
        fields["tags"] = load_tags(snapshot, column)
    fields["runs"] = tuple(read_ranking(run) for run in inputs.runs)
    return LoadedPool(Pool(**fields), threshold, inputs.ids, list(inputs.made))
