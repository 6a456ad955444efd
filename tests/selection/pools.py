"""Hypothesis strategies for small pools with hard cases: empty sets, duplicates, ties, a single sample."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from explorer.features.sets import FeatureSets
from explorer.registry import build
from explorer.selection.budget import Budget
from explorer.selection.method import Pool, Ranking
from explorer.selection.methods import METHODS


@st.composite
def feature_sets(draw: st.DrawFn, max_samples: int = 24, max_width: int = 12) -> FeatureSets:
    """Sets over few features, so that ties and equal sets are common."""
    width = draw(st.integers(1, max_width))
    row = st.sets(st.integers(0, width - 1), max_size=width).map(sorted)
    rows = draw(st.lists(row, min_size=1, max_size=max_samples))
    values = [[draw(st.sampled_from([0.5, 1.0, 2.5])) for _ in r] for r in rows]
    return FeatureSets.from_rows(rows, width, values)


@st.composite
def pools(draw: st.DrawFn, max_samples: int = 24) -> Pool:
    """A pool with every field a method may need; few distinct values everywhere."""
    sets = draw(feature_sets(max_samples))
    n = sets.n
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    few = rng.integers(0, 4, n)
    few[0] = 1  # so that hash1 is always there
    clusters = rng.integers(0, draw(st.integers(1, 4)), n).astype(np.int32)
    vectors = rng.integers(-1, 2, (n, 3)).astype(np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)
    quality = rng.integers(-1 if draw(st.booleans()) else 0, 4, n).astype(np.float64)
    quality[rng.random(n) < 0.2] = np.nan
    quality[0] = 1.0
    runs = tuple(rng.permutation(n)[: rng.integers(1, n + 1)].astype(np.int64) for _ in range(3))
    return Pool(
        n=n,
        features=sets,
        response_tokens=(few * 3).astype(np.int32),
        embeddings=vectors,
        clusters=clusters,
        distances=(few / 4).astype(np.float32),
        quality=quality,
        tags=sets,
        hashes=np.array([f"hash{value}" for value in few]),
        runs=runs,
    )


budgets = st.one_of(
    st.integers(1, 40).map(lambda rows: Budget(rows, "rows")),
    st.floats(0.01, 1.0).map(lambda share: Budget(share, "share")),
)

EXTRA = {
    "curated": {"rows": ("0", "hash1", "0")},
    "union": {"runs": ("a", "b", "c")},
    "intersection": {"runs": ("a", "b", "c")},
    "vote": {"runs": ("a", "b", "c")},
}
PARTIAL = ("curated", "union", "intersection", "vote")  # they hold only some of the samples


def run(slug: str, pool: Pool, budget: Budget | int | str, seed: int = 0, **params: object) -> Ranking:
    """Rank with a method by its slug, its parameters parsed as the command line does."""
    method = METHODS[slug]
    options = build(method.Params, {**EXTRA.get(slug, {}), **params}, owner=slug)
    return method.rank(pool, Budget.parse(budget), options, np.random.default_rng(seed))


def part_of(pool: Pool, rows: list[int]) -> Pool:
    """The pool of only these rows, taken apart and put together here."""
    assert pool.features is not None
    sets = pool.features
    spans = [slice(sets.indptr[i], sets.indptr[i + 1]) for i in rows]
    part = FeatureSets.from_rows(
        [sets.indices[span].tolist() for span in spans], sets.width, [sets.values[span].tolist() for span in spans]
    )
    arrays = ("response_tokens", "embeddings", "clusters", "distances", "quality", "hashes", "sources")
    values = {name: getattr(pool, name) for name in arrays}
    runs = tuple(np.array([rows.index(i) for i in run.tolist() if i in rows], np.int64) for run in pool.runs)
    taken = {name: None if value is None else value[rows] for name, value in values.items()}
    return Pool(n=len(rows), features=part, tags=part, runs=runs, **taken)


def entries(ranking: Ranking) -> list[tuple[int, float, int]]:
    """(position, gain, round) of every pick."""
    return list(zip(ranking.positions.tolist(), ranking.gain.tolist(), ranking.round.tolist(), strict=True))
