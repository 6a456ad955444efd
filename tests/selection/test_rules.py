"""Rules around every method, against plain lists."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.registry import build
from explorer.selection.budget import Budget
from explorer.selection.method import Pool, Ranking
from explorer.selection.methods import METHODS
from explorer.selection.methods.qdit import anchor_sample
from explorer.selection.rules import rank_by_rules
from explorer.selection.spec import Rules
from tests.selection import naive
from tests.selection.pools import EXTRA, PARTIAL, entries, part_of, pools, run

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
    return replace(pool, sources=(np.arange(pool.n) % 3).astype(np.int32))


def allowed_rows(pool: Pool, rules: Rules) -> set[int]:
    inside = set(range(pool.n)) if rules.rows is None else set(rules.rows)
    return (inside - set(rules.ban)) | set(rules.pin)


REASONS = "leave no row|agree on no sample|every quality score is missing|more than the budget|no sample fits"


def ruled_or_none(slug: str, pool: Pool, budget: Budget | int | str, rules: Rules, seed: int = 0) -> Ranking | None:
    """The ranking, None where the rules leave nothing to rank."""
    try:
        return ruled(slug, pool, budget, rules, seed)
    except InputError as error:
        assert re.search(REASONS, str(error))
        return None


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), data=st.data(), seed=st.integers(0, 3))
def test_every_method_keeps_every_rule(slug: str, pool: Pool, data: st.DataObject, seed: int) -> None:
    pool = with_sources(pool)
    assert pool.features is not None and pool.clusters is not None and pool.sources is not None
    rules = data.draw(rules_for(pool))
    allowed = allowed_rows(pool, rules)
    ranking = ruled_or_none(slug, pool, Budget.everything(), rules, seed)
    assume(ranking)
    picks = ranking.positions.tolist()
    assert len(picks) == len(set(picks)) and set(picks) <= allowed
    assert picks[: len(rules.pin)] == list(rules.pin)
    if slug not in PARTIAL:
        assert set(picks) == allowed
    opening = sum(ranking.info.get("opening", {}).values())
    first = picks[:opening]
    rows = naive.rows_of(pool.features)
    for feature in rules.must_cover:
        reachable = any(feature in rows[i] for i in allowed)
        assert not reachable or any(feature in rows[i] for i in first)
    for group, least in ((pool.sources, rules.min_per_source), (pool.clusters, rules.min_per_cluster)):
        for number in set(group.tolist()) if least and slug not in PARTIAL else ():
            available = sum(group[i] == number for i in allowed)
            assert sum(group[i] == number for i in first) >= min(least, available)
    assert np.all(np.isfinite(ranking.gain))


@pytest.mark.parametrize("slug", [method.slug for method in METHODS if method.nested])
@given(pool=pools(), data=st.data(), rows=st.integers(1, 30))
def test_a_nested_method_stays_nested_under_rules(slug: str, pool: Pool, data: st.DataObject, rows: int) -> None:
    pool = with_sources(pool)
    rules = data.draw(rules_for(pool))
    whole, smaller = (ruled_or_none(slug, pool, budget, rules) for budget in (Budget.everything(), rows))
    assume(whole and smaller)
    assert entries(smaller) == entries(whole.head(rows))


class Recorder(np.random.Generator):
    """A random generator that records the calls of its methods."""

    def __init__(self, seed: int) -> None:
        super().__init__(np.random.PCG64(seed))
        self.calls: list[tuple] = []

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name.startswith("_") or not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((name, args, kwargs))
            return value(*args, **kwargs)

        return call


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), data=st.data())
def test_rules_do_not_change_what_is_drawn(slug: str, pool: Pool, data: st.DataObject) -> None:
    """The same calls of the generator with the same sizes, whatever the rules; none by a method without a seed."""
    pool = with_sources(pool)
    method, rules = METHODS[slug], data.draw(rules_for(pool))
    options = {**EXTRA.get(slug, {}), **({"anchors": 2} if slug == "qdit" else {})}
    params = build(method.Params, options, owner=slug)
    recorders: list[Recorder] = []

    def recorder() -> Recorder:
        recorders.append(Recorder(0))
        return recorders[-1]

    try:
        rank_by_rules(method, pool, Budget.everything(), params, Rules(), recorder)
        rank_by_rules(method, pool, Budget.everything(), params, rules, recorder)
    except InputError as error:
        assert re.search(REASONS, str(error))
    [without_rules, *with_rules] = (recorder.calls for recorder in recorders)
    assert bool(without_rules) <= method.seeded
    assert all(calls in ([], without_rules) for calls in with_rules)  # nothing where there is nothing to choose


DRAWN: dict[str, Any] = {
    "random": lambda part, rows, uniform, _: sorted(range(rows), key=lambda i: uniform[i]),
    "kmeans-random": lambda part, rows, uniform, _: naive.kmeans(part, rows, uniform),
    "kmq": lambda part, rows, uniform, _: naive.kmq(part, rows, uniform),
    "length-matched-random": lambda part, rows, uniform, _: naive.length_matched(part, rows, uniform, 10),
    "qdit": lambda part, rows, uniform, anchors: naive.qdit(part, 0.7, anchors),
}


def test_every_method_that_draws_has_a_reference() -> None:
    assert set(DRAWN) == {method.slug for method in METHODS if method.seeded}


@pytest.mark.parametrize("slug", DRAWN)
@given(pool=pools(), data=st.data(), seed=st.integers(0, 3))
def test_a_ban_moves_no_other_row_s_draw(slug: str, pool: Pool, data: st.DataObject, seed: int) -> None:
    """Under a ban and a `within`, every row that is left has the number that it draws in the whole pool."""
    ban = data.draw(st.lists(st.integers(0, pool.n - 1), unique=True, min_size=1))
    within = data.draw(st.lists(st.integers(0, pool.n - 1), unique=True, min_size=1))
    left = sorted(set(within) - set(ban))
    assume(left and (slug not in ("kmq", "qdit") or naive.known(part_of(pool, left).quality)))
    part, uniform = part_of(pool, left), np.random.default_rng(seed).random(pool.n)[left].tolist()
    anchors = [left.index(i) for i in naive.anchors(pool.n, 2, seed, left)]
    expected = DRAWN[slug](part, len(left), uniform, anchors)
    options = {"anchors": 2} if slug == "qdit" else {}
    ranking = ruled(slug, pool, len(left), Rules(ban=tuple(ban), within=tuple(within)), seed, **options)
    assert ranking.positions.tolist() == [left[i] for i in expected]


@given(pools(), st.data(), st.integers(0, 3), st.integers(1, 5))
def test_anchors_stay_anchors_when_other_rows_are_banned(pool: Pool, data: st.DataObject, seed: int, size: int) -> None:
    left = sorted(data.draw(st.lists(st.integers(0, pool.n - 1), unique=True, min_size=1)))
    whole = anchor_sample(pool, size, np.random.default_rng(seed)).tolist()
    part = anchor_sample(pool.take(np.array(left)), size, np.random.default_rng(seed))
    assert set(whole) & set(left) <= {left[i] for i in part}
    assert len(part) == min(size, len(left))


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
    ranking = ruled_or_none(slug, pool, Budget.everything(), rules, seed)
    assume(ranking)
    assert ranking.positions.tolist() == expected


@given(pools(), st.data(), st.integers(1, 30))
def test_greedy_counts_the_pinned_rows_as_picked(pool: Pool, data: st.DataObject, limit: int) -> None:
    rules = data.draw(rules_for(pool))
    assume(rules.rows is None and len(rules.ban) < pool.n and len(rules.pin) <= limit)
    rules = Rules(rules.pin, rules.ban, exclude=rules.exclude)
    picks = entries(ruled("sae-greedselect", pool, limit, rules))
    lists = {"pin": rules.pin, "ban": rules.ban, "exclude": rules.exclude}
    expected = naive.greedselect(pool, limit, kind="uniform", tokens=False, **lists)
    assert [(i, r) for i, _, r in picks] == [(i, r) for i, _, r in expected]
    assert np.allclose([g for _, g, _ in picks], [g for _, g, _ in expected])


@pytest.mark.parametrize("slug", [m.slug for m in METHODS if not m.seeded and m.slug != "curated"])
@given(pool=pools(), data=st.data())
def test_a_method_without_chance_under_a_ban_is_the_method_on_the_rows_that_are_left(
    slug: str, pool: Pool, data: st.DataObject
) -> None:
    ban = data.draw(st.lists(st.integers(0, pool.n - 1), unique=True, min_size=1))
    left = [i for i in range(pool.n) if i not in ban]
    assume(left)
    ranking = ruled_or_none(slug, pool, len(left), Rules(ban=tuple(ban)))
    assume(ranking)
    alone = run(slug, part_of(pool, left), len(left))
    assert [(left[i], gain, number) for i, gain, number in entries(alone)] == entries(ranking)


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), tokens=st.integers(1, 120), data=st.data())
def test_a_budget_in_tokens_counts_the_rows_of_the_rules(
    slug: str, pool: Pool, tokens: int, data: st.DataObject
) -> None:
    pool = with_sources(pool)
    ranking = ruled_or_none(slug, pool, f"{tokens}tok", data.draw(rules_for(pool)))
    assume(ranking)
    assert pool.response_tokens is not None
    assert pool.response_tokens[ranking.positions].sum() <= tokens


def test_rules_that_contradict_each_other_or_the_data_are_refused_in_one_line() -> None:
    pool = Pool(n=4, response_tokens=np.array([4, 3, 2, 1], np.int32))
    for make, message in (
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
    ):
        with pytest.raises(InputError) as caught:
            make()
        assert message in str(caught.value) and "\n" not in str(caught.value)


def test_rows_missing_from_a_minimum_are_counted() -> None:
    pool = Pool(n=4, response_tokens=np.arange(4, dtype=np.int32), sources=np.array([0, 0, 0, 1], np.int32))
    ranking = ruled("longest", pool, 4, Rules(min_per_source=2))
    assert ranking.positions.tolist() == [3, 2, 1, 0]
    assert ranking.info["unfilled"] == {"source": 1}
    assert ranking.info["opening"] == {"pinned": 0, "minimum": 3}


@given(pools(), st.data())
def test_rules_survive_being_recorded(pool: Pool, data: st.DataObject) -> None:
    rules = data.draw(rules_for(pool))
    assert Rules.read(rules.record()) == rules
    assert Rules().record() == {}
