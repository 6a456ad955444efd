"""Embed: one unit-norm vector per sample."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.maps.embeddings import Embedding, Inputs, Text, resolve
from explorer.maps.vectors import to_table, without_direction
from explorer.options.base import keywords
from explorer.options.verbs import EmbedOptions
from explorer.progress import Progress, silent
from explorer.queries.samples import texts
from explorer.queries.sets import feature_sets
from explorer.queries.vectors import load_vectors
from explorer.registry import build
from explorer.workspace import Artifact, Snapshot, Store

DEFAULT = "lm-mean"
SEED = 0  # of the randomised SVD; not a parameter, since it changes rounding only


@dataclass(frozen=True)
class EmbedResult:
    """A stored embedding; `without_direction` samples have nothing to embed and are rows of zeros."""

    artifact: str
    method: str
    samples: int
    dimensions: int
    without_direction: int
    seconds: float
    existed: bool


@keywords(EmbedOptions)
def embed(store: Store, options: EmbedOptions, *, progress: Progress = silent) -> EmbedResult:
    """Embed every sample and store the vectors, unless this embedding already exists.

    Args:
        store: The workspace.
        options: The method and its parameters; the fields may be given as keywords instead.
        progress: Called with the step and its progress.

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
        method_inputs = _gather(snapshot, how, progress)
        vectors = how.embed(method_inputs, params, np.random.default_rng(SEED), progress)
        draft.write(to_table(vectors))
        draft.info = {"dimensions": vectors.shape[1], "without_direction": without_direction(vectors)}
        artifact = draft.commit()
    return _result(artifact, existed=False)


def find_or_make(snapshot: Snapshot, reference: str = "", *, progress: Progress = silent) -> tuple[Artifact, list[str]]:
    """Return the embedding called `reference`, else the newest one, else make the default.

    The second value lists the artifacts that were made, for the caller to report.
    """
    if reference:
        return snapshot.resolve("embeddings", reference), []
    if snapshot.embeddings is not None:
        return snapshot.embeddings, []
    snapshot.require("samples")
    progress("embed", 0, None, f"no embedding yet: making {DEFAULT}")
    made = embed(snapshot.store, method=DEFAULT, progress=progress)
    return snapshot.store.resolve("embeddings", made.artifact), [made.artifact]


def _gather(snapshot: Snapshot, how: Embedding, progress: Progress) -> Inputs:
    progress("embed", 0, snapshot.rows, "reading")
    if "lm_mean" in how.needs:
        activations = snapshot.require("activations")
        return Inputs(lm_mean=load_vectors(activations, snapshot.rows, table="lm_mean", missing=0.0))
    if "features" in how.needs:
        return Inputs(features=feature_sets(snapshot))
    return Inputs(texts=[Text(prompt, response) for prompt, response in texts(snapshot)])


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
