"""The fast methods give exactly what their definitions give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from explorer.selection.points import fixed_point
from hypothesis import assume, given
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.selection.coverage import feature_weights
from explorer.selection.method import Pool
from explorer.selection.methods.k_center import start
from explorer.selection.methods.qdit import anchor_sample, anchor_weight
from explorer.selection.methods.sae_saturated import WEIGHT, Params, steps
from explorer.selection.quotas import interleave
from explorer.selection.scores import from_zero, unit_range
from tests.selection import naive
from tests.selection.pools import entries, pools, run

limits = st.integers(1, 30)


@given(pools(), limits)
def test_greedy_equals_the_naive_reference(pool: Pool, limit: int) -> None:
    expected = naive.greedselect(pool, limit, weights="uniform", tokens=False)
    assert entries(run("sae-greedselect", pool, limit)) == expected


@given(pools(), limits, st.sampled_from(["uniform", "idf", "activation"]), st.booleans(), st.data())
def test_greedy_with_options_equals_the_naive_reference(
    pool: Pool, limit: int, weights: str, tokens: bool, data: st.DataObject
) -> None:
    assert pool.features is not None
    features = st.lists(st.integers(0, pool.features.width - 1), unique=True, max_size=3)
    samples = st.lists(st.integers(0, pool.n - 1), unique=True, max_size=3)
    exclude, must, pin, ban = (data.draw(s) for s in (features, features, samples, samples))
    must = [f for f in must if f not in exclude]
    ban = [i for i in ban if i not in pin]
    assume(len(ban) < pool.n)
    options: dict[str, Any] = {"must_cover": must, "exclude": exclude, "pin": pin, "ban": ban}
    cost = "tokens" if tokens else "rows"
    found = entries(run("sae-greedselect", pool, limit, weights=weights, cost=cost, **options))
    expected = naive.greedselect(
        pool, limit, weights=weights, tokens=tokens, must=must, exclude=exclude, pin=pin, ban=ban
    )
    assert [(i, r) for i, _, r in found] == [(i, r) for i, _, r in expected]
    assert np.allclose([g for _, g, _ in found], [g for _, g, _ in expected])


@given(pools(), limits, st.sampled_from(["sqrt", "log1p", "capped"]), st.booleans(), st.booleans())
def test_saturated_equals_the_naive_reference(pool: Pool, limit: int, shape: str, idf: bool, tokens: bool) -> None:
    assert pool.features is not None and pool.response_tokens is not None
    weights = "idf" if idf else "uniform"
    found = run("sae-saturated", pool, limit, shape=shape, cap=2, weights=weights, cost="tokens" if tokens else "rows")
    cost = np.maximum(pool.response_tokens, 1) if tokens else np.ones(pool.n)
    weight = feature_weights(pool.features, weights, WEIGHT)
    step = steps(Params(shape=shape, cap=2), pool.n + 1)
    assert found.positions.tolist() == naive.saturated(pool, limit, weight, step, cost)


@given(pools(), limits, st.sampled_from(["sqrt", "log1p", "capped"]))
def test_saturated_activation_of_equal_values_equals_counting(pool: Pool, limit: int, shape: str) -> None:
    assert pool.features is not None
    values = [[1.0] * len(pool.features.row(i)) for i in range(pool.n)]
    flat = type(pool.features).from_rows([pool.features.row(i).tolist() for i in range(pool.n)], 12, values)
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
    known = sorted((i for i in ids if quality[i] == quality[i]), key=lambda i: (-quality[i], i))
    missing = [i for i in ids if quality[i] != quality[i]]
    assert run("quality-top", pool, limit).positions.tolist() == [*known, *missing][:limit]


@given(pools(), limits, st.integers(0, 5))
def test_random_is_the_order_of_its_keys(pool: Pool, limit: int, seed: int) -> None:
    keys = np.random.default_rng(seed).random(pool.n)
    assert run("random", pool, limit, seed).positions.tolist() == sorted(range(pool.n), key=lambda i: keys[i])[:limit]


@given(pools(), limits, st.integers(0, 5), st.integers(1, 6), st.booleans())
def test_length_matched_random_has_the_histogram_of_its_reference(
    pool: Pool, limit: int, seed: int, bins: int, stored: bool
) -> None:
    assert pool.response_tokens is not None
    tokens = pool.response_tokens
    found = run("length-matched-random", pool, limit, seed, bins=bins, reference="r" if stored else "")
    rows = min(limit, pool.n)
    longest = sorted(range(pool.n), key=lambda i: (-int(tokens[i]), i))[:rows]
    reference = pool.runs[0] if stored else np.array(longest)
    ordered = sorted(tokens.tolist())
    cuts = sorted({ordered[max(0, int(np.ceil(q * pool.n / bins)) - 1)] for q in range(1, bins)})
    bin_of = np.array([sum(t > c for c in cuts) for t in tokens])
    histogram = [int((bin_of[reference] == j).sum()) for j in range(bin_of.max() + 1)]
    room = [int((bin_of == j).sum()) for j in range(bin_of.max() + 1)]
    quotas = naive.quotas(histogram, rows, room)
    quotas = [q + extra for q, extra in zip(quotas, _rest(quotas, rows, room), strict=True)]
    assert [int((bin_of[found.positions] == j).sum()) for j in range(bin_of.max() + 1)] == quotas
    keys = np.random.default_rng(seed).random(pool.n)
    for j, quota in enumerate(quotas):
        inside = sorted(np.flatnonzero(bin_of == j).tolist(), key=lambda i: keys[i])[:quota]
        assert sorted(inside) == sorted(i for i in found.positions.tolist() if bin_of[i] == j)


def _rest(quotas: list[int], rows: int, room: list[int]) -> list[int]:
    left = rows - sum(quotas)
    free = [r if q == 0 else 0 for q, r in zip(quotas, room, strict=True)]
    return naive.quotas(free, left, free)


@given(pools(), limits, st.integers(0, 5))
def test_cluster_methods_equal_the_naive_reference(pool: Pool, limit: int, seed: int) -> None:
    assert pool.clusters is not None and pool.distances is not None and pool.quality is not None
    rows = min(limit, pool.n)
    sizes = np.bincount(pool.clusters).tolist()
    u = np.random.default_rng(seed).random(pool.n)
    everyone = [True] * pool.n
    for slug, key in (("kmeans-random", u.tolist()), ("kmeans-closest", pool.distances.tolist())):
        orders = naive.by_cluster(pool.clusters, key, everyone)
        quotas = naive.quotas(sizes, rows, sizes)
        found = run(slug, pool, limit, seed)
        picked = [sorted(i for i in found.positions.tolist() if pool.clusters[i] == j) for j in range(len(sizes))]
        assert picked == [sorted(order[:quota]) for order, quota in zip(orders, quotas, strict=True)]
        assert found.positions.tolist() == interleave([np.array(o) for o in orders], np.array(quotas)).tolist()


@given(pools(), limits, st.integers(0, 5))
def test_kmq_equals_the_naive_reference(pool: Pool, limit: int, seed: int) -> None:
    assert pool.clusters is not None and pool.quality is not None
    rows = min(limit, pool.n)
    q = np.nan_to_num(from_zero(pool.quality), nan=0.0)
    u = np.random.default_rng(seed).random(pool.n)
    key = [-((1 - x) ** (1 / w)) if w > 0 else 0.0 for x, w in zip(u, q, strict=True)]
    good = naive.by_cluster(pool.clusters, key, (q > 0).tolist())
    sizes = np.bincount(pool.clusters).tolist()
    quotas = naive.quotas(sizes, rows, [len(g) for g in good])
    found = run("kmq", pool, limit, seed)
    for j, quota in enumerate(quotas):
        inside = [i for i in found.positions.tolist() if pool.clusters[i] == j and q[i] > 0]
        assert sorted(inside) == sorted(good[j][:quota])
    assert found.info["missing_quality"] == int(np.isnan(pool.quality).sum())


@given(pools(), limits)
def test_k_center_equals_the_naive_reference(pool: Pool, limit: int) -> None:
    assert pool.embeddings is not None
    first = start(fixed_point(pool.embeddings))
    assert run("k-center", pool, limit).positions.tolist() == naive.k_center(pool, limit, first)


@given(pools(), limits, st.sampled_from([-0.5, 0.5, 0.9]))
def test_repr_filter_and_deita_equal_the_naive_reference(pool: Pool, limit: int, most: float) -> None:
    assert pool.response_tokens is not None and pool.quality is not None and pool.features is not None
    everyone = list(range(pool.n))
    found = run("repr-filter", pool, limit, max_similarity=most)
    expected = naive.distinct(pool, pool.response_tokens.tolist(), everyone, limit, most)
    assert list(zip(found.positions.tolist(), found.round.tolist(), strict=True)) == expected
    score = from_zero(pool.quality) * pool.features.sizes
    known = np.flatnonzero(~np.isnan(score)).tolist()
    found = run("deita", pool, limit, max_similarity=most)
    expected = naive.distinct(pool, score.tolist(), known, limit, most)
    assert list(zip(found.positions.tolist(), found.round.tolist(), strict=True)) == expected


@given(pools(12), st.sampled_from([0.0, 0.3, 0.7, 1.0]), st.sampled_from([0, 2]), st.integers(0, 3))
def test_qdit_equals_the_naive_reference(pool: Pool, alpha: float, anchors: int, seed: int) -> None:
    assert pool.quality is not None
    known = np.flatnonzero(~np.isnan(pool.quality)).tolist()
    drawn = anchor_sample(pool.n, anchors, np.random.default_rng(seed)).tolist()
    bonus = (alpha * unit_range(pool.quality))[known].tolist()
    weight = anchor_weight(alpha, pool.n, len(drawn))
    expected = naive.facility(pool, known, drawn, bonus, weight)
    missing = np.flatnonzero(np.isnan(pool.quality)).tolist()
    found = run("qdit", pool, pool.n, seed, alpha=alpha, anchors=anchors)
    assert found.positions.tolist() == [*expected, *missing]


@given(pools())
def test_ensembles_equal_plain_set_algebra(pool: Pool) -> None:
    held = [set(run_.tolist()) for run_ in pool.runs]
    assert set(run("union", pool, pool.n).positions.tolist()) == set.union(*held)
    votes = {i: sum(i in h for h in held) for i in range(pool.n)}
    for least in (1, 2, 3):
        wanted = {i for i in range(pool.n) if votes[i] >= least}
        if not wanted:
            with pytest.raises(InputError, match="agree on no sample"):
                run("vote", pool, pool.n, min_votes=least)
            continue
        found = run("vote", pool, pool.n, min_votes=least)
        assert set(found.positions.tolist()) == wanted
        assert found.gain.tolist() == sorted((float(votes[i]) for i in wanted), reverse=True)
    if set.intersection(*held):
        assert set(run("intersection", pool, pool.n).positions.tolist()) == set.intersection(*held)


def test_curated_takes_ids_and_hashes_in_order() -> None:
    pool = Pool(n=4, hashes=np.array(["a", "b", "a", "c"]))
    assert run("curated", pool, 10, rows="3,a,0").positions.tolist() == [3, 0, 2]
    with pytest.raises(InputError, match="no such row"):
        run("curated", pool, 10, rows="4")
