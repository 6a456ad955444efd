"""Gather from a workspace what selection methods look at, making the default of what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from explorer.errors import refuse
from explorer.features.sets import check_threshold
from explorer.progress import Progress, silent
from explorer.queries import columns
from explorer.queries.rankings import read_ranking
from explorer.queries.sets import feature_sets, load_tags
from explorer.queries.vectors import load_vectors
from explorer.selection.method import Pool
from explorer.workspace import Artifact, Snapshot


@dataclass(frozen=True)
class Gathered:
    """A pool with where it came from: `inputs` kind -> artifact id, `made` the artifacts made for it just now."""

    pool: Pool
    threshold: float | None
    inputs: dict[str, str]
    made: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Sources:
    """The artifacts that a pool is read from, before anything is read."""

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
    def inputs(self) -> dict[str, str]:
        """Kind -> artifact id, as a manifest records it; stored selections are numbered."""
        kinds = ("samples", "activations", "embeddings", "clusters", "quality")
        known = {kind: getattr(self, kind) for kind in kinds}
        inputs = {kind: artifact.id for kind, artifact in known.items() if artifact is not None}
        return inputs | {f"selections{i}": run.id for i, run in enumerate(self.runs)}


def sources(
    snapshot: Snapshot, needs: frozenset[str], *, references: tuple[str, ...] = (), progress: Progress = silent
) -> Sources:
    """Find the artifacts for `needs`, making default embeddings, clusters or quality where there are none."""
    store, samples = snapshot.store, snapshot.require("samples")
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
    runs = tuple(store.resolve("selections", reference) for reference in references)
    for run in runs:
        if run.manifest.inputs.get("samples") != samples.id:
            refuse(f"selection {run.id} was made from other samples than the newest ones ({samples.id})")
    keep_embeddings = embeddings if "embeddings" in needs else None
    return Sources(snapshot, keep_embeddings, clusters, quality, runs, tuple(made))


def gather(
    found: Sources,
    needs: frozenset[str],
    *,
    threshold: float | None = None,
    segment: str = "response",
    column: str = "",
) -> Gathered:
    """Read the pool. Feature sets and lengths are read whenever there is an extraction, for metrics and token budgets.

    `threshold` None means the default one of the extraction. `column` names a key of `samples.meta` with tags.
    """
    snapshot = found.snapshot
    n = snapshot.rows
    fields: dict[str, Any] = {"n": n}
    if snapshot.activations is not None:
        threshold = snapshot.threshold if threshold is None else check_threshold(threshold)
        fields["features"] = feature_sets(snapshot, threshold=threshold, segment=segment)
        fields["response_tokens"] = columns.response_tokens(snapshot)
    if found.embeddings is not None:
        fields["embeddings"] = load_vectors(found.embeddings, n)
    if found.clusters is not None:
        fields["clusters"] = columns.read_column(found.clusters, "cluster", n)
        fields["distances"] = columns.read_column(found.clusters, "distance", n)
    if found.quality is not None:
        fields["quality"] = columns.read_column(found.quality, "score", n, missing=np.nan)
    if "hashes" in needs:
        fields["hashes"] = columns.hashes(snapshot)
    if "sources" in needs:
        fields["sources"] = columns.sources(snapshot)[0]
    if "tags" in needs:
        fields["tags"] = load_tags(snapshot, column)
    fields["runs"] = tuple(read_ranking(run) for run in found.runs)
    return Gathered(Pool(**fields), threshold, found.inputs, list(found.made))
