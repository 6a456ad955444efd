"""A small made-up workspace with ratings in its rows."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from explorer import records
from explorer.workspace import Store


def make_workspace(path: Path, n: int = 12) -> Store:
    store = Store.create(path)
    rows = []
    for i in range(n):
        response = "Same again. " * 30 if i == 3 else f"Answer number {i} is a short sentence about bread."
        sample = records.Sample(f"Question {i // 2 * 2 if i > 9 else i}", response if i < 11 else rows[10]["response"])
        meta = {"rating": i / 2, "note": "text"} if i != 5 else {"rating": None, "note": "x"}
        rows.append(
            {
                "sample_id": i,
                "source_row": i,
                "prompt": sample.prompt,
                "response": sample.response,
                "system": "",
                "turns": [],
                "prompt_chars": len(sample.prompt),
                "response_chars": len(sample.response),
                "source": "made up",
                "content_hash": sample.content_hash,
                "duplicate_of": None,
                "meta": json.dumps(meta),
                "raw": "{}",
            }
        )
    with store.draft("samples", parameters={"n": n}, inputs={}) as draft:
        draft.write(pa.Table.from_pylist(rows, schema=records.SAMPLES))
        draft.commit()
    return store


@pytest.fixture
def workspace(tmp_path: Path) -> Store:
    return make_workspace(tmp_path / "ws")
