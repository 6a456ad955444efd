"""The recipe beside an export: everything needed to make the selection again, and to notice when it cannot be.

A recipe is YAML: `source` (path and fingerprint of its content), `steps` (every artifact the selection was made from,
with its parameters, in the order to make them), `selection` (method, parameters, seed, budget, hash of the ranking),
`export` and `commands` (the same as command lines).
"""

from __future__ import annotations

import hashlib
import os
import shlex
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.errors import InputError, refuse
from explorer.options.base import Options, argv
from explorer.options.verbs import OPTIONS, ExportOptions, IngestOptions
from explorer.queries.rankings import read_ranking
from explorer.registry import describe
from explorer.sae.load import DEFAULT_SAE
from explorer.selection.spec import SelectionSpec
from explorer.workspace import KINDS, Artifact, Store

VERSION = 1
SUFFIX = ".recipe.yaml"
_SHOWN = ("model", "sae", "layer", "hook", "release", "sae_id", "d_sae", "default_threshold", "engine")


@dataclass(frozen=True)
class Recipe:
    """A recipe as read from its file."""

    path: Path
    source: dict[str, Any]
    steps: list[dict[str, Any]]
    selection: dict[str, Any]
    export: dict[str, Any] = field(default_factory=dict)


def recipe_path(out: Path) -> Path:
    """Where the recipe of an export lies: `<out>.recipe.yaml`."""
    return out.with_name(out.name + SUFFIX)


def ranking_hash(sample_ids: Iterable[int]) -> str:
    """Hash of a ranking: blake2b of the sample ids in pick order, as little-endian 64-bit integers."""
    digest = hashlib.blake2b(digest_size=16)
    for sample_id in sample_ids:
        digest.update(int(sample_id).to_bytes(8, "little", signed=True))
    return f"blake2b:{digest.hexdigest()}"


def hash_of(selection: Artifact) -> str:
    """`ranking_hash` of a stored selection."""
    return ranking_hash(read_ranking(selection).tolist())


