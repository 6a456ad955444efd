"""What every method must do, whatever it maximises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.features.sets import FeatureSets
from explorer.registry import describe
from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool
from explorer.selection.methods import METHODS
from tests.selection.pools import PARTIAL, budgets, entries, pools, run

SLUGS = METHODS.slugs
NEEDED = frozenset({"features", "lengths", "embeddings", "clusters", "quality", "runs", "hashes", "tags"})


def test_the_list_holds_every_method_of_both_papers_and_their_baselines() -> None:
    assert set(SLUGS) == {
        "sae-greedselect", "sae-saturated", "sae-simscale", "longest", "random", "length-matched-random",
        "kmeans-random", "kmeans-closest", "kmq", "k-center", "repr-filter", "deita", "qdit", "instag", "quality-top",
        "curated", "union", "intersection", "vote",
    }  # fmt: skip


@pytest.mark.parametrize("method", list(METHODS), ids=SLUGS)
def test_a_method_documents_itself(method: Method) -> None:
    doc = type(method).__doc__ or ""
    for part in ("Objective:", "Needs:", "Cost:", "Nested:", "Ties:", "Source:"):
        assert part in doc, part
    assert method.title and method.goal and method.needs <= NEEDED
    assert f"Nested: {'yes' if method.nested else 'no'}" in doc
    assert all(spec.doc for spec in describe(method.Params))


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), budget=budgets)
def test_the_budget_is_filled_exactly_and_without_duplicates(slug: str, pool: Pool, budget: Budget) -> None:
    try:
        ranking = run(slug, pool, budget)
    except InputError as error:
        assert slug == "intersection" and "agree on no sample" in str(error)
        return
    rows = min(pool.n, budget.rows(pool.n))
    assert len(set(ranking.positions.tolist())) == len(ranking)
    assert len(ranking) == rows or (slug in PARTIAL and len(ranking) < rows)
    assert ranking.positions.min() >= 0 and ranking.positions.max() < pool.n
    assert np.all(np.isfinite(ranking.gain))


@pytest.mark.parametrize("slug", [method.slug for method in METHODS if method.nested])
@given(pool=pools(), rows=st.integers(1, 30), seed=st.integers(0, 3))
def test_a_nested_method_gives_the_start_of_its_larger_result(slug: str, pool: Pool, rows: int, seed: int) -> None:
    try:
        whole = run(slug, pool, Budget.everything(), seed)
    except InputError:
        return
    assert entries(run(slug, pool, rows, seed)) == entries(whole.head(rows))


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), tokens=st.integers(1, 120))
def test_a_budget_in_tokens_is_never_exceeded(slug: str, pool: Pool, tokens: int) -> None:
    try:
        ranking = run(slug, pool, f"{tokens}tok")
    except InputError as error:
        assert "no sample fits" in str(error) or "agree on no sample" in str(error)
        return
    assert pool.response_tokens is not None
    assert pool.response_tokens[ranking.positions].sum() <= tokens


@pytest.mark.parametrize("slug", SLUGS)
def test_a_method_refuses_in_one_line_when_something_is_missing(slug: str) -> None:
    if slug == "random":
        pytest.skip("random needs nothing")
    with pytest.raises(InputError) as caught:
        run(slug, Pool(n=3), 2)
    assert "needs" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), seed=st.integers(0, 3))
def test_the_same_seed_gives_the_same_ranking(slug: str, pool: Pool, seed: int) -> None:
    try:
        assert entries(run(slug, pool, 7, seed)) == entries(run(slug, pool, 7, seed))
    except InputError as error:
        assert "agree on no sample" in str(error)


def test_all_sets_empty_are_ranked_by_id() -> None:
    pool = Pool(n=3, features=FeatureSets.from_rows([[], [], []], 4))
    for slug in ("sae-greedselect", "sae-saturated", "sae-simscale", "instag"):
        assert entries(run(slug, pool, 5)) == [(0, 0.0, 0), (1, 0.0, 0), (2, 0.0, 0)]


def test_a_pool_of_the_wrong_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        Pool(n=3, quality=np.zeros(2))
