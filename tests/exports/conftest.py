"""A workspace made of real ingested rows and a selection written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from explorer.pipeline.ingest import ingest
from explorer.records import CLUSTERS, EMBEDDINGS, QUALITY, RANKING
from explorer.workspace import Artifact, Snapshot, Store


def pick(store: Store, order: list[int], name: str = "mine") -> Artifact:
    """Write a selection of the newest samples: `order` are sample ids in pick order."""
    samples = Snapshot.newest(store).require("samples")
    parameters = {
        "method": "curated",
        "budget": str(len(order)),
        "threshold": None,
        "segment": "response",
        "seed": 0,
        "params": {"ids": order},
    }
    with store.draft("selections", parameters=parameters, inputs={"samples": samples.id}, name=name) as draft:
        columns = [range(len(order)), order, [1.5] * len(order), [1] * len(order)]
        draft.write(pa.table([pa.array(c, f.type) for c, f in zip(columns, RANKING, strict=True)], schema=RANKING))
        draft.info = {"coverage": 0.25, "certificate": None, "seconds": 0.0, "nested": True, "tokens": 12}
        return draft.commit()


def decorate(store: Store) -> None:
    """Write clusters and scores of the newest samples: cluster i % 3, score i / 2, the last one missing."""
    samples = Snapshot.newest(store).require("samples")
    n = samples.manifest.rows["samples"]
    with store.draft("embeddings", parameters={"method": "x"}, inputs={"samples": samples.id}) as draft:
        draft.write(pa.table([pa.array(range(n), pa.int64()), [[1.0]] * n], schema=EMBEDDINGS))
        embeddings = draft.commit()
    with store.draft(
        "clusters", parameters={"k": 3}, inputs={"samples": samples.id, "embeddings": embeddings.id}
    ) as draft:
        columns = [range(n), [i % 3 for i in range(n)], np.zeros(n)]
        draft.write(pa.table([pa.array(c, f.type) for c, f in zip(columns, CLUSTERS, strict=True)], schema=CLUSTERS))
        draft.commit()
    with store.draft("quality", parameters={"scorer": "x"}, inputs={"samples": samples.id}) as draft:
        scores = [None if i == n - 1 else i / 2 for i in range(n)]
        draft.write(pa.table([pa.array(range(n), pa.int64()), pa.array(scores, pa.float64())], schema=QUALITY))
        draft.commit()


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
