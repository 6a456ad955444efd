"""What methods are given, and what a comparison says, recomputed from the words of the synthetic workspace."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from explorer.errors import InputError, MissingStep
from explorer.pipeline.compare import compare
from explorer.pipeline.ingest import ingest
from explorer.pipeline.pool import find_inputs, read_pool
from explorer.pipeline.select import rank, select
from explorer.queries.rankings import read_ranking
from explorer.workspace import Snapshot, Store
from tests.synthetic import FILLER, THRESHOLD, Synthetic, build, strength

EVERYTHING = frozenset({"features", "lengths", "embeddings", "clusters", "quality", "hashes"})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return build(tmp_path_factory.mktemp("pool") / "workspace", samples=90)


def sets_of(made: Synthetic) -> list[set[int]]:
    of = made.feature_of
    return [
        {of[word] for at, word in enumerate(text) if word in of and strength(word, of[word], at) > THRESHOLD}
        for text in made.tokens
    ]


def test_the_pool_is_what_lies_in_the_workspace(made):
    inputs = find_inputs(Snapshot.newest(made.store), EVERYTHING)
    pool = read_pool(inputs, EVERYTHING).pool
    assert [set(pool.features.row(i).tolist()) for i in range(pool.n)] == sets_of(made)
    assert pool.response_tokens.tolist() == [len(text) for text in made.tokens]
    assert pool.clusters.tolist() == made.cluster.tolist()
    assert np.allclose(np.linalg.norm(pool.embeddings, axis=1), 1, atol=1e-5)
    assert len(set(pool.hashes)) == pool.n
    stored = pq.read_table(inputs.quality.files()[0]).sort_by("sample_id")["score"].to_pylist()
    assert pool.quality.tolist() == stored and len(set(stored)) > 3
    assert set(inputs.ids) == {"samples", "activations", "embeddings", "clusters", "quality"} and not inputs.made


def test_only_what_is_needed_is_looked_for(made):
    assert set(find_inputs(Snapshot.newest(made.store), frozenset()).ids) == {"samples", "activations"}
    assert find_inputs(Snapshot.newest(made.store), frozenset({"clusters"})).embeddings is None


def test_what_is_missing_is_made_and_named(tmp_path):
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


def test_a_selection_of_other_samples_is_refused(made, tmp_path):
    store = build(tmp_path / "workspace", samples=60, hostile=False).store
    run = store.artifacts("selections")[0]
    data = tmp_path / "other.jsonl"
    data.write_text('{"instruction": "a", "output": "b"}\n')
    ingest(store, str(data))
    with pytest.raises(InputError, match="other samples"):
        compare(store, [run.id])


def test_compare_measures_what_a_person_would_count(made):
    sets = sets_of(made)
    present = set().union(*sets)
    result = compare(made.store, ["longest, 30 rows", "greedy, 30 rows"])
    picks = [read_ranking(made.store.resolve("selections", report.artifact)) for report in result.runs]
    for report, chosen in zip(result.runs, picks, strict=True):
        covered = set().union(*(sets[i] for i in chosen))
        assert report.metrics.rows == 30
        assert report.metrics.coverage == pytest.approx(len(covered) / len(present))
        assert report.metrics.tokens == sum(len(made.tokens[i]) for i in chosen)
        counts = np.bincount(made.cluster[chosen], minlength=int(made.cluster.max()) + 1)
        assert report.metrics.cluster_counts == {str(c): int(n) for c, n in enumerate(counts)}
    first, second = (set(chosen.tolist()) for chosen in picks)
    [overlap] = result.overlaps
    assert overlap.rows == len(first & second)
    assert overlap.jaccard == pytest.approx(len(first & second) / len(first | second))


def test_compare_at_another_threshold_and_segment(made):
    everything = compare(made.store, ["greedy, 30 rows"], threshold=0.0, segment="all")
    assert (everything.threshold, everything.segment) == (0.0, "all")
    assert everything.runs[0].metrics.covered_features > 0
    with pytest.raises(InputError, match="seeds"):
        compare(made.store, ["greedy, 30 rows"], seeds=1)
    with pytest.raises(InputError):
        compare(made.store, [])
    with pytest.raises(InputError):
        compare(made.store, ["no such selection"])


def test_seed_stability_is_one_without_chance_and_less_with_it(tmp_path):
    store = build(tmp_path / "workspace", samples=90, hostile=False).store
    select(store, "longest", budget=9, name="l")
    select(store, "random", budget=9, name="r")
    by_name = {report.name: report.seed_stability for report in compare(store, ["l", "r"], seeds=4).runs}
    assert by_name["l"] == 1.0
    draws = [set(rank(store, "random", budget=9, seed=seed).ranking.positions[:9].tolist()) for seed in range(4)]
    pairs = [len(a & b) / len(a | b) for i, a in enumerate(draws) for b in draws[i + 1 :]]
    assert by_name["r"] == pytest.approx(np.mean(pairs))


def test_selecting_again_finds_what_is_there_and_stores_the_ranking(tmp_path):
    store = build(tmp_path / "workspace", samples=60, hostile=False).store
    first = select(store, "sae-greedselect", budget="20%", name="twelve")
    again = select(store, "sae-greedselect", budget="20%", name="twelve")
    assert (first.existed, again.existed, again.artifact) == (False, True, first.artifact)
    run = store.resolve("selections", "twelve")
    ranking = rank(store, "sae-greedselect", budget="20%").ranking
    assert read_ranking(run).tolist() == ranking.positions[: first.rows].tolist()
    assert first.rows == 12 and run.manifest.parameters["threshold"] == THRESHOLD


def test_a_budget_of_more_than_there_is_takes_all_and_says_so(tmp_path):
    made = build(tmp_path / "workspace", samples=40)
    n = len(made.tokens)
    assert select(made.store, "longest", budget=n).note == select(made.store, "longest", budget="50%").note == ""
    taken = select(made.store, "longest", budget=5000)
    assert (taken.rows, taken.note) == (n, f"the budget asks for 5,000 rows; only {n} could be taken")
    in_tokens = select(made.store, "longest", budget="999999tok")
    assert (in_tokens.rows, in_tokens.note) == (n, f"the budget asks for 999,999 tokens; all {n} rows were taken")


def test_filler_words_are_features_too(made):
    assert {made.feature_of[word] for word in FILLER} & set().union(*sets_of(made))


def test_a_damaged_column_is_told(tmp_path: Path):
    import pyarrow.parquet as pq

    store = build(tmp_path / "workspace", samples=60, hostile=False).store
    clusters = store.artifacts("clusters")[-1]
    [file] = clusters.files("")
    pq.write_table(pq.read_table(file).slice(0, 10), file)
    from explorer.errors import ExplorerError

    with pytest.raises(ExplorerError, match=r"10 of 60"):
        read_pool(find_inputs(Snapshot.newest(store), frozenset({"clusters"})), frozenset({"clusters"}))
