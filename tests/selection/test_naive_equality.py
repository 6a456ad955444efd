"""The fast methods give exactly what their definitions give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.selection.method import Pool
from tests.selection import naive
from tests.selection.pools import entries, pools, run

limits = st.integers(1, 30)
kinds = st.sampled_from(["uniform", "idf", "activation"])
shapes = st.sampled_from(["sqrt", "log1p", "capped"])
seeds = st.integers(0, 5)


@given(pools(), limits)
def test_greedy_equals_the_naive_reference(pool: Pool, limit: int) -> None:
    expected = naive.greedselect(pool, limit, kind="uniform", tokens=False)
    assert entries(run("sae-greedselect", pool, limit)) == expected


@given(pools(), limits, kinds, st.booleans(), st.data())
def test_greedy_with_options_equals_the_naive_reference(
    pool: Pool, limit: int, kind: str, tokens: bool, data: st.DataObject
) -> None:
    assert pool.features is not None
    features = st.lists(st.integers(0, pool.features.width - 1), unique=True, max_size=3)
    samples = st.lists(st.integers(0, pool.n - 1), unique=True, max_size=3)
    exclude, must, pin, ban = (data.draw(s) for s in (features, features, samples, samples))
    must = [f for f in must if f not in exclude]
    ban = [i for i in ban if i not in pin]
    assume(len(ban) < pool.n)
    lists: dict[str, Any] = {"must": must, "exclude": exclude, "pin": pin, "ban": ban}
    options: dict[str, Any] = {"must_cover": must, "exclude": exclude, "pin": pin, "ban": ban}
    cost = "tokens" if tokens else "rows"
    picks = entries(run("sae-greedselect", pool, limit, weights=kind, cost=cost, **options))
    expected = naive.greedselect(pool, limit, kind=kind, tokens=tokens, **lists)
    assert [(i, r) for i, _, r in picks] == [(i, r) for i, _, r in expected]
    assert np.allclose([g for _, g, _ in picks], [g for _, g, _ in expected])


@given(pools(), limits, shapes, kinds, st.booleans())
def test_saturated_equals_the_naive_reference(pool: Pool, limit: int, shape: str, kind: str, tokens: bool) -> None:
    cost = "tokens" if tokens else "rows"
    ranking = run("sae-saturated", pool, limit, shape=shape, cap=2, weights=kind, cost=cost)
    assert ranking.positions.tolist() == naive.saturated(pool, limit, shape=shape, kind=kind, tokens=tokens)


@given(pools(), limits, shapes)
def test_saturated_activation_of_equal_values_equals_counting(pool: Pool, limit: int, shape: str) -> None:
    assert pool.features is not None
    rows = [sorted(row) for row in naive.rows_of(pool.features)]
    flat = type(pool.features).from_rows(rows, 12, [[1.0] * len(row) for row in rows])
    equal = Pool(n=pool.n, features=flat)
    counted = run("sae-saturated", equal, limit, shape=shape, cap=2)
    summed = run("sae-saturated", equal, limit, shape=shape, cap=2, count="activation")
    assert counted.positions.tolist() == summed.positions.tolist()
    assert np.allclose(counted.gain, summed.gain, atol=1e-5)


@given(pools(), limits, st.sampled_from([0.0, 0.25, 0.5, 0.8, 1.0]))
def test_simscale_equals_the_naive_reference(pool: Pool, limit: int, max_overlap: float) -> None:
    assert pool.features is not None
    expected = naive.scan(pool.features, limit, max_overlap=max_overlap, some_new=False)
    assert entries(run("sae-simscale", pool, limit, max_overlap=max_overlap)) == expected


@given(pools(), limits, st.booleans())
def test_instag_equals_the_naive_reference(pool: Pool, limit: int, column: bool) -> None:
    assert pool.features is not None
    expected = naive.scan(pool.features, limit, max_overlap=1.0, some_new=True)
    assert entries(run("instag", pool, limit, column="tags" if column else "")) == expected


@given(pools(), limits)
def test_longest_and_quality_top_equal_a_plain_sort(pool: Pool, limit: int) -> None:
    assert pool.response_tokens is not None and pool.quality is not None
    tokens, quality = pool.response_tokens.tolist(), pool.quality.tolist()
    ids = range(pool.n)
    assert run("longest", pool, limit).positions.tolist() == sorted(ids, key=lambda i: (-tokens[i], i))[:limit]
    scored = sorted(naive.known(pool.quality), key=lambda i: (-quality[i], i))
    missing = [i for i in ids if quality[i] != quality[i]]
    assert run("quality-top", pool, limit).positions.tolist() == [*scored, *missing][:limit]


@given(pools(), limits, seeds)
def test_random_is_the_order_of_its_keys(pool: Pool, limit: int, seed: int) -> None:
    keys = np.random.default_rng(seed).random(pool.n)
    assert run("random", pool, limit, seed).positions.tolist() == sorted(range(pool.n), key=lambda i: keys[i])[:limit]


@given(pools(), limits, seeds, st.integers(1, 6), st.booleans())
def test_length_matched_random_equals_the_naive_reference(
    pool: Pool, limit: int, seed: int, bins: int, stored: bool
) -> None:
    uniform = np.random.default_rng(seed).random(pool.n).tolist()
    reference = pool.runs[0].tolist() if stored else None
    ranking = run("length-matched-random", pool, limit, seed, bins=bins, reference="r" if stored else "")
    assert ranking.positions.tolist() == naive.length_matched(pool, min(limit, pool.n), uniform, bins, reference)


@given(pools(), limits, seeds)
def test_cluster_methods_equal_the_naive_reference(pool: Pool, limit: int, seed: int) -> None:
    assert pool.distances is not None and pool.quality is not None
    rows, uniform = min(limit, pool.n), np.random.default_rng(seed).random(pool.n).tolist()
    assert run("kmeans-random", pool, limit, seed).positions.tolist() == naive.kmeans(pool, rows, uniform)
    closest = naive.kmeans(pool, rows, pool.distances.tolist())
    assert run("kmeans-closest", pool, limit, seed).positions.tolist() == closest
    ranking = run("kmq", pool, limit, seed)
    assert ranking.positions.tolist() == naive.kmq(pool, rows, uniform)
    assert ranking.info["missing_quality"] == pool.n - len(naive.known(pool.quality))


@given(pools(), limits)
def test_k_center_equals_the_naive_reference(pool: Pool, limit: int) -> None:
    assert run("k-center", pool, limit).positions.tolist() == naive.k_center(pool, limit)


@given(pools(), limits, st.sampled_from([-0.5, 0.5, 0.9]))
def test_repr_filter_and_deita_equal_the_naive_reference(pool: Pool, limit: int, most: float) -> None:
    assert pool.response_tokens is not None and pool.quality is not None and pool.features is not None
    everyone, tokens = list(range(pool.n)), pool.response_tokens.tolist()
    ranking = run("repr-filter", pool, limit, max_similarity=most)
    expected = naive.dissimilar(pool, tokens, everyone, limit, most)
    assert list(zip(ranking.positions.tolist(), ranking.round.tolist(), strict=True)) == expected
    rows, quality = naive.rows_of(pool.features), naive.shifted(pool.quality)
    for complexity, amount in (("features", [len(row) for row in rows]), ("length", tokens)):
        score = [q * c for q, c in zip(quality, amount, strict=True)]
        ranking = run("deita", pool, limit, max_similarity=most, complexity=complexity)
        expected = naive.dissimilar(pool, score, naive.known(pool.quality), limit, most)
        assert list(zip(ranking.positions.tolist(), ranking.round.tolist(), strict=True)) == expected


@given(pools(12), st.sampled_from([0.0, 0.3, 0.7, 1.0]), st.sampled_from([0, 2]), seeds)
def test_qdit_equals_the_naive_reference(pool: Pool, alpha: float, anchors: int, seed: int) -> None:
    ranking = run("qdit", pool, pool.n, seed, alpha=alpha, anchors=anchors)
    assert ranking.positions.tolist() == naive.qdit(pool, alpha, naive.anchors(pool.n, anchors, seed))


@given(pools())
def test_ensembles_equal_plain_set_algebra(pool: Pool) -> None:
    def ranked(slug: str, **params: Any) -> list[tuple[int, float]]:
        return [(i, gain) for i, gain, _ in entries(run(slug, pool, pool.n, **params))]

    assert ranked("union") == naive.ensemble(pool, 1, lambda _, ranks: (min(ranks), np.mean(ranks)))
    for slug, least, params in (("vote", 1, {}), ("vote", 2, {"min_votes": 2}), ("intersection", len(pool.runs), {})):
        by_votes = naive.ensemble(pool, least, lambda votes, ranks: (-votes, np.mean(ranks)))
        if by_votes:
            assert ranked(slug, **params) == by_votes
        else:
            with pytest.raises(InputError, match="agree on no sample"):
                ranked(slug, **params)


def test_curated_takes_ids_and_hashes_in_order() -> None:
    pool = Pool(n=4, hashes=np.array(["a", "b", "a", "c"]))
    assert run("curated", pool, 10, rows="3,a,0").positions.tolist() == [3, 0, 2]
    with pytest.raises(InputError, match="no such row"):
        run("curated", pool, 10, rows="4")
