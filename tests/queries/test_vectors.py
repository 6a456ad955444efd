from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from explorer import records
from explorer.errors import ExplorerError
from explorer.queries.vectors import load_vectors
from explorer.workspace import Artifact, Store


def stored(folder: Path, vectors: list[list[float] | None]) -> Artifact:
    rows = {"sample_id": range(len(vectors)), "vector": vectors}
    table = pa.table({name: list(column) for name, column in rows.items()}, schema=records.EMBEDDINGS)
    with Store.create(folder).draft("embeddings", parameters={}, inputs={}) as draft:
        draft.write(table)
        return draft.commit()


def test_samples_without_a_vector_are_rows_of_the_named_value(tmp_path: Path) -> None:
    artifact = stored(tmp_path / "ws", [[1.0, 2.0], None, [], [3.0, 4.0]])
    assert load_vectors(artifact, 5, missing=0.0).tolist() == [[1, 2], [0, 0], [0, 0], [3, 4], [0, 0]]


@pytest.mark.parametrize("vectors", [[[1.0], None], [[1.0], []], [[1.0]], [[1.0], [2.0, 3.0]]])
def test_missing_vectors_and_vectors_of_two_lengths_are_refused(tmp_path: Path, vectors: list) -> None:
    with pytest.raises(ExplorerError, match="vectors"):
        load_vectors(stored(tmp_path / "ws", vectors), 2)


def test_a_sample_id_outside_the_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="sample ids"):
        load_vectors(stored(tmp_path / "ws", [[1.0], [2.0]]), 1, missing=0.0)
