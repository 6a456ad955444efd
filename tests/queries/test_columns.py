from __future__ import annotations

import numpy as np
import pytest

from explorer.queries import columns
from explorer.workspace import Snapshot
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
