"""Embed: one unit-norm vector a sample."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.errors import refuse
from explorer.maps.embeddings import Embedding, Inputs, Text, resolve
from explorer.maps.vectors import to_table, without_direction
from explorer.options.base import keywords
from explorer.options.verbs import EmbedOptions
from explorer.progress import Progress, silent
from explorer.queries.sets import feature_sets
from explorer.queries.vectors import load_vectors
from explorer.registry import build
from explorer.workspace import Artifact, Snapshot, Store

DEFAULT = "lm-mean"
SEED = 0  # of the randomised SVD; part of no parameter, since it only decides rounding


@dataclass(frozen=True)
class EmbedResult:
    """A stored embedding; `without_direction` samples had nothing to embed and are rows of zeros."""

    artifact: str
    method: str
    samples: int
    dimensions: int
    without_direction: int
    seconds: float
    existed: bool


@keywords(EmbedOptions)
def embed(store: Store, options: EmbedOptions, *, progress: Progress = silent) -> EmbedResult:
    """Embed every sample and store the vectors; an existing embedding is returned as it is.

    Args:
        store: The workspace.
        options: The method and its parameters; the fields may be given as keywords instead.
        progress: Told how far it is.

    Raises:
        InputError: an unknown method, or a model that cannot be loaded.
        MissingStep: the method needs an extraction.
    """
    how, named = resolve(options.method)
    params = build(how.Params, {**named, **(options.params or {})}, owner=f"embedding method {how.slug}")
    snapshot = Snapshot.newest(store)
    samples = snapshot.require("samples")
    inputs = {"samples": samples.id}
    parameters: dict[str, Any] = {"method": how.slug, "params": dataclasses.asdict(params)}
    if how.needs & {"lm_mean", "features"}:
        inputs["activations"] = snapshot.require("activations").id
    if "features" in how.needs:
        parameters["threshold"] = snapshot.threshold
    existing = store.find("embeddings", parameters, inputs)
    if existing is not None:
        return _result(existing, existed=True)
    with store.draft("embeddings", parameters=parameters, inputs=inputs, seed=SEED) as draft:
        given = _gather(snapshot, how, progress)
        vectors = how.embed(given, params, np.random.default_rng(SEED), progress)
        draft.write(to_table(vectors))
        draft.info = {"dimensions": vectors.shape[1], "without_direction": without_direction(vectors)}
        artifact = draft.commit()
    return _result(artifact, existed=False)


def find_or_make(store: Store, reference: str = "", *, progress: Progress = silent) -> tuple[Artifact, list[str]]:
    """Find the embedding meant by `reference`, else the newest of the newest samples, else make the default one.

    The second value lists the artifacts that were made for it, so that the caller can say so.
    """
    snapshot = Snapshot.newest(store)
    samples = snapshot.require("samples")
    if reference:
        chosen = store.resolve("embeddings", reference)
        if chosen.manifest.inputs.get("samples") != samples.id:
            refuse(f"embedding {reference!r} belongs to other samples than the newest ones", allowed="embed again")
        return chosen, []
    if snapshot.embeddings is not None:
        return snapshot.embeddings, []
    progress("embed", 0, None, f"no embedding yet: making {DEFAULT}")
    made = embed(store, method=DEFAULT, progress=progress)
    return store.resolve("embeddings", made.artifact), [made.artifact]


def read(store: Store, embedding: Artifact) -> np.ndarray:
    """Vectors of an embeddings artifact, float32 [N, d] by sample_id."""
    samples = store.resolve("samples", embedding.manifest.inputs["samples"])
    return load_vectors(embedding, samples.manifest.rows["samples"])


def _gather(snapshot: Snapshot, how: Embedding, progress: Progress) -> Inputs:
    progress("embed", 0, snapshot.rows, "reading")
    if "lm_mean" in how.needs:
        activations = snapshot.require("activations")
        return Inputs(lm_mean=load_vectors(activations, snapshot.rows, table="lm_mean", missing=0.0))
    if "features" in how.needs:
        return Inputs(features=feature_sets(snapshot))
    scan = snapshot.store.scan(snapshot.require("samples"))
    rows = snapshot.store.sql(f"SELECT prompt, response FROM {scan} ORDER BY sample_id").fetchall()
    return Inputs(texts=[Text(prompt or "", response or "") for prompt, response in rows])


def _result(artifact: Artifact, *, existed: bool) -> EmbedResult:
    manifest = artifact.manifest
    return EmbedResult(
        artifact=artifact.ref,
        method=manifest.parameters["method"],
        samples=manifest.rows["embeddings"],
        dimensions=manifest.info["dimensions"],
        without_direction=manifest.info["without_direction"],
        seconds=manifest.seconds,
        existed=existed,
    )
