"""Project: a point in the plane for every sample."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from explorer.features.sets import load_sets
from explorer.maps.projections import PROJECTIONS, Inputs
from explorer.pipeline.embed import find_or_make, read
from explorer.progress import Progress, silent
from explorer.records import PROJECTION
from explorer.registry import build
from explorer.workspace import Artifact, Store

DEFAULT = "umap"


@dataclass(frozen=True)
class ProjectResult:
    """A stored map; `source` is what it was drawn from, `made` what was made on the way."""

    artifact: str
    method: str
    samples: int
    source: str
    seconds: float
    existed: bool
    made: list[str] = field(default_factory=list)


def project(
    store: Store,
    *,
    method: str = DEFAULT,
    seed: int = 0,
    embedding: str = "",
    params: Mapping[str, Any] | None = None,
    progress: Progress = silent,
) -> ProjectResult:
    """Draw the samples in the plane; a map that is there already is returned as it is.

    Args:
        store: The workspace.
        method: A slug of `explorer.maps.projections.PROJECTIONS`.
        seed: Of the layout: the same seed gives the same map.
        embedding: Id of an embeddings artifact; empty means the newest, or `lm-mean` made now.
        params: Options of the method, as values or as text.
        progress: Told how far it is.

    Raises:
        InputError: an unknown method or option.
        MissingStep: there is no extraction to start from.
    """
    how = PROJECTIONS[method]
    options = build(how.Params, params or {}, owner=f"projection {how.slug}")
    samples = store.require("samples")
    count = samples.manifest.rows["samples"]
    parameters: dict[str, Any] = {"method": how.slug, "seed": seed, "params": dataclasses.asdict(options)}
    made: list[str] = []
    if "features" in how.needs:
        used = store.require("activations", inputs={"samples": samples.id})
        parameters["threshold"] = float(used.manifest.info["default_threshold"])
    else:
        used, made = find_or_make(store, embedding, progress=progress)
    inputs = {"samples": samples.id, used.kind: used.id}
    known = store.find("projections", parameters, inputs)
    if known is not None:
        return _result(known, existed=True, made=made)
    progress("project", 0, count, "reading")
    with store.draft("projections", parameters=parameters, inputs=inputs, seed=seed) as draft:
        if "features" in how.needs:
            threshold = parameters["threshold"]
            given = Inputs(features=load_sets(store, used, segment="response", threshold=threshold, samples=count))
        else:
            given = Inputs(vectors=read(store, used))
        places = how.project(given, options, seed, progress)
        rows = {"sample_id": np.arange(count), "x": places[:, 0], "y": places[:, 1]}
        draft.write(pa.table(rows, schema=PROJECTION))
        draft.info = {"fitted": min(count, getattr(options, "fit_rows", count)), "source": used.ref}
        artifact = draft.commit()
    return _result(artifact, existed=False, made=made)


def _result(artifact: Artifact, *, existed: bool, made: list[str]) -> ProjectResult:
    manifest = artifact.manifest
    return ProjectResult(
        artifact=artifact.ref,
        method=manifest.parameters["method"],
        samples=manifest.rows["projections"],
        source=manifest.info["source"],
        seconds=manifest.seconds,
        existed=existed,
        made=made,
    )
