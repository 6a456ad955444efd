"""A workspace made of real ingested rows, and rows selected by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from explorer.pipeline.cluster import cluster
from explorer.pipeline.ingest import ingest
from explorer.pipeline.score import score
from explorer.pipeline.select import select
from explorer.records import EMBEDDINGS
from explorer.workspace import Artifact, Snapshot, Store


def pick(store: Store, order: list[int], name: str = "mine") -> Artifact:
    """Select sample ids of the newest dataset by hand, in pick order."""
    result = select(store, "curated", budget=len(order), params={"rows": tuple(map(str, order))}, name=name)
    return store.resolve("selections", result.artifact)


def decorate(store: Store) -> None:
    """Cluster the newest dataset into i % 3, by vectors that are planted so, and score it by its column `grade`."""
    samples = Snapshot.newest(store).require("samples")
    rows = samples.manifest.rows["samples"]
    with store.draft("embeddings", parameters={"method": "planted"}, inputs={"samples": samples.id}) as draft:
        vectors = np.eye(3, dtype=np.float32)[np.arange(rows) % 3]
        draft.write(pa.table([pa.array(range(rows), pa.int64()), vectors.tolist()], schema=EMBEDDINGS))
        draft.commit()
    cluster(store, k=3)
    score(store, scorer="grade")


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., tuple[Store, Artifact]]:
    """Ingest rows (as JSON lines, or a file that is there) into a new workspace and pick some of them."""

    def build(rows: list | Path, order: list[int], **options: object) -> tuple[Store, Artifact]:
        path = rows if isinstance(rows, Path) else tmp_path / "rows.jsonl"
        if isinstance(rows, list):
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        store = Store.create(tmp_path / f"ws{len(list(tmp_path.glob('ws*')))}")
        ingest(store, str(path), **options)  # type: ignore[arg-type]
        return store, pick(store, order)

    return build
