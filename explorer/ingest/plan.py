"""What a source is and how each of its files will be read: everything that can be known before a row is ingested."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from explorer.errors import refuse
from explorer.ingest.datamodels import Detection
from explorer.ingest.detect import LOOKED_AT, detect
from explorer.ingest.hub import from_hub, is_saved, looks_like_id, saved
from explorer.ingest.origin import Origin, SourceFile
from explorer.ingest.readers import SUFFIXES, reader_of

_SPLIT = re.compile(r"(train|test|validation|valid|val|dev|eval)(?![a-z])", re.IGNORECASE)
_RECIPE = (".recipe.yaml", "dataset_info.json", "dataset_infos.json")


@dataclass(frozen=True)
class FilePlan:
    """One file and how it will be read."""

    origin: Origin
    detection: Detection


@dataclass(frozen=True)
class Plan:
    """What `ingest` will do. `left_out` maps the files of a folder that will not be read to the reason."""

    source: str
    files: tuple[FilePlan, ...]
    left_out: Mapping[str, str]

    @property
    def format(self) -> str:
        """The format, or where files differ all of them."""
        return "+".join(sorted({file.detection.format for file in self.files}))

    @property
    def lines(self) -> list[str]:
        """How each file will be read, one line each."""
        return [f"{file.origin.name}: {file.detection.line}" for file in self.files]


def plan(source: str, *, format: str = "auto", mapping: Mapping[str, str] | None = None, split: str = "train") -> Plan:
    """Look at `source`: a file, a folder, a saved dataset, or the id of one on the Hugging Face hub.

    Reads the first rows of each file and nothing more. Refused in one line: what is not there, what is empty, what
    cannot be read, and rows whose prompt and response cannot be told.
    """
    origins, left_out = _origins(source, split)
    files = []
    for origin in origins:
        with closing(origin.rows()) as rows:
            head = [row.value for row in islice(rows, LOOKED_AT)]
        if not head:
            left_out[origin.name] = "no rows"
            continue
        files.append(FilePlan(origin, detect(head, format=format, mapping=mapping, where=origin.where)))
    if not files:
        refuse(f"{source} holds no rows")
    return Plan(source, tuple(files), left_out)


def _origins(source: str, split: str) -> tuple[list[Origin], dict[str, str]]:
    if not source or "\x00" in source:
        refuse("the source must be named", got=source, allowed="a file, a folder or a Hugging Face dataset id")
    path = Path(source).expanduser()
    if path.is_dir():
        if is_saved(path):
            return [saved(path, split)], {}
        return _folder(path, split)
    if path.is_file():
        reader = reader_of(path)
        if reader is None:
            refuse(f"{path} is of no kind that can be read", got=path.suffix or path.name, allowed=SUFFIXES)
        return [SourceFile(path, reader, split, path.name)], {}
    if looks_like_id(source):
        return [from_hub(source, split)], {}
    refuse(f"{source} is not there", allowed="a file, a folder or a Hugging Face dataset id")


def _folder(folder: Path, split: str) -> tuple[list[Origin], dict[str, str]]:
    taken: list[Origin] = []
    left_out: dict[str, str] = {}
    splits: set[str] = set()
    for path in sorted(folder.rglob("*"), key=lambda one: one.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in Path(name).parts):
            continue
        reader = None if name.endswith(_RECIPE) else reader_of(path)
        if reader is None:
            left_out[name] = "not a data file"
            continue
        named = _SPLIT.match(path.name)
        if named and named[1].lower() != split.lower():
            splits.add(named[1].lower())
            left_out[name] = f"split {named[1].lower()}"
            continue
        taken.append(SourceFile(path, reader, split, name))
    if not taken and splits:
        refuse(f"{folder} has no split {split!r}", allowed=sorted(splits))
    if not taken:
        refuse(f"{folder} holds no data file", allowed=SUFFIXES)
    return taken, left_out
