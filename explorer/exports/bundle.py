"""A folder a trainer can use at once: data, row numbers, LLaMA-Factory entry, dataset card and recipe."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.errors import refuse
from explorer.exports import atomic
from explorer.exports.formats import EXPORTS
from explorer.exports.picks import Picks
from explorer.exports.recipe import recipe_of, write_recipe
from explorer.exports.shapes import is_alpaca, is_messages, is_sharegpt
from explorer.ingest.values import Json
from explorer.progress import Progress, silent
from explorer.registry import build
from explorer.workspace import Artifact, Store

FORMATS = ("alpaca", "sharegpt", "messages")  # what LLaMA-Factory describes
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_ALPACA = {"instruction": "prompt", "input": "query", "output": "response", "system": "system", "history": "history"}


@dataclass(frozen=True)
class Bundle:
    """What was written: `files` are names inside `path`."""

    path: Path
    rows: int
    files: tuple[str, ...]


def bundle(
    store: Store,
    selection: Artifact,
    folder: Path,
    *,
    name: str = "",
    format: str = "alpaca",
    extras: Sequence[str] = (),
    overwrite: bool = False,
    progress: Progress = silent,
) -> Bundle:
    """Write `selection` to the new `folder` as data in `format`, `indices.json`, `dataset_info.json`, card and recipe.

    `name` is what a trainer calls the dataset: letters, digits, dot, dash and underscore (default: the folder's name).
    """
    if format not in FORMATS:
        refuse(f"a bundle has no format {format!r}", allowed=FORMATS)
    name = name or folder.name
    if not _NAME.fullmatch(name):
        refuse("a dataset's name may hold letters, digits, dot, dash and underscore", got=name)
    how = EXPORTS[format]
    picks = Picks.of(store, selection, extras=extras)
    data = f"{name}{how.suffix}"
    if data in ("indices.json", "dataset_info.json"):
        refuse("the dataset's name is that of another file of the bundle", got=name)
    with atomic.replacing(folder, overwrite=overwrite, ours=("dataset_info.json",)) as room:
        room.mkdir()
        rows = how.write(picks, room / data, build(how.Params, {}, owner=format), progress, ending=how.suffix)
        (room / "indices.json").write_text(json.dumps(picks.source_rows()) + "\n", "utf-8")
        info = {name: dataset_info(picks, data, format)}
        (room / "dataset_info.json").write_text(json.dumps(info, indent=2, ensure_ascii=False) + "\n", "utf-8")
        export = {"format": format, "out": data, "extras": list(extras), "params": {}, "rows": rows}
        recipe = recipe_of(store, selection, export=export)
        write_recipe(recipe, room / "recipe.yaml")
        (room / "README.md").write_text(card(recipe, selection, name=name, data=data), "utf-8")
    return Bundle(folder, rows, (data, "indices.json", "dataset_info.json", "README.md", "recipe.yaml"))


def dataset_info(picks: Picks, data: str, format: str) -> dict[str, Any]:
    """Return the entry of LLaMA-Factory's `dataset_info.json`: only columns that the data has."""
    if format == "alpaca":
        unchanged = all(is_alpaca(origin) for origin in picks.origins)
        system, history = picks.shape()
        made = ["instruction", "input", "output", *(["system"] * system), *(["history"] * history)]
        present = picks.columns if unchanged else made
        return {"file_name": data, "columns": {role: name for name, role in _ALPACA.items() if name in present}}
    if format == "sharegpt":
        entry: dict[str, Any] = {"file_name": data, "formatting": "sharegpt", "columns": {"messages": "conversations"}}
        system = all(is_sharegpt(origin) for origin in picks.origins) and "system" in picks.columns
    else:
        entry = {"file_name": data, "formatting": "sharegpt", "columns": {"messages": "messages"}}
        system = all(is_messages(origin) for origin in picks.origins) and "system" in picks.columns
    if system:
        entry["columns"]["system"] = "system"
    keys = ("from", "value", "human", "gpt") if format == "sharegpt" else ("role", "content", "user", "assistant")
    names = ("role_tag", "content_tag", "user_tag", "assistant_tag")
    return {**entry, "tags": {**dict(zip(names, keys, strict=True)), "system_tag": "system"}}


def card(recipe: Mapping[str, Any], selection: Artifact, *, name: str, data: str) -> str:
    """Return the dataset card: what this is, how it was chosen, how to use it and make it again."""
    import yaml

    chosen, source = recipe["selection"], recipe["source"]
    rows = chosen["rows"]
    head = {
        "pretty_name": name,
        "size_categories": [next((label for bound, label in _SIZES if rows < bound), "1M<n<10M")],
        "task_categories": ["text-generation"],
        "tags": ["instruction-tuning", "data-selection", "sparse-autoencoder"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": data}]}],
    }
    info = selection.manifest.info
    facts = [
        ("Rows", f"{rows:,} of {source['samples']:,}"),
        ("Source", Path(str(source["path"])).name),
        ("Method", chosen["method"]),
        ("Budget", chosen["budget"]),
        ("Threshold", chosen["threshold"]),
        ("Segment", chosen["segment"]),
        ("Seed", chosen["seed"]),
        ("Feature coverage", None if info.get("coverage") is None else f"{info['coverage']:.1%}"),
        ("Response tokens", None if info.get("tokens") is None else f"{info['tokens']:,}"),
        *((step["kind"].capitalize(), _described(step)) for step in recipe["steps"]),
        ("Ranking", chosen["ranking"]),
    ]
    table = "\n".join(f"| {label} | {_cell(value)} |" for label, value in facts if value not in (None, ""))
    nested = ": the first n of them are what a budget of n rows would have picked" if info.get("nested") else ""
    lines = "\n".join(recipe["commands"])
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return (
        f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n\n# {name}\n\n"
        "A subset of an instruction dataset, chosen by the features that a language model sees in it "
        f"(SAE Data Explorer). The rows are in the order in which they were picked{nested}.\n\n"
        f"| | |\n|---|---|\n{table}\n\n"
        f"## Files\n\n- `{data}`: the rows\n- `indices.json`: their zero-based row numbers in the source, in pick order"
        "\n- `dataset_info.json`: the entry for LLaMA-Factory (`dataset_dir` is this folder)\n- `recipe.yaml`: makes "
        f"the same selection again: `python -m explorer run recipe.yaml -w WS`\n\n## Commands\n\n{fence}sh\n{lines}\n"
        f"{fence}\n\n## Licence\n\nThat of the source: choosing rows does not change it.\n"
    )


def _described(step: Mapping[str, Any]) -> str:
    shown = {**step["parameters"], **step.get("info", {})}
    plain = {key: value for key, value in shown.items() if isinstance(value, (str, int, float)) and value != ""}
    return ", ".join(f"{key} {value}" for key, value in plain.items())


def _cell(value: Json) -> str:
    text = " ".join(str(value).split())
    return re.sub(r"([|<>`*_\[\]\\])", r"\\\1", text)
