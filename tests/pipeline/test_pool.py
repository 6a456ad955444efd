"""The pool that methods rank, recomputed from the words of the synthetic workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from explorer.errors import ExplorerError, MissingStep
from explorer.pipeline.ingest import ingest
from explorer.pipeline.pool import find_inputs, read_pool
from explorer.workspace import Snapshot, Store
from tests.synthetic import FILLER, Synthetic, build

EVERYTHING = frozenset({"features", "lengths", "embeddings", "clusters", "quality", "hashes"})


def test_the_pool_is_what_lies_in_the_workspace(synthetic: Synthetic, feature_sets: list[set[int]]) -> None:
    inputs = find_inputs(Snapshot.newest(synthetic.store), EVERYTHING)
    pool = read_pool(inputs, EVERYTHING).pool
    assert pool.features is not None and pool.response_tokens is not None and pool.embeddings is not None
    assert pool.clusters is not None and pool.quality is not None and pool.hashes is not None
    assert [set(pool.features.row(i).tolist()) for i in range(pool.n)] == feature_sets
    assert pool.response_tokens.tolist() == [len(text) for text in synthetic.tokens]
    assert pool.clusters.tolist() == synthetic.cluster.tolist()
    assert np.allclose(np.linalg.norm(pool.embeddings, axis=1), 1, atol=1e-5)
    assert len(set(pool.hashes)) == pool.n
    stored = pq.read_table(inputs.quality.files()[0]).sort_by("sample_id")["score"].to_pylist()
    assert pool.quality.tolist() == stored and len(set(stored)) > 3
    assert set(inputs.ids) == {"samples", "activations", "embeddings", "clusters", "quality"} and not inputs.made


def test_only_what_is_needed_is_looked_for(synthetic: Synthetic) -> None:
    snapshot = Snapshot.newest(synthetic.store)
    assert set(find_inputs(snapshot, frozenset()).ids) == {"samples", "activations"}
    assert find_inputs(snapshot, frozenset({"clusters"})).embeddings is None


def test_what_is_missing_is_made_and_named(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "workspace", name="bare")
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(f'{{"instruction": "say {i}", "output": "word {i} and more"}}\n' for i in range(12)))
    ingest(store, str(data))
    with pytest.raises(MissingStep, match="extract"):
        find_inputs(Snapshot.newest(store), frozenset({"features"}))
    assert Snapshot.newest(store).quality is None
    inputs = find_inputs(Snapshot.newest(store), frozenset({"quality"}))
    assert inputs.quality is not None and inputs.made == (inputs.quality.ref,)
    assert find_inputs(Snapshot.newest(store), frozenset({"quality"})).made == ()


def test_filler_words_are_features_too(synthetic: Synthetic, feature_sets: list[set[int]]) -> None:
    assert {synthetic.feature_of[word] for word in FILLER} & set().union(*feature_sets)


def test_a_column_of_the_wrong_length_is_an_error(tmp_path: Path) -> None:
    store = build(tmp_path / "workspace", samples=60, hostile=False).store
    [file] = store.artifacts("clusters")[-1].files("")
    pq.write_table(pq.read_table(file).slice(0, 10), file)
    with pytest.raises(ExplorerError, match=r"10 of 60"):
        read_pool(find_inputs(Snapshot.newest(store), frozenset({"clusters"})), frozenset({"clusters"}))
