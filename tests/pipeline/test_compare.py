"""Comparisons of selections, recomputed from the words of the synthetic workspace."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from explorer.errors import InputError
from explorer.pipeline.compare import compare
from explorer.pipeline.ingest import ingest
from explorer.pipeline.select import rank, select
from explorer.queries.rankings import read_ranking
from tests.pipeline.conftest import feature_sets_of
from tests.synthetic import Synthetic, build

HIGH = 6.0  # the default threshold is 1.0, the strongest activation 8.4
PAIR = ["longest, 30 rows", "greedy, 30 rows"]


def test_a_selection_of_other_samples_is_refused(tmp_path: Path) -> None:
    store = build(tmp_path / "workspace", samples=60, hostile=False).store
    run = store.artifacts("selections")[0]
    data = tmp_path / "other.jsonl"
    data.write_text('{"instruction": "a", "output": "b"}\n')
    ingest(store, str(data))
    with pytest.raises(InputError, match="other samples"):
        compare(store, [run.id])


def test_compare_measures_what_a_person_would_count(synthetic: Synthetic, feature_sets: list[set[int]]) -> None:
    present = set().union(*feature_sets)
    result = compare(synthetic.store, PAIR)
    picks = [read_ranking(synthetic.store.resolve("selections", report.artifact)) for report in result.runs]
    for report, chosen in zip(result.runs, picks, strict=True):
        covered = set().union(*(feature_sets[i] for i in chosen))
        assert report.metrics.rows == 30
        assert report.metrics.coverage == pytest.approx(len(covered) / len(present))
        assert report.metrics.tokens == sum(len(synthetic.tokens[i]) for i in chosen)
        counts = np.bincount(synthetic.cluster[chosen], minlength=int(synthetic.cluster.max()) + 1)
        assert report.metrics.cluster_counts == {str(c): int(n) for c, n in enumerate(counts)}
    first, second = (set(chosen.tolist()) for chosen in picks)
    [overlap] = result.overlaps
    assert overlap.rows == len(first & second)
    assert overlap.jaccard == pytest.approx(len(first & second) / len(first | second))


def test_compare_at_another_threshold(synthetic: Synthetic) -> None:
    result = compare(synthetic.store, ["greedy, 30 rows"], threshold=HIGH)
    assert (result.threshold, result.segment) == (HIGH, "response")
    high = feature_sets_of(synthetic, HIGH)
    picks = read_ranking(synthetic.store.resolve("selections", result.runs[0].artifact))
    covered = set().union(*(high[i] for i in picks))
    assert result.runs[0].metrics.covered_features == len(covered)
    assert result.runs[0].metrics.coverage == pytest.approx(len(covered) / len(set().union(*high)))


@pytest.mark.parametrize(("names", "seeds"), [(["greedy, 30 rows"], 1), ([], 0), (["no such selection"], 0)])
def test_a_comparison_of_nothing_is_refused_in_one_line(synthetic: Synthetic, names: list[str], seeds: int) -> None:
    with pytest.raises(InputError) as caught:
        compare(synthetic.store, names, seeds=seeds)
    assert "\n" not in str(caught.value)


def test_seed_stability_is_one_without_chance_and_less_with_it(tmp_path: Path) -> None:
    store = build(tmp_path / "workspace", samples=90, hostile=False).store
    select(store, "longest", budget=9, name="l")
    select(store, "random", budget=9, name="r")
    stability = {report.name: report.seed_stability for report in compare(store, ["l", "r"], seeds=4).runs}
    assert stability["l"] == 1.0
    draws = [set(rank(store, "random", budget=9, seed=seed).ranking.positions[:9].tolist()) for seed in range(4)]
    overlaps = [len(a & b) / len(a | b) for a, b in itertools.combinations(draws, 2)]
    assert stability["r"] == pytest.approx(np.mean(overlaps))
