"""Feature sets from Parquet: equal to brute force in Python, whatever the files look like; damage is told."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.errors import ExplorerError, InputError, MissingStep
from explorer.pipeline.ingest import ingest
from explorer.queries.sets import feature_counts, feature_sets, load_sets, load_tags
from explorer.records import PAIRS
from explorer.workspace import Artifact, Snapshot, Store
from tests.synthetic import build

WIDTH, SAMPLES = 6, 5
PAIR = st.tuples(
    st.integers(0, SAMPLES - 1),
    st.integers(0, WIDTH - 1),
    st.sampled_from(["prompt", "response"]),
    st.sampled_from([0.25, 0.5, 1.0, 1.5, 3.0]),
)


def stored(folder: Path, shards: list[list[tuple[int, int, str, float]]], **info: object) -> tuple[Store, Artifact]:
    store = Store.create(folder, name="pairs")
    with store.draft("activations", parameters={"shards": repr(shards)}, inputs={}) as draft:
        for number, shard in enumerate(shards):
            columns = [list(column) for column in zip(*((*pair, 1) for pair in shard), strict=True)] or [[]] * 5
            arrays = [pa.array(column, kind) for column, kind in zip(columns, PAIRS.types, strict=True)]
            draft.write(pa.table(arrays, schema=PAIRS), "by_sample", part=f"part-{number}")
        draft.info = {"d_sae": WIDTH, **info}
        return store, draft.commit()


def snapshot_of(store: Store, activations: Artifact) -> Snapshot:
    with store.draft("samples", parameters={}, inputs={}) as draft:
        draft.write(pa.table({"sample_id": pa.array(range(SAMPLES), pa.int64())}))
        return Snapshot(store, {"samples": (draft.commit(),), "activations": (activations,)})


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shards=st.lists(st.lists(PAIR, max_size=12), min_size=1, max_size=3),
    segment=st.sampled_from(["prompt", "response", "all"]),
    threshold=st.sampled_from([0.0, 0.5, 1.2, 9.0]),
)
def test_sets_equal_brute_force(tmp_path_factory, shards, segment, threshold):
    store, activations = stored(tmp_path_factory.mktemp("sets"), shards)
    sets = load_sets(store, activations, segment=segment, threshold=threshold, samples=SAMPLES)
    expected: list[dict[int, float]] = [{} for _ in range(SAMPLES)]
    for sample, feature, part, value in (pair for shard in shards for pair in shard):
        if segment in ("all", part) and value > threshold:
            expected[sample][feature] = max(value, expected[sample].get(feature, 0.0))
    assert sets.n == SAMPLES and sets.width == WIDTH
    for sample, wanted in enumerate(expected):
        span = slice(sets.indptr[sample], sets.indptr[sample + 1])
        assert dict(zip(sets.indices[span].tolist(), sets.values[span].tolist(), strict=True)) == wanted
        assert sets.row(sample).tolist() == sorted(wanted)


@settings(max_examples=20, deadline=None)
@given(
    pairs=st.lists(PAIR, max_size=30, unique_by=lambda pair: pair[:3]),
    segment=st.sampled_from(["prompt", "response", "all"]),
    threshold=st.sampled_from([0.0, 0.5, 1.2, 9.0]),
)
def test_counts_are_the_sizes_of_the_sets(tmp_path_factory, pairs, segment, threshold):
    snapshot = snapshot_of(*stored(tmp_path_factory.mktemp("counts"), [pairs]))
    sizes = feature_sets(snapshot, threshold=threshold, segment=segment).sizes
    assert feature_counts(snapshot, threshold, segment).tolist() == sizes.tolist()


def test_a_threshold_is_compared_as_sql_compares_it(tmp_path):
    store, activations = stored(tmp_path / "w", [[(0, 0, "response", 0.1), (1, 0, "response", 0.5)]])
    counts = store.sql(
        f"SELECT count(*) FROM {store.scan(activations, 'by_sample')} WHERE max_act > ?", [0.1]
    ).fetchall()
    sets = load_sets(store, activations, segment="response", threshold=0.1, samples=2)
    assert sets.nnz == counts[0][0] == sets.above(0.1).nnz


def test_thin_absent_and_damaged_pairs(tmp_path):
    store, activations = stored(tmp_path / "empty", [[]])
    sets = load_sets(store, activations, segment="response", threshold=0.0, samples=3)
    assert (sets.n, sets.nnz, sets.width) == (3, 0, WIDTH)
    with pytest.raises(ExplorerError, match="damaged"):
        store, activations = stored(tmp_path / "outside", [[(7, 0, "response", 1.0)]])
        load_sets(store, activations, segment="response", threshold=0.0, samples=3)
    store = Store.create(tmp_path / "absent", name="absent")
    with store.draft("activations", parameters={}, inputs={}) as draft:
        draft.write(pa.table({"sample_id": pa.array([0], pa.int64())}), "tokens")
        activations = draft.commit()
    with pytest.raises(MissingStep, match="by_sample"):
        load_sets(store, activations, segment="response", threshold=0.0, samples=1)


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), -1.0, "3", True])
def test_bad_thresholds_and_segments_are_refused(tmp_path, threshold):
    store, activations = stored(tmp_path / "w", [[(0, 0, "response", 1.0)]])
    with pytest.raises(InputError, match="threshold"):
        load_sets(store, activations, segment="response", threshold=threshold, samples=1)
    with pytest.raises(InputError, match="segment"):
        load_sets(store, activations, segment="answer", threshold=0.0, samples=1)


def test_the_default_threshold_is_the_one_that_the_extraction_recorded(tmp_path):
    store, activations = stored(
        tmp_path / "w", [[(0, 0, "response", 1.0), (0, 1, "response", 3.0)]], default_threshold=2
    )
    assert feature_sets(snapshot_of(store, activations)).sizes.tolist() == [1, 0, 0, 0, 0]
    store, activations = stored(tmp_path / "without", [[(0, 0, "response", 1.0)]])
    with pytest.raises(ExplorerError, match="default threshold"):
        feature_sets(snapshot_of(store, activations))


def test_tags_are_lists_or_text_split_at_commas_and_may_be_missing(tmp_path):
    path = tmp_path / "rows.jsonl"
    tags = ['["Math", "code"]', '"code, , MATH"', "null", "7", '[" poetry "]']
    path.write_text("".join(f'{{"instruction": "i{n}", "output": "o", "t\\"ags": {t}}}\n' for n, t in enumerate(tags)))
    store = Store.create(tmp_path / "w")
    ingest(store, str(path))
    snapshot = Snapshot.newest(store)
    sets = load_tags(snapshot, 't"ags')
    assert [sets.row(i).tolist() for i in range(sets.n)] == [[0, 1], [0, 1], [], [], [2]]
    for column in ("", "other"):
        with pytest.raises(InputError, match="tags"):
            load_tags(snapshot, column)


def test_features_counted_without_the_pairs_in_memory_are_the_sizes_of_the_sets(tmp_path):
    snapshot = Snapshot.newest(build(tmp_path / "w", samples=60).store)
    for segment in ("response", "prompt", "all"):
        every = feature_sets(snapshot, threshold=0.0, segment=segment)
        for threshold in (0.0, 1.0, 4.3, 99.0):
            counts = feature_counts(snapshot, threshold, segment)
            assert counts.tolist() == every.sizes_above([threshold])[0].tolist()
            assert counts.tolist() == feature_sets(snapshot, threshold=threshold, segment=segment).sizes.tolist()
