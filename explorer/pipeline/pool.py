"""Gather from a workspace what selection methods look at, making the default of what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from explorer.errors import ExplorerError, MissingStep, refuse
from explorer.features.sets import FeatureSets, check_threshold, load_sets
from explorer.progress import Progress, silent
from explorer.selection.method import Pool
from explorer.workspace import Artifact, Snapshot, Store, default_threshold


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

    samples: Artifact
    activations: Artifact | None
    embeddings: Artifact | None = None
    clusters: Artifact | None = None
    quality: Artifact | None = None
    runs: tuple[Artifact, ...] = ()
    made: tuple[str, ...] = ()

    @property
    def inputs(self) -> dict[str, str]:
        """Kind -> artifact id, as a manifest records it; stored selections are numbered."""
        kinds = ("samples", "activations", "embeddings", "clusters", "quality")
        known = {kind: getattr(self, kind) for kind in kinds}
        inputs = {kind: artifact.id for kind, artifact in known.items() if artifact is not None}
        return inputs | {f"selections{i}": run.id for i, run in enumerate(self.runs)}


def sources(
    store: Store, needs: frozenset[str], *, references: tuple[str, ...] = (), progress: Progress = silent
) -> Sources:
    """Find the newest artifacts for `needs`, making default embeddings, clusters or quality where there are none."""
    snapshot = Snapshot.newest(store)
    samples = snapshot.require("samples")
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
    return Sources(samples, snapshot.activations, keep_embeddings, clusters, quality, runs, tuple(made))


def gather(
    store: Store,
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
    n = found.samples.manifest.rows["samples"]
    fields: dict[str, Any] = {"n": n}
    if found.activations is not None:
        threshold = default_threshold(found.activations) if threshold is None else check_threshold(threshold)
        fields["features"] = load_sets(store, found.activations, segment=segment, threshold=threshold, samples=n)
        fields["response_tokens"] = _by_sample(found.activations, "tokens", "response_tokens", n).astype(np.int32)
    if found.embeddings is not None:
        fields["embeddings"] = read_vectors(found.embeddings, n)
    if found.clusters is not None:
        fields["clusters"] = _by_sample(found.clusters, "", "cluster", n).astype(np.int32)
        fields["distances"] = _by_sample(found.clusters, "", "distance", n).astype(np.float32)
    if found.quality is not None:
        fields["quality"] = _by_sample(found.quality, "", "score", n, missing=np.nan).astype(np.float64)
    if "hashes" in needs:
        fields["hashes"] = _by_sample(found.samples, "", "content_hash", n)
    if "sources" in needs:
        fields["sources"] = _sources(found.samples, n)
    if "tags" in needs:
        fields["tags"] = read_tags(store, found.samples, column, n)
    fields["runs"] = tuple(read_ranking(run) for run in found.runs)
    return Gathered(Pool(**fields), threshold, found.inputs, list(found.made))


def read_ranking(run: Artifact) -> np.ndarray:
    """The sample ids of a stored selection in pick order, int64 [n]."""
    table = _read(run, "", ["rank", "sample_id"]).sort_by("rank")
    return table.column("sample_id").to_numpy().astype(np.int64)


def read_vectors(artifact: Artifact, n: int, table: str = "") -> np.ndarray:
    """Embeddings as float32 [n, d] by sample id; samples without one are refused."""
    data = _read(artifact, table, ["sample_id", "vector"]).combine_chunks()
    ids = data.column("sample_id").to_numpy()
    flat = pc.list_flatten(data.column("vector")).to_numpy()  # type: ignore[attr-defined]
    if len(ids) != n or len(flat) % max(1, n):
        raise ExplorerError(f"{artifact.ref} holds {len(ids)} vectors for {n} samples")
    vectors = np.empty((n, len(flat) // n), np.float32)
    vectors[ids] = flat.reshape(n, -1)
    return vectors


def read_tags(store: Store, samples: Artifact, column: str, n: int) -> FeatureSets:
    """Tags of a column of the source as sets: a JSON list, or text split at commas; missing means no tags."""
    if not column:
        refuse("which column holds the tags?", allowed="the name of a column of the source rows")
    path = '$."' + column.replace('"', '\\"') + '"'
    query = f"SELECT sample_id, json_extract(meta, ?) FROM {store.scan(samples)} ORDER BY sample_id"
    found = store.sql(query, [path]).fetchall()
    import json

    known: dict[str, int] = {}
    rows: list[list[int]] = [[] for _ in range(n)]
    for sample_id, text in found:
        value = json.loads(text) if text else None
        items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
        tags = [str(item).strip().lower() for item in items]
        rows[sample_id] = sorted({known.setdefault(tag, len(known)) for tag in tags if tag})
    if not known:
        refuse(f"no sample has tags in column {column!r}", allowed="a column with a list, or with tags split by commas")
    return FeatureSets.from_rows(rows, len(known))


def _read(artifact: Artifact, table: str, columns: list[str]) -> pa.Table:
    files = artifact.files(table)
    if not files:
        raise MissingStep(f"{artifact.ref} holds no table {table or artifact.kind!r}")
    return pa.concat_tables([pq.read_table(file, columns=columns) for file in files])


def _sources(samples: Artifact, n: int) -> np.ndarray:
    """The number of each row's source, in order of first appearance, int32 [n]."""
    table = _read(samples, "", ["sample_id", "source"]).combine_chunks()
    codes = pc.fill_null(table.column("source"), "").combine_chunks().dictionary_encode().indices  # type: ignore[attr-defined]
    numbers = np.empty(n, np.int32)
    numbers[table.column("sample_id").to_numpy()] = codes.to_numpy(zero_copy_only=False)
    return numbers


def _by_sample(artifact: Artifact, table: str, column: str, n: int, *, missing: float | None = None) -> np.ndarray:
    """One column as an array by sample id; `missing` stands for null or absent ones, which are refused without it."""
    data = _read(artifact, table, ["sample_id", column])
    ids = data.column("sample_id").to_numpy()
    values = data.column(column)
    if missing is None and (values.null_count or len(np.unique(ids)) != n):
        raise ExplorerError(f"{artifact.ref}: column {column} holds values for {len(ids)} of {n} samples")
    if missing is None:
        array = values.to_numpy()
        result = np.empty(n, array.dtype)
    else:
        array = values.cast(pa.float64()).to_numpy()
        result = np.full(n, missing)
    result[ids] = array
    return result
