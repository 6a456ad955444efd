from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from explorer.errors import ExplorerError, MissingStep
from explorer.queries import columns
from explorer.workspace import Artifact, Snapshot, Store
from tests.synthetic import Synthetic, build


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return build(tmp_path_factory.mktemp("columns") / "workspace", samples=120)


def test_words_come_in_the_order_they_are_asked_for(made: Synthetic) -> None:
    snapshot = Snapshot.newest(made.store)
    every = columns.first_words(snapshot).to_pylist()
    assert len(every) == len(made.tokens)
    assert columns.first_words(snapshot, [5, 0, 17]).to_pylist() == [every[5], every[0], every[17]]
    assert columns.first_words(snapshot, []).to_pylist() == []


def test_sources_are_coded_from_the_most_frequent(made: Synthetic) -> None:
    snapshot = Snapshot.newest(made.store)
    codes, names = columns.sources(snapshot)
    stored = made.store.sql(f"SELECT source FROM {snapshot.samples_sql()} ORDER BY sample_id").fetchall()
    assert [names[code] for code in codes] == [name for (name,) in stored]
    counts = np.bincount(codes)
    assert list(counts) == sorted(counts, reverse=True)


def test_numbers_come_by_sample_and_a_missing_one_is_nan(made: Synthetic) -> None:
    store, snapshot = made.store, Snapshot.newest(made.store)
    assert columns.response_tokens(snapshot).tolist() == [len(text) for text in made.tokens]
    scores = columns.quality(snapshot)
    stored = store.sql(f"SELECT sample_id, score FROM {store.scan(snapshot.require('quality'))}").fetchall()
    assert all(np.isnan(scores[i]) if value is None else scores[i] == value for i, value in stored)


def stored(folder: Path, scores: dict[int, float | None]) -> Artifact:
    table = {"sample_id": pa.array(list(scores), pa.int64()), "score": pa.array(list(scores.values()), pa.float64())}
    with Store.create(folder).draft("quality", parameters={}, inputs={}) as draft:
        draft.write(pa.table(table))
        return draft.commit()


@pytest.mark.parametrize("scores", [{1: 0.5, 0: None}, {1: 0.5}])
def test_a_missing_value_is_refused_unless_one_is_named(tmp_path: Path, scores: dict[int, float | None]) -> None:
    artifact = stored(tmp_path / "ws", scores)
    with pytest.raises(ExplorerError, match="column score holds values for"):
        columns.read_column(artifact, "score", 2)
    assert columns.read_column(artifact, "score", 2, missing=-1).tolist() == [-1, 0.5]


def test_columns_are_in_the_order_of_the_sample_ids_and_read_only(tmp_path: Path) -> None:
    column = columns.read_column(stored(tmp_path / "ws", {2: 0.2, 0: 0.0, 1: 0.1}), "score", 3)
    assert column.tolist() == [0.0, 0.1, 0.2] and not column.flags.writeable


def test_a_damaged_or_absent_table_is_refused(tmp_path: Path) -> None:
    artifact = stored(tmp_path / "ws", {0: 0.0, 2: 0.2})
    with pytest.raises(ExplorerError, match=r"sample ids 0\.\.2 of 2 samples"):
        columns.read_column(artifact, "score", 2, missing=0)
    with pytest.raises(MissingStep, match="'parts'; run score again"):
        columns.read_column(artifact, "score", 3, table="parts")