def recipe_of(store: Store, selection: Artifact, *, export: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Describe how `selection` was made, as the plain values of the YAML file."""
    manifest = selection.manifest
    samples = store.resolve("samples", manifest.inputs["samples"])
    recorded = samples.manifest.parameters
    source = {
        "path": samples.manifest.info["source"],
        "split": recorded["split"],
        "limit": recorded["limit"],
        "format": samples.manifest.info["format"],
        "mapping": _common_mapping(samples),
        "files": recorded["files"],
        "samples": samples.manifest.rows["samples"],
        "dropped": samples.manifest.dropped,
        "id": samples.id,
    }
    recipe: dict[str, Any] = {
        "recipe": VERSION,
        "program": "sae-data-explorer",
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "source": source,
        "steps": _steps(store, selection),
        "selection": {
            **manifest.parameters,
            "name": manifest.name,
            "rows": manifest.rows["selections"],
            "ranking": hash_of(selection),
            "inputs": manifest.inputs,
            "id": selection.id,
        },
        "export": dict(export or {}),
    }
    recipe["commands"] = commands(recipe)
    return recipe


def write_recipe(recipe: Mapping[str, Any], path: Path) -> None:
    """Write a recipe as YAML through a temporary file."""
    import yaml

    text = yaml.safe_dump(dict(recipe), sort_keys=False, allow_unicode=True, width=10_000)
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_text(text, "utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error


def read_recipe(path: str | os.PathLike[str]) -> Recipe:
    """Read and check a recipe; an unreadable, incomplete or newer one raises an `InputError`."""
    import yaml

    file = Path(path)
    try:
        recipe = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(recipe, dict) or "recipe" not in recipe:
        refuse(f"{file} is not a recipe", allowed="a file that an export wrote beside its data (*.recipe.yaml)")
    if not isinstance(recipe["recipe"], int) or recipe["recipe"] > VERSION:
        refuse(f"{file} is a recipe of version {recipe['recipe']!r}", allowed=f"up to {VERSION} (update the program)")
    needed = {"source": ("path", "files", "split", "limit", "id"), "selection": ("method", "budget", "seed", "ranking")}
    for part, keys in needed.items():
        missing = [key for key in keys if not isinstance(recipe.get(part), dict) or key not in recipe[part]]
        if missing:
            refuse(f"{file}: the recipe lacks {part}.{missing[0]}")
    steps = recipe.get("steps") or []
    complete = isinstance(steps, list) and all(
        isinstance(step, dict) and {"kind", "id", "parameters"} <= set(step) for step in steps
    )
    if not complete:
        refuse(f"{file}: each step of a recipe needs kind, id and parameters")
    return Recipe(file, recipe["source"], steps, recipe["selection"], recipe.get("export") or {})


def commands(recipe: Mapping[str, Any]) -> list[str]:
    """Return the command lines that do the same in an empty workspace `WS`."""
    selection, export = recipe["selection"], recipe["export"]
    chosen = {key: selection[key] for key in ("id", "inputs", "name")} | {"kind": "selections", "parameters": selection}
    steps = [*recipe["steps"], chosen]
    lines = [argv(ingest_options(recipe["source"]), "WS")]
    for step in steps:
        if "refinements" in step["inputs"]:  # the verb refine makes this selection too
            continue
        results = [other for other in steps if other["inputs"].get("refinements") == step["id"]]
        name = next((other["name"] for other in results if other.get("name")), step.get("name", ""))
        named = ["--name", name] if name and step["kind"] in ("selections", "refinements") else []
        # The marks of that time are among the recorded rules; those of the workspace are not to be added.
        marks = ["--no-marks"] if step["kind"] == "selections" and step["parameters"].get("rules") else []
        lines.append([*argv(step_options(step), "WS"), *named, *marks])
    if export:
        options = ExportOptions(
            run=selection["name"] or selection["id"],
            out=export["out"],
            format=export["format"],
            extras=export["extras"],
            params=export.get("params"),
        )
        lines.append(argv(options, "WS"))
    return [f"python -m explorer {shlex.join(line)}" for line in lines]


def step_options(step: Mapping[str, Any]) -> Options:
    """Return the options of the verb that makes a step of a recipe again.

    A manifest names a model by the last part of its path; `sources` tells where it was.
    """
    parameters: dict[str, Any] = dict(step["parameters"])
    if step["kind"] == "selections":
        return SelectionSpec.from_manifest(parameters)
    for key in ("params", "scorer_params"):
        if key in parameters:  # an empty value is the default of every parameter that may be empty
            parameters[key] = {name: value for name, value in parameters[key].items() if value not in (None, "", [])}
    for name, place in step.get("sources", {}).items():
        (parameters["params"] if name in parameters.get("params", {}) else parameters)[name] = place
    if parameters.get("sae") == DEFAULT_SAE.name:  # recipes of the first version do not say where it was
        parameters["sae"] = "default"
    cls = OPTIONS[KINDS[step["kind"]].verb]
    return cls(**{spec.name: parameters[spec.name] for spec in describe(cls) if spec.name in parameters})


def ingest_options(source: Mapping[str, Any]) -> IngestOptions:
    """Return the options that import the source of a recipe again; files that differ in format are detected anew."""
    read = {(file["format"], tuple(file["mapping"].items())) for file in source["files"]}
    format, mapping = read.pop() if len(read) == 1 else ("auto", ())
    return IngestOptions(
        source=source["path"],
        format=format,
        mapping=tuple(f"{role}={column}" for role, column in mapping),
        split=source["split"],
        limit=source["limit"],
    )


def _step(artifact: Artifact, name: str) -> dict[str, Any]:
    manifest = artifact.manifest
    step: dict[str, Any] = {"kind": artifact.kind, "id": artifact.id, "parameters": manifest.parameters}
    if name:
        step["name"] = name
    info = {key: manifest.info[key] for key in _SHOWN if key in manifest.info}
    sources = {key.removesuffix("_source"): manifest.info[key] for key in manifest.info if key.endswith("_source")}
    step |= {"inputs": manifest.inputs, "info": info, "sources": sources}
    return {key: value for key, value in step.items() if value or key == "inputs"}


def _steps(store: Store, selection: Artifact) -> list[dict[str, Any]]:
    """Every artifact but the samples that the selection came from, in an order to make them.

    Another selection is named as the parameters that refer to it do.
    """
    steps: dict[str, dict[str, Any]] = {}

    def visit(artifact: Artifact) -> None:
        references = iter(_references(artifact))
        for key, parent_id in artifact.manifest.inputs.items():
            kind = key.rstrip("0123456789")  # several selections are numbered
            reference = next(references, "") if kind == "selections" else ""
            if kind != "samples" and f"{kind}/{parent_id}" not in steps:
                parent = store.resolve(kind, parent_id)
                visit(parent)
                is_id = parent.id.startswith(reference.removeprefix("selections/"))
                steps[parent.ref] = _step(parent, parent.manifest.name if is_id else reference)

    visit(selection)
    return list(steps.values())


def _references(selection: Artifact) -> tuple[str, ...]:
    """The stored selections that the parameters of a selection name, in the order of its inputs."""
    if selection.kind != "selections" or "refinements" in selection.manifest.inputs:
        return ()
    spec = SelectionSpec.from_manifest(selection.manifest.parameters)
    return spec.how.references(spec.options)


def _common_mapping(samples: Artifact) -> dict[str, str]:
    mappings = [file["mapping"] for file in samples.manifest.info["files"]]
    return mappings[0] if all(mapping == mappings[0] for mapping in mappings) else {}
