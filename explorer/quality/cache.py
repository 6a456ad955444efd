"""Scores kept by content hash, so that a text is scored once for a scorer and its parameters.

One folder a scorer and parameter set, one small Parquet file a batch, each written whole or not at all: a crash loses
the batch it was in, and several processes may score side by side. Failed scores are not kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from explorer.errors import ExplorerError
from explorer.quality.base import Score

_SCHEMA = pa.schema([("content_hash", pa.string()), ("score", pa.float64()), ("parts", pa.string())])


class Cache:
    """Scores of one scorer with one set of parameters, under `root`/.cache/quality."""

    def __init__(self, root: Path, slug: str, version: int, identity: Mapping[str, Any]) -> None:
        canonical = json.dumps([version, dict(identity)], sort_keys=True, separators=(",", ":"))
        digest = hashlib.blake2b(canonical.encode(), digest_size=6).hexdigest()
        self.folder = root / ".cache" / "quality" / f"{slug}-{digest}"

    def load(self) -> dict[str, Score]:
        """Every score that is kept, by content hash."""
        found: dict[str, Score] = {}
        for file in sorted(self.folder.glob("*.parquet")):
            try:
                rows = pq.read_table(file, schema=_SCHEMA).to_pylist()
            except (pa.ArrowInvalid, OSError) as error:
                raise ExplorerError(f"the score cache {file} cannot be read ({error}); delete that file") from error
            for row in rows:
                found[row["content_hash"]] = Score(row["score"], json.loads(row["parts"]))
        return found

    def keep(self, hashes: Sequence[str], scores: Sequence[Score]) -> None:
        """Add the scores that did not fail."""
        rows = [
            {"content_hash": key, "score": score.value, "parts": json.dumps(score.parts)}
            for key, score in zip(hashes, scores, strict=True)
            if score.value is not None
        ]
        if not rows:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / f"{uuid.uuid4().hex}.parquet"
        temporary = target.with_suffix(".tmp")
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), temporary)
        os.replace(temporary, target)
