"""Run a recipe: make a recorded selection again, step by step, or report in one line what differs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from explorer.errors import InputError, refuse
from explorer.exports.recipe import Recipe, hash_of, ingest_options, read_recipe, step_options
from explorer.ingest.plan import plan
from explorer.options.verbs import OPTIONS, ExtractOptions
from explorer.pipeline.ingest import ingest
from explorer.pipeline.select import select
from explorer.progress import Progress, silent
from explorer.selection.spec import SelectionSpec
from explorer.workspace import KINDS, Artifact, Snapshot, Store


@dataclass(frozen=True)
class RunResult:
    """The selection made again, with the same hash of its ranking. `made` are the artifacts that were missing."""

    artifact: str
    method: str
    rows: int
    ranking: str
    same: bool
    existed: bool
    made: list[str] = field(default_factory=list)


def run(
    store: Store,
    recipe: str | Path,
    *,
    source: str | None = None,
    model: str | None = None,
    sae: str | None = None,
    progress: Progress = silent,
) -> RunResult:
    """Make the selection that `recipe` (a file beside an export) records again in `store`, which may be empty.

    The source is looked for where the recipe says, then beside the recipe; `source`, `model` and `sae` tell where they
    are now. The SAE is compared before anything runs. Existing artifacts are not made again. An `InputError` tells what
    differs: the dataset, the SAE or any other parameter of a step, or (same inputs, yet another order) the ranking.
    """
    recorded = read_recipe(recipe)
    created: list[str] = []
    samples = _samples(store, recorded, source, created, progress)
    _must_be_newest(store, samples)
    for step in recorded.steps:
        _step(store, step, {"model": model, "sae": sae}, created, progress)
    selection = recorded.selection
    _must_have_newest(store, recorded)
    inputs = selection.get("inputs", {})
    if "refinements" in inputs:
        artifact, existed = _refined(store, inputs["refinements"]), not created
    else:
        spec = SelectionSpec.from_manifest(selection)
        result = select(store, spec, name=selection.get("name", ""), with_marks=False, progress=progress)
        artifact, existed = store.resolve("selections", result.artifact), result.existed
    for kind, used in artifact.manifest.inputs.items():
        if kind in inputs and inputs[kind] != used:
            refuse(f"the selection was made from {kind} {inputs[kind]}, here it would be from {used}")
    ranking = hash_of(artifact)
    if ranking != selection["ranking"]:
        refuse(
            f"the ranking differs from the recipe's although its inputs are the same ({artifact.ref}: "
            f"{ranking}, recipe: {selection['ranking']}); another version of the program or of a library made it"
        )
    if not existed:
        created.append(artifact.ref)
    return RunResult(
        artifact=artifact.ref,
        method=artifact.manifest.parameters["method"],
        rows=artifact.manifest.info["rows"],
        ranking=ranking,
        same=True,
        existed=existed,
        made=created,
    )


def _refined(store: Store, refinement: str) -> Artifact:
    """The selection that a refinement ended in."""
    runs = [run for run in store.artifacts("selections") if run.manifest.inputs.get("refinements") == refinement]
    if not runs:
        refuse(f"refinement {refinement} has no selection here", allowed="a new workspace (-w NEW)")
    return runs[-1]


def _samples(store: Store, recipe: Recipe, source: str | None, created: list[str], progress: Progress) -> Artifact:
    recorded = recipe.source
    place = _find(recipe, source)
    if place is None:
        existing = _existing(store, "samples", recorded["id"])
        if existing is not None:
            return existing
        place = str(recorded["path"])  # it may be an id of the Hub; ingest explains what is wrong with it
    _compare_source(place, recorded)
    result = ingest(store, replace(ingest_options(recorded), source=place), progress=progress)
    if not result.existed:
        created.append(result.artifact)
    artifact = store.resolve("samples", result.artifact)
    if artifact.id != recorded["id"]:
        refuse(f"the samples made from {place} are {artifact.id}, the recipe's are {recorded['id']}")
    return artifact


def _find(recipe: Recipe, source: str | None) -> str | None:
    if source is not None:
        return source
    recorded = Path(str(recipe.source["path"])).expanduser()
    for place in (recorded, recipe.path.parent / recorded, recipe.path.parent / recorded.name):
        if place.exists():
            return str(place)
    return None


def _compare_source(place: str, recorded: Mapping[str, Any]) -> None:
    """Raise an error that names the first file whose content is not the recorded one."""
    here = {file.origin.name: file.origin.identity() for file in plan(place, split=recorded["split"]).files}
    files = {file["name"]: file for file in recorded["files"]}
    if len(here) == len(files) == 1 and here.keys() != files.keys():
        refuse(f"the source file must be called {next(iter(files))!r} as in the recipe (its rows bear that name)")
    for name in files.keys() - here.keys():
        refuse(f"the dataset differs from the recipe's: {place} has no {name}")
    for name in sorted(here.keys() - files.keys()):
        refuse(f"the dataset differs from the recipe's: {place} has a new file {name}")
    for name, file in files.items():
        if here[name]["blake2b"] != file["blake2b"]:
            refuse(
                f"the dataset differs from the recipe's: {name} has {here[name]['bytes']:,} bytes with digest "
                f"{here[name]['blake2b']}, the recipe's has {file['bytes']:,} with {file['blake2b']}"
            )


def _step(
    store: Store, step: Mapping[str, Any], places: Mapping[str, str | None], created: list[str], progress: Progress
) -> None:
    kind = str(step["kind"])
    if _existing(store, kind, step["id"]) is not None:
        return
    if kind not in KINDS or KINDS[kind].verb not in (*OPTIONS, SelectionSpec.verb):
        refuse(f"the recipe has a step of kind {kind!r}", allowed="the kinds that a selection can be made from")
    options = step_options(step)
    if isinstance(options, SelectionSpec):
        result: Any = select(store, options, name=step.get("name", ""), with_marks=False, progress=progress)
    else:
        named = {name: place for name, place in places.items() if place is not None and hasattr(options, name)}
        options = replace(options, **named)  # type: ignore[type-var]
        if isinstance(options, ExtractOptions):
            _compare_sae(options, step["parameters"].get("sae_fingerprint"))
        verb = getattr(importlib.import_module(f"explorer.pipeline.{options.verb}"), options.verb)
        result = verb(store, options, progress=progress)
    created.append(result.artifact)
    artifact = store.resolve(kind, result.artifact)
    if artifact.id != step["id"]:
        raise InputError(_difference(kind, artifact, step))


def _compare_sae(options: ExtractOptions, recorded: str | None) -> None:
    """Raise an error for another SAE than the recorded one, before hours of extraction show it."""
    from explorer.sae.load import load_sae

    if recorded is None:
        return
    here = load_sae(options.sae).fingerprint
    if here != recorded:
        refuse(f"the SAE {options.sae} differs from the recipe's: its fingerprint is {here}, not {recorded}")


def _difference(kind: str, artifact: Artifact, step: Mapping[str, Any]) -> str:
    recorded, here = dict(step["parameters"]), dict(artifact.manifest.parameters)
    for key in sorted(recorded.keys() | here.keys()):
        if recorded.get(key) != here.get(key):
            return f"{kind} differ from the recipe's: {key} is {here.get(key)!r}, the recipe's is {recorded.get(key)!r}"
    return (
        f"{kind} differ from the recipe's: made from {artifact.manifest.inputs}, the recipe's from {step.get('inputs')}"
    )


def _must_have_newest(store: Store, recipe: Recipe) -> None:
    """Raise an error if the newest artifact of a kind, which a step would use, is not the recipe's."""
    for step in recipe.steps:
        kind = str(step["kind"])
        newest = store.newest(kind, inputs=step.get("inputs"))
        if kind != "selections" and newest is not None and newest.id != step["id"]:
            refuse(
                f"the newest {kind} here are {newest.id}, the recipe's are {step['id']}",
                allowed="a new workspace (-w NEW), where only the recipe's steps are made",
            )


def _must_be_newest(store: Store, samples: Artifact) -> None:
    newest = Snapshot.newest(store).require("samples")
    if newest.id != samples.id:
        refuse(
            f"the newest samples here are {newest.id}, the recipe's are {samples.id}",
            allowed="a new workspace (-w NEW), where only the recipe's steps are made",
        )


def _existing(store: Store, kind: str, artifact_id: str) -> Artifact | None:
    return next((artifact for artifact in store.artifacts(kind) if artifact.id == artifact_id), None)
