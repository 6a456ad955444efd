"""The recipe beside an export: everything needed to make the selection again, and to notice when it cannot be.

A recipe is YAML: `source` (path and fingerprint of its content), `steps` (every artifact the selection was made from,
with its parameters, in the order to make them), `selection` (method, parameters, seed, budget, hash of the ranking),
`export` and `commands` (the same as command lines).
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.errors import InputError, refuse
from explorer.ingest.values import Json
from explorer.workspace import Artifact, Store

VERSION = 1
SUFFIX = ".recipe.yaml"
ORDER = ("activations", "embeddings", "clusters", "quality", "refinements", "selections")
_SHOWN = ("model", "sae", "layer", "hook", "release", "sae_id", "d_sae", "default_threshold", "engine")
_VERBS = {"activations": "extract", "embeddings": "embed", "clusters": "cluster", "quality": "score"}
_VERBS |= {"refinements": "refine"}
_OPTIONS = {
    "activations": ("model", "sae", "layer", "max_tokens", "dtype"),
    "embeddings": ("method",),
    "clusters": ("k", "seed"),
    "quality": ("scorer",),
    "refinements": ("budget", "iterations", "scorer", "factor", "model", "dtype", "max_new_tokens", "seed"),
}


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
    for one in sample_ids:
        digest.update(int(one).to_bytes(8, "little", signed=True))
    return f"blake2b:{digest.hexdigest()}"


def hash_of(store: Store, selection: Artifact) -> str:
    """`ranking_hash` of a stored selection."""
    found = store.sql(f"SELECT sample_id FROM {store.scan(selection)} ORDER BY rank").fetchall()
    return ranking_hash(sample_id for (sample_id,) in found)


def recipe_of(store: Store, selection: Artifact, *, export: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write down how `selection` was made, as the plain values of the YAML file."""
    made = selection.manifest
    samples = store.resolve("samples", made.inputs["samples"])
    asked = samples.manifest.parameters
    source = {
        "path": samples.manifest.info["source"],
        "split": asked["split"],
        "limit": asked["limit"],
        "format": samples.manifest.info["format"],
        "mapping": _common_mapping(samples),
        "files": asked["files"],
        "samples": samples.manifest.rows["samples"],
        "dropped": samples.manifest.dropped,
        "id": samples.id,
    }
    parents = _parents(store, selection)
    recipe: dict[str, Any] = {
        "recipe": VERSION,
        "program": "sae-data-explorer",
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "source": source,
        "steps": [_step(artifact) for artifact in parents],
        "selection": {
            **{key: made.parameters[key] for key in ("method", "budget", "threshold", "segment", "seed")},
            "params": made.parameters.get("params", {}),
            **({"rules": made.parameters["rules"]} if "rules" in made.parameters else {}),
            "name": made.name,
            "rows": made.rows["selections"],
            "ranking": hash_of(store, selection),
            "inputs": made.inputs,
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
    """Read and check a recipe; what is missing or of a newer version is refused in one line."""
    import yaml

    file = Path(path)
    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or "recipe" not in found:
        refuse(f"{file} is not a recipe", allowed="a file that an export wrote beside its data (*.recipe.yaml)")
    if not isinstance(found["recipe"], int) or found["recipe"] > VERSION:
        refuse(f"{file} is a recipe of version {found['recipe']!r}", allowed=f"up to {VERSION} (update the program)")
    wanted = {"source": ("path", "files", "split", "limit", "id"), "selection": ("method", "budget", "seed", "ranking")}
    for part, keys in wanted.items():
        missing = [key for key in keys if not isinstance(found.get(part), dict) or key not in found[part]]
        if missing:
            refuse(f"{file}: the recipe lacks {part}.{missing[0]}")
    steps = found.get("steps") or []
    whole = isinstance(steps, list) and all(
        isinstance(s, dict) and {"kind", "id", "parameters"} <= set(s) for s in steps
    )
    if not whole:
        refuse(f"{file}: each step of a recipe needs kind, id and parameters")
    return Recipe(file, found["source"], steps, found["selection"], found.get("export") or {})


def commands(recipe: Mapping[str, Any]) -> list[str]:
    """Return the command lines that do the same in an empty workspace `WS`."""
    source, chosen, export = recipe["source"], recipe["selection"], recipe["export"]
    ingest = ["ingest", source["path"], "-w", "WS"]
    if "+" not in source["format"]:
        ingest += ["--format", source["format"]]
        if source["mapping"]:
            ingest += ["--map", ",".join(f"{role}={column}" for role, column in source["mapping"].items())]
    ingest += ["--split", source["split"]] if source["split"] != "train" else []
    ingest += ["--limit", source["limit"]] if source["limit"] is not None else []
    lines = [ingest]
    for step in recipe["steps"]:
        kind, parameters = step["kind"], step["parameters"]
        if kind == "selections":
            lines.append(_select_line(parameters, step.get("name", "")))
        else:
            options = [(name, _default_sae(name, parameters.get(name))) for name in _OPTIONS[kind]]
            flags = [str(part) for name, value in options if _given(value) for part in (_flag(name), value)]
            if kind == "refinements":
                flags += [part for key, value in parameters["params"].items() for part in ("--param", f"{key}={value}")]
                flags += ["--name", chosen["name"]] if chosen["name"] else []
            lines.append([_VERBS[kind], "-w", "WS", *flags])
    if "refinements" not in chosen["inputs"]:  # else refine has made it
        lines.append(_select_line(chosen, chosen["name"]))
    if export:
        run = chosen["name"] or chosen["id"]
        line = ["export", "-w", "WS", run, "--format", export["format"], "--out", export["out"]]
        lines.append([*line, *(part for extra in export["extras"] for part in ("--extra", extra))])
    return ["python -m explorer " + " ".join(shlex.quote(str(part)) for part in line) for line in lines]


def _select_line(chosen: Mapping[str, Any], name: str) -> list[Any]:
    line = ["select", chosen["method"], "-w", "WS", "--budget", chosen["budget"]]
    line += ["--threshold", chosen["threshold"]] if chosen["threshold"] is not None else []
    line += ["--segment", chosen["segment"], "--seed", chosen["seed"]]
    line += ["--name", name] if name else []
    for key, value in chosen["params"].items():
        if _given(value):
            text = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else value
            line += ["--param", f"{key}={text}"]
    return [*line, *_rule_options(chosen.get("rules", {}))]


def _rule_options(rules: Mapping[str, Any]) -> list[Any]:
    """Options for recorded rules; the marks of the workspace stay out, those of that time are among the rules."""
    line: list[Any] = []
    for name, value in rules.items():
        if name.startswith("min_per_"):
            line += ["--min-per", f"{name.removeprefix('min_per_')}={value}"]
        else:
            line += [_flag(name), f"ids:{value}" if name == "within" else value]
    return [*line, "--no-marks"] if rules else line


def _default_sae(name: str, value: Json) -> Json:
    from explorer.sae.load import DEFAULT_SAE

    return "default" if name == "sae" and value == DEFAULT_SAE.name else value


def _given(value: Json) -> bool:
    return value is not None and value != "" and value != [] and not isinstance(value, dict)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _step(artifact: Artifact) -> dict[str, Any]:
    manifest = artifact.manifest
    step: dict[str, Any] = {"kind": artifact.kind, "id": artifact.id, "parameters": manifest.parameters}
    if manifest.name:
        step["name"] = manifest.name
    shown = {key: manifest.info[key] for key in _SHOWN if key in manifest.info}
    return {**step, "inputs": manifest.inputs, **({"info": shown} if shown else {})}


def _parents(store: Store, selection: Artifact) -> list[Artifact]:
    """Every artifact but the samples that the selection came from, in the order to make them."""
    found: dict[str, Artifact] = {}

    def visit(artifact: Artifact) -> None:
        for key, one in artifact.manifest.inputs.items():
            kind = re.sub(r"\d+$", "", key)  # several selections are numbered
            if kind != "samples" and f"{kind}/{one}" not in found:
                parent = store.resolve(kind, one)
                visit(parent)
                found[parent.ref] = parent

    visit(selection)
    return sorted(found.values(), key=lambda artifact: ORDER.index(artifact.kind))


def _common_mapping(samples: Artifact) -> dict[str, str]:
    mappings = [file["mapping"] for file in samples.manifest.info["files"]]
    return mappings[0] if all(one == mappings[0] for one in mappings) else {}
