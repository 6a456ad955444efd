"""Rules around every method, against plain lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.ranges import from_ranges, to_ranges
from explorer.registry import build
from explorer.selection.budget import Budget
from explorer.selection.method import Pool, Ranking
from explorer.selection.methods import METHODS
from explorer.selection.rules import rank_by_rules
from explorer.selection.spec import Rules
from tests.selection import naive
from tests.selection.pools import EXTRA, PARTIAL, entries, pools, run

SLUGS = METHODS.slugs


def ruled(slug: str, pool: Pool, budget: Budget | int | str, rules: Rules, seed: int = 0, **params: Any) -> Ranking:
    method = METHODS[slug]
    options = build(method.Params, {**EXTRA.get(slug, {}), **params}, owner=slug)
    return rank_by_rules(method, pool, Budget.parse(budget), options, rules, lambda: np.random.default_rng(seed))


@st.composite
def rules_for(draw: st.DrawFn, pool: Pool) -> Rules:
    assert pool.features is not None
    rows = st.lists(st.integers(0, pool.n - 1), unique=True, max_size=4)
    features = st.lists(st.integers(0, pool.features.width - 1), unique=True, max_size=2)
    pin = draw(rows)
    ban = [i for i in draw(rows) if i not in pin]
    within = draw(st.none() | st.lists(st.integers(0, pool.n - 1), unique=True, min_size=1))
    must = draw(features)
    exclude = [f for f in draw(features) if f not in must]
    least = st.sampled_from([0, 0, 1, 2])
    return Rules(
        pin=tuple(pin),
        ban=tuple(ban),
        within=None if within is None else tuple(within),
        must_cover=tuple(must),
        exclude=tuple(exclude),
        min_per_source=draw(least),
        min_per_cluster=draw(least),
    )


def with_sources(pool: Pool) -> Pool:
    from dataclasses import replace

    return replace(pool, sources=(np.arange(pool.n) % 3).astype(np.int32))


def allowed_rows(pool: Pool, rules: Rules) -> set[int]:
    inside = set(range(pool.n)) if rules.rows is None else set(rules.rows)
    return (inside - set(rules.ban)) | set(rules.pin)


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), data=st.data(), seed=st.integers(0, 3))
def test_every_method_keeps_every_rule(slug: str, pool: Pool, data: st.DataObject, seed: int) -> None:
    pool = with_sources(pool)
    assert pool.features is not None and pool.clusters is not None and pool.sources is not None
    rules = data.draw(rules_for(pool))
    allowed = allowed_rows(pool, rules)
    try:
        whole = ruled(slug, pool, Budget.everything(), rules, seed)
    except InputError as error:
        said = ("leave no row", "agree on no sample", "every quality score is missing", "needs stored selections")
        assert any(text in str(error) for text in said)
        return
    picks = whole.positions.tolist()
    assert len(picks) == len(set(picks)) and set(picks) <= allowed
    assert picks[: len(rules.pin)] == list(rules.pin)
    if slug not in PARTIAL:
        assert set(picks) == allowed
    opening = sum(whole.info.get("opening", {}).values())
    first = picks[:opening]
    owned = naive.rows_of(pool.features)
    for feature in rules.must_cover:
        reachable = any(feature in owned[i] for i in allowed)
        assert not reachable or any(feature in owned[i] for i in first)
    for group, least in ((pool.sources, rules.min_per_source), (pool.clusters, rules.min_per_cluster)):
        for number in set(group.tolist()) if least and slug not in PARTIAL else ():
            there = sum(group[i] == number for i in allowed)
            assert sum(group[i] == number for i in first) >= min(least, there)
    assert np.all(np.isfinite(whole.gain))


@pytest.mark.parametrize("slug", [method.slug for method in METHODS if method.nested])
@given(pool=pools(), data=st.data(), rows=st.integers(1, 30))
def test_a_nested_method_stays_nested_under_rules(slug: str, pool: Pool, data: st.DataObject, rows: int) -> None:
    pool = with_sources(pool)
    rules = data.draw(rules_for(pool))
    try:
        whole = ruled(slug, pool, Budget.everything(), rules)
        found = ruled(slug, pool, rows, rules)
    except InputError:
        return
    assert entries(found) == entries(whole.head(rows))


@pytest.mark.parametrize("slug", ["random", "longest", "quality-top", "curated"])
@given(pool=pools(), data=st.data(), seed=st.integers(0, 3))
def test_a_fixed_order_loses_only_the_rows_that_are_not_allowed(
    slug: str, pool: Pool, data: st.DataObject, seed: int
) -> None:
    pool = with_sources(pool)
    assert pool.clusters is not None and pool.sources is not None
    rules = data.draw(rules_for(pool))
    rules = Rules(rules.pin, rules.ban, rules.within, min_per_source=rules.min_per_source)
    allowed = allowed_rows(pool, rules)
    assume(allowed)
    order = [i for i in run(slug, pool, Budget.everything(), seed).positions.tolist() if i in allowed]
    opening = list(rules.pin)
    rest = [i for i in order if i not in opening]
    have = {number: sum(pool.sources[i] == number for i in opening) for number in range(3)}
    guaranteed = []
    for i in rest:
        if have[int(pool.sources[i])] < rules.min_per_source:
            guaranteed.append(i)
            have[int(pool.sources[i])] += 1
    expected = [*opening, *guaranteed, *(i for i in rest if i not in guaranteed)]
    try:
        found = ruled(slug, pool, Budget.everything(), rules, seed)
    except InputError as error:
        assert "every quality score is missing" in str(error)
        return
    assert found.positions.tolist() == expected


@given(pools(), st.data(), st.integers(1, 30))
def test_greedy_counts_the_pinned_rows_as_picked(pool: Pool, data: st.DataObject, limit: int) -> None:
    rules = data.draw(rules_for(pool))
    assume(rules.rows is None and len(rules.ban) < pool.n and len(rules.pin) <= limit)
    rules = Rules(rules.pin, rules.ban, exclude=rules.exclude)
    found = entries(ruled("sae-greedselect", pool, limit, rules))
    lists = {"pin": rules.pin, "ban": rules.ban, "exclude": rules.exclude}
    expected = naive.greedselect(pool, limit, weights="uniform", tokens=False, **lists)
    if rules == Rules():
        return
    assert [(i, r) for i, _, r in found] == [(i, r) for i, _, r in expected]
    assert np.allclose([g for _, g, _ in found], [g for _, g, _ in expected])


@pytest.mark.parametrize("slug", ["sae-simscale", "sae-saturated", "instag", "k-center", "kmeans-closest"])
@given(pool=pools(), data=st.data())
def test_a_method_under_a_ban_is_the_method_on_the_rows_that_are_left(
    slug: str, pool: Pool, data: st.DataObject
) -> None:
    ban = data.draw(st.lists(st.integers(0, pool.n - 1), unique=True, min_size=1))
    assume(len(ban) < pool.n)
    kept = np.array([i for i in range(pool.n) if i not in ban])
    inner = run(slug, pool.take(kept), len(kept))
    found = ruled(slug, pool, len(kept), Rules(ban=tuple(ban)))
    assert found.positions.tolist() == kept[inner.positions].tolist()
    assert np.allclose(found.gain, inner.gain)


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), tokens=st.integers(1, 120), data=st.data())
def test_a_budget_in_tokens_counts_the_rows_of_the_rules(
    slug: str, pool: Pool, tokens: int, data: st.DataObject
) -> None:
    rules = data.draw(rules_for(with_sources(pool)))
    try:
        ranking = ruled(slug, with_sources(pool), f"{tokens}tok", rules)
    except InputError:
        return
    assert pool.response_tokens is not None
    assert pool.response_tokens[ranking.positions].sum() <= tokens


def test_rules_that_contradict_each_other_or_the_data_are_refused_in_one_line() -> None:
    pool = Pool(n=4, response_tokens=np.array([4, 3, 2, 1], np.int32))
    for make, said in (
        (lambda: Rules(pin=(1,), ban=(1,)), "both pinned and banned"),
        (lambda: Rules(must_cover=(1,), exclude=(1,)), "both to be covered and excluded"),
        (lambda: Rules(within=()), "are none"),
        (lambda: Rules(min_per_source=-1), "must be at least 0"),
        (lambda: ruled("longest", pool, 2, Rules(pin=(9,))), "there is no row 9"),
        (lambda: ruled("longest", pool, 2, Rules(ban=(0, 1, 2, 3))), "leave no row"),
        (lambda: ruled("longest", pool, 2, Rules(pin=(0, 1, 2))), "ask for 3 rows, more than the budget"),
        (lambda: ruled("longest", pool, "5tok", Rules(pin=(0, 1))), "ask for 7 tokens, more than the budget"),
        (lambda: ruled("longest", pool, 2, Rules(min_per_source=1)), "needs the sources"),
        (lambda: Rules.read({"pins": "1"}), "no parameter 'pins'"),
        (lambda: from_ranges("3,x"), "cannot be read"),
        (lambda: from_ranges("10-5"), "backwards"),
    ):
        with pytest.raises(InputError) as caught:
            make()
        assert said in str(caught.value) and "\n" not in str(caught.value)


def test_what_a_minimum_lacks_is_counted() -> None:
    pool = Pool(n=4, response_tokens=np.arange(4, dtype=np.int32), sources=np.array([0, 0, 0, 1], np.int32))
    ranking = ruled("longest", pool, 4, Rules(min_per_source=2))
    assert ranking.positions.tolist() == [3, 2, 1, 0]
    assert ranking.info["unfilled"] == {"source": 1}
    assert ranking.info["opening"] == {"pinned": 0, "minimum": 3}


@given(st.lists(st.integers(0, 50), unique=True))
def test_lists_of_rows_survive_being_written(ids: list[int]) -> None:
    assume(ids)
    assert from_ranges(to_ranges(tuple(ids))) == tuple(ids)


@given(pools(), st.data())
def test_rules_survive_being_recorded(pool: Pool, data: st.DataObject) -> None:
    rules = data.draw(rules_for(pool))
    assert Rules.read(rules.record()) == rules
    assert Rules().record() == {}
