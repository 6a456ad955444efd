"""Explanations of SAE features on Neuronpedia: from its export files, or downloaded from its public export bucket.

Exports are JSON arrays or JSON lines (also gzipped), one explanation each, with the feature's number as `index` and the
text as `description` (https://docs.neuronpedia.org/api-and-data/exports). Of several explanations of a feature, the
one with the highest score is used, or else the last.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.errors import InputError, refuse

SITE = "https://www.neuronpedia.org"
EXPORTS = "https://neuronpedia-datasets.s3.us-east-1.amazonaws.com/v1"
MIRROR_VARIABLE = "NEURONPEDIA_EXPORTS"  # another address of the same folders
MAX_LABEL = 200  # characters
_ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
_BATCHES = 4096


@dataclass(frozen=True)
class Explanation:
    """One explanation of feature `index`; `score` is its best score on Neuronpedia, `by` the model that wrote it."""

    index: int
    text: str
    score: float | None = None
    by: str = ""


def page_url(neuronpedia_id: str, feature_id: int) -> str:
    """Address of a feature's page on Neuronpedia, from the SAE's id there (`model/layer-source`)."""
    return f"{SITE}/{neuronpedia_id}/{feature_id}"


def load(source: str, *, neuronpedia_id: str | None, width: int) -> dict[int, Explanation]:
    """Read the explanations at `source` by feature.

    Args:
        source: A file, a folder of files, `api` (the SAE's own id), or an id `MODEL/SOURCE`.
        neuronpedia_id: The SAE's id on Neuronpedia; explanations of another SAE are refused.
        width: Number of features of the SAE; a number beyond it is refused.

    Raises:
        InputError: there are no explanations, they cannot be read, or they belong to another SAE.
    """
    path = Path(source)
    if path.exists():
        rows: Iterable[tuple[str, dict[str, Any]]] = _from_files(path)
    elif source == "api" or (source.count("/") == 1 and not source.startswith((".", "/", "~"))):
        if source == "api" and not neuronpedia_id:
            refuse("this SAE has no id on Neuronpedia", allowed="an export file or folder, or an id MODEL/SOURCE")
        rows = _from_exports(neuronpedia_id or "" if source == "api" else source)
    else:
        refuse(
            f"--neuronpedia {source!r}: there is no such file or folder", allowed="FILE, FOLDER, api or MODEL/SOURCE"
        )
    explanations: dict[int, Explanation] = {}
    for where, row in rows:
        _check_owner(row, neuronpedia_id, where)
        explanation = _explanation(row, where, width)
        if explanation is not None and _better(explanation, explanations.get(explanation.index)):
            explanations[explanation.index] = explanation
    if not explanations:
        refuse(f"--neuronpedia {source!r} holds no explanation", allowed="rows with index and description")
    return explanations


def _from_files(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.name.endswith(_ENDINGS))
    if not files:
        refuse(f"{path} holds no export", allowed=f"files ending in {', '.join(_ENDINGS)}")
    for file in files:
        try:
            content = file.read_bytes()
            text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8")
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise InputError(f"{file} cannot be read: {error}") from error
        yield from _rows(text, str(file))


def _from_exports(neuronpedia_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Download `explanations/batch-0.jsonl.gz`, `batch-1` … until one is missing."""
    import httpx

    root = f"{os.environ.get(MIRROR_VARIABLE, EXPORTS).rstrip('/')}/{neuronpedia_id}/explanations"
    with httpx.Client(timeout=60.0, follow_redirects=True) as client:
        for number in range(_BATCHES):
            url = f"{root}/batch-{number}.jsonl.gz"
            try:
                answer = client.get(url)
            except httpx.HTTPError as error:
                reason = str(error) or type(error).__name__
                refuse(f"{url} cannot be reached ({reason})", allowed="a network, or --neuronpedia with an export file")
            if answer.status_code in (403, 404):  # the bucket answers 403 for a missing file
                if number == 0:
                    refuse(f"Neuronpedia has no export of explanations for {neuronpedia_id!r} ({url})")
                return
            if answer.status_code != 200:
                raise InputError(f"{url} answers with status {answer.status_code}; try again later")
            content = answer.content
            yield from _rows((gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode(), url)


def _rows(text: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        if text.lstrip()[:1] == "[":
            values = [(where, value) for value in json.loads(text)]
        else:
            lines = enumerate(text.splitlines(), 1)
            values = [(f"{where}, line {number}", json.loads(line)) for number, line in lines if line.strip()]
    except ValueError as error:
        raise InputError(f"{where} is neither a JSON array nor JSON lines: {error}") from error
    for place, value in values:
        if not isinstance(value, dict):
            refuse(f"{place}: an explanation is an object with index and description", got=type(value).__name__)
        yield place, value


def _explanation(row: dict[str, Any], where: str, width: int) -> Explanation | None:
    """Read one row; None where its text is empty."""
    index, text = row.get("index"), " ".join(str(row.get("description") or "").split())
    if isinstance(index, bool) or not str(index).isascii() or not str(index).isdigit():
        refuse(f"{where}: index must be a feature's number", got=index)
    if int(str(index)) >= width:
        refuse(f"{where}: the SAE has no such feature", got=int(str(index)), allowed=f"0 to {width - 1}")
    if not text:
        return None
    scores = [s.get("value") for s in row.get("scores") or () if isinstance(s, dict)]
    numbers = [float(s) for s in scores if isinstance(s, (int, float)) and not isinstance(s, bool)]
    by = str(row.get("explanationModelName") or "")
    return Explanation(int(str(index)), text[:MAX_LABEL], max(numbers, default=None), by)


def _better(new: Explanation, known: Explanation | None) -> bool:
    return known is None or (new.score or 0.0) >= (known.score or 0.0)


def _check_owner(row: dict[str, Any], neuronpedia_id: str | None, where: str) -> None:
    if neuronpedia_id and row.get("modelId") and row.get("layer"):
        owner = f"{row['modelId']}/{row['layer']}"
        if owner != neuronpedia_id:
            refuse(f"{where}: these explanations belong to another SAE", got=owner, allowed=neuronpedia_id)
