"""Project: a point in the plane for every sample."""

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
from explorer.queries.sets import load_sets
from explorer.queries.vectors import load_vectors
from explorer.records import PROJECTION
from explorer.registry import build
from explorer.workspace import Artifact, Snapshot, Store, default_threshold

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


@keywords(ProjectOptions)
def project(store: Store, options: ProjectOptions, *, progress: Progress = silent) -> ProjectResult:
    """Place the samples on a two-dimensional map; an existing map is returned as it is.

    Args:
        store: The workspace.
        options: The method and its parameters; the fields may be given as keywords instead. With `onto`, method, seed
            and parameters are those of that map.
        progress: Told how far it is.

    Raises:
        InputError: an unknown method or option, or a map that these samples cannot be placed on.
        MissingStep: there is no extraction to start from.
    """
    snapshot = Snapshot.newest(store)
    samples = snapshot.require("samples")
    count = samples.manifest.rows["samples"]
    known_map = store.resolve("projections", options.onto) if options.onto else None
    if known_map is not None:
        recorded = {name: known_map.manifest.parameters[name] for name in ("method", "seed", "params")}
        options = dataclasses.replace(options, **recorded)
    how, seed = PROJECTIONS[options.method], options.seed
    params = build(how.Params, options.params or {}, owner=f"projection {how.slug}")
    parameters: dict[str, Any] = {"method": how.slug, "seed": seed, "params": dataclasses.asdict(params)}
    made: list[str] = []
    if "features" in how.needs:
        used = snapshot.require("activations")
        parameters["threshold"] = default_threshold(used)
    else:
        used, made = find_or_make(store, options.embedding, progress=progress)
    if known_map is not None:
        _check_same_space(store, known_map, used)
        parameters |= {"onto": known_map.id, "threshold": known_map.manifest.parameters.get("threshold")}
    inputs = {"samples": samples.id, used.kind: used.id}
    existing = store.find("projections", parameters, inputs)
    if existing is not None:
        return _result(existing, existed=True, made=made)
    progress("project", 0, count, "reading")
    with store.draft("projections", parameters=parameters, inputs=inputs, seed=seed) as draft:
        given = _given(store, used, parameters.get("threshold"))
        if known_map is None:
            places = how.project(given, params, seed, progress)
        else:
            before = _source(store, known_map)
            drawn = Drawn(_given(store, before, parameters["threshold"]), _coordinates(store, known_map))
            places = how.place(drawn, given, params, seed, progress)
        rows = {"sample_id": np.arange(count), "x": places[:, 0], "y": places[:, 1]}
        draft.write(pa.table(rows, schema=PROJECTION))
        draft.info = {"fitted": min(count, getattr(params, "fit_rows", count)), "source": used.ref}
        if known_map is not None:
            draft.info |= {"fitted": 0, "onto": known_map.ref}
        artifact = draft.commit()
    return _result(artifact, existed=False, made=made)


def _given(store: Store, used: Artifact, threshold: float | None) -> Inputs:
    """Read the feature sets of an extraction, or the vectors of an embedding, whichever `used` is."""
    rows = store.resolve("samples", used.manifest.inputs["samples"]).manifest.rows["samples"]
    if used.kind == "activations":
        assert threshold is not None
        return Inputs(features=load_sets(store, used, segment="response", threshold=threshold, samples=rows))
    return Inputs(vectors=load_vectors(used, rows))


def _source(store: Store, drawn: Artifact) -> Artifact:
    """Return what a map was drawn from."""
    kind = "embeddings" if "embeddings" in drawn.manifest.inputs else "activations"
    return store.resolve(kind, drawn.manifest.inputs[kind])


def _coordinates(store: Store, drawn: Artifact) -> np.ndarray:
    table = store.sql(f"SELECT x, y FROM {store.scan(drawn)} ORDER BY sample_id").to_arrow_table()
    return np.column_stack([table["x"].to_numpy(), table["y"].to_numpy()])


def _check_same_space(store: Store, drawn: Artifact, used: Artifact) -> None:
    """Refuse to place samples on a map whose axes mean something else than theirs."""
    before = _source(store, drawn)
    if "onto" in drawn.manifest.parameters:
        refuse(f"{drawn.ref} was itself placed on another map", allowed="the map that was fitted")
    names = ("model", "sae", "layer") if used.kind == "activations" else ("method", "params")
    one, other = ({name: a.manifest.parameters.get(name) for name in names} for a in (before, used))
    if one != other:
        refuse(f"these samples cannot be placed on {drawn.ref}: it was made with {one}", got=other)
    if used.kind == "embeddings" and one["method"] != "sentence":
        why = "its axes depend on the rows that were embedded together"
        refuse(
            f"samples cannot be placed on a map of {one['method']}: {why}",
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
