"""Contract of every method, whatever it maximises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.features.sets import FeatureSets
from explorer.registry import describe
from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking
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


def run_or_none(slug: str, pool: Pool, budget: Budget | int | str, seed: int = 0) -> Ranking | None:
    """The ranking, None where no sample can be taken."""
    try:
        return run(slug, pool, budget, seed)
    except InputError as error:
        assert "no sample fits" in str(error) or (slug == "intersection" and "agree on no sample" in str(error))
        return None


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), budget=budgets)
def test_the_budget_is_filled_exactly_and_without_duplicates(slug: str, pool: Pool, budget: Budget) -> None:
    ranking = run_or_none(slug, pool, budget)
    assume(ranking)
    rows = min(pool.n, budget.rows(pool.n))
    assert len(set(ranking.positions.tolist())) == len(ranking)
    assert len(ranking) == rows or (slug in PARTIAL and len(ranking) < rows)
    assert ranking.positions.min() >= 0 and ranking.positions.max() < pool.n
    assert np.all(np.isfinite(ranking.gain))


@pytest.mark.parametrize("slug", [method.slug for method in METHODS if method.nested])
@given(pool=pools(), rows=st.integers(1, 30), seed=st.integers(0, 3))
def test_a_nested_method_gives_the_start_of_its_larger_result(slug: str, pool: Pool, rows: int, seed: int) -> None:
    whole = run_or_none(slug, pool, Budget.everything(), seed)
    assume(whole)
    assert entries(run(slug, pool, rows, seed)) == entries(whole.head(rows))


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), tokens=st.integers(1, 120))
def test_a_budget_in_tokens_is_never_exceeded(slug: str, pool: Pool, tokens: int) -> None:
    ranking = run_or_none(slug, pool, f"{tokens}tok")
    assume(ranking)
    assert pool.response_tokens is not None
    assert pool.response_tokens[ranking.positions].sum() <= tokens


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if slug != "random"])
def test_a_method_refuses_in_one_line_when_something_is_missing(slug: str) -> None:
    with pytest.raises(InputError) as caught:
        run(slug, Pool(n=3), 2)
    assert "needs" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("slug", SLUGS)
@given(pool=pools(), seed=st.integers(0, 3))
def test_the_same_seed_gives_the_same_ranking(slug: str, pool: Pool, seed: int) -> None:
    ranking = run_or_none(slug, pool, 7, seed)
    assume(ranking)
    assert entries(ranking) == entries(run(slug, pool, 7, seed))


@pytest.mark.parametrize("method", list(METHODS), ids=SLUGS)
def test_another_seed_changes_the_ranking_of_a_method_that_draws_and_of_no_other(method: Method) -> None:
    rng = np.random.default_rng(0)
    rows = [sorted(rng.choice(30, 5, replace=False).tolist()) for _ in range(60)]
    vectors = rng.standard_normal((60, 6)).astype(np.float32)
    runs = tuple(rng.permutation(60)[:30].astype(np.int64) for _ in range(3))
    sets = FeatureSets.from_rows(rows, 30)
    pool = Pool(
        n=60,
        features=sets,
        tags=sets,
        response_tokens=rng.integers(1, 90, 60).astype(np.int32),
        embeddings=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        clusters=np.arange(60, dtype=np.int32) % 3,
        distances=rng.random(60).astype(np.float32),
        quality=rng.random(60),
        hashes=np.array([f"hash{i}" for i in range(60)]),
        runs=runs,
    )
    params = {"anchors": 10} if method.slug == "qdit" else {}
    first, second = (run(method.slug, pool, 20, seed, **params).positions.tolist() for seed in (0, 1))
    assert (first != second) == method.seeded


def test_all_sets_empty_are_ranked_by_id() -> None:
    pool = Pool(n=3, features=FeatureSets.from_rows([[], [], []], 4))
    for slug in ("sae-greedselect", "sae-saturated", "sae-simscale", "instag"):
        assert entries(run(slug, pool, 5)) == [(0, 0.0, 0), (1, 0.0, 0), (2, 0.0, 0)]


def test_a_pool_of_the_wrong_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        Pool(n=3, quality=np.zeros(2))
