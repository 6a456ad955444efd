"""Project: a map, one point in the plane per sample."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from explorer.errors import refuse
from explorer.maps.projections import PROJECTIONS, Drawn, Inputs
from explorer.options.base import keywords
from explorer.options.verbs import ProjectOptions
from explorer.pipeline.embed import find_or_make
from explorer.progress import Progress, silent
from explorer.queries.columns import read_column
from explorer.queries.sets import load_sets
from explorer.queries.vectors import load_vectors
from explorer.records import PROJECTION
from explorer.registry import build
from explorer.workspace import Artifact, Snapshot, Store

DEFAULT = "umap"


@dataclass(frozen=True)
class ProjectResult:
    """A stored map; `source` is the artifact it was made from, `made` lists the artifacts made for it."""

    artifact: str
    method: str
    samples: int
    source: str
    seconds: float
    existed: bool
    made: list[str] = field(default_factory=list)


@keywords(ProjectOptions)
def project(store: Store, options: ProjectOptions, *, progress: Progress = silent) -> ProjectResult:
    """Project the samples to the plane, unless this map already exists.

    Args:
        store: The workspace.
        options: The method and its parameters; the fields may be given as keywords instead. With `onto`, method, seed
            and parameters are those of that map.
        progress: Called with the step and its progress.

    Raises:
        InputError: an unknown method or option, or a map that these samples cannot be placed on.
        MissingStep: there is no extraction.
    """
    snapshot = Snapshot.newest(store)
    samples, count = snapshot.require("samples"), snapshot.rows
    base_map = store.resolve("projections", options.onto) if options.onto else None
    if base_map is not None:
        recorded = {name: base_map.manifest.parameters[name] for name in ("method", "seed", "params")}
        options = dataclasses.replace(options, **recorded)
    how, seed = PROJECTIONS[options.method], options.seed
    params = build(how.Params, options.params or {}, owner=f"projection {how.slug}")
    parameters: dict[str, Any] = {"method": how.slug, "seed": seed, "params": dataclasses.asdict(params)}
    made: list[str] = []
    if "features" in how.needs:
        used = snapshot.require("activations")
        parameters["threshold"] = snapshot.threshold
    else:
        used, made = find_or_make(snapshot, options.embedding, progress=progress)
    if base_map is not None:
        _check_same_space(store, base_map, used)
        parameters |= {"onto": base_map.id, "threshold": base_map.manifest.parameters.get("threshold")}
    inputs = {"samples": samples.id, used.kind: used.id}
    existing = store.find("projections", parameters, inputs)
    if existing is not None:
        return _result(existing, existed=True, made=made)
    progress("project", 0, count, "reading")
    with store.draft("projections", parameters=parameters, inputs=inputs, seed=seed) as draft:
        plane_inputs = _read_inputs(store, used, parameters.get("threshold"))
        if base_map is None:
            places = how.project(plane_inputs, params, seed, progress)
        else:
            before = _source(store, base_map)
            drawn = Drawn(_read_inputs(store, before, parameters["threshold"]), _coordinates(base_map))
            places = how.place(drawn, plane_inputs, params, seed, progress)
        rows = {"sample_id": np.arange(count), "x": places[:, 0], "y": places[:, 1]}
        draft.write(pa.table(rows, schema=PROJECTION))
        draft.info = {"fitted": min(count, getattr(params, "fit_rows", count)), "source": used.ref}
        if base_map is not None:
            draft.info |= {"fitted": 0, "onto": base_map.ref}
        artifact = draft.commit()
    return _result(artifact, existed=False, made=made)


def _read_inputs(store: Store, used: Artifact, threshold: float | None) -> Inputs:
    """Read the feature sets of an extraction or the vectors of an embedding, whichever `used` is."""
    rows = store.resolve("samples", used.manifest.inputs["samples"]).manifest.rows["samples"]
    if used.kind == "activations":
        assert threshold is not None
        return Inputs(features=load_sets(store, used, segment="response", threshold=threshold, samples=rows))
    return Inputs(vectors=load_vectors(used, rows))


def _source(store: Store, drawn: Artifact) -> Artifact:
    """The artifact that a map was made from."""
    kind = "embeddings" if "embeddings" in drawn.manifest.inputs else "activations"
    return store.resolve(kind, drawn.manifest.inputs[kind])


def _coordinates(drawn: Artifact) -> np.ndarray:
    rows = drawn.manifest.rows["projections"]
    return np.column_stack([read_column(drawn, axis, rows) for axis in ("x", "y")])


def _check_same_space(store: Store, drawn: Artifact, used: Artifact) -> None:
    """Refuse to place samples on a map of another model, SAE or embedding."""
    before = _source(store, drawn)
    if "onto" in drawn.manifest.parameters:
        refuse(f"{drawn.ref} was itself placed on another map", allowed="the map that it was placed on")
    names = ("model", "sae", "layer") if used.kind == "activations" else ("method", "params")
    fitted, own = ({name: a.manifest.parameters.get(name) for name in names} for a in (before, used))
    if fitted != own:
        refuse(f"these samples cannot be placed on {drawn.ref}: it was made with {fitted}", got=own)
    if used.kind == "embeddings" and fitted["method"] != "sentence":
        reason = "its axes depend on the rows that were embedded together"
        refuse(
            f"samples cannot be placed on a map of {fitted['method']}: {reason}",
            allowed="a map of umap-features, or of a sentence model",
        )


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
