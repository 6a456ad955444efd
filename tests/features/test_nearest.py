"""Rows like a row: the fast search against a plain one, near-duplicates by their word runs."""

import numpy as np
import pytest

from explorer.features import nearest
from explorer.features.sets import FeatureSets


def plain(sets, wanted, leave_out):
    idf = np.log((1 + sets.n) / (1 + sets.counts))
    query = set(wanted)
    length = np.sqrt(sum(idf[f] ** 2 for f in query))
    found = []
    for i in range(sets.n):
        own = set(sets.row(i).tolist())
        shared = sum(idf[f] ** 2 for f in own & query)
        if shared > 1e-9 and i != leave_out:
            found.append((-shared / (length * np.sqrt(sum(idf[f] ** 2 for f in own))), i))
    return sorted((round(s, 12), i) for s, i in found)


@pytest.mark.parametrize("seed", range(3))
def test_overlap_equals_a_plain_search(seed):
    rng = np.random.default_rng(seed)
    sets = FeatureSets.from_rows([sorted(np.flatnonzero(rng.random(40) < 0.15).tolist()) for _ in range(60)], 40)
    weights = nearest.weigh(sets)
    found = nearest.by_overlap(sets, weights, sets.row(5).astype(np.int64), keep=12, leave_out=5)
    expected = plain(sets, sets.row(5).tolist(), 5)[:12]
    assert np.allclose(found.similarity, [-s for s, _ in expected])
    assert 5 not in found.ids


def test_the_same_set_has_similarity_one_and_an_empty_one_finds_nothing():
    sets = FeatureSets.from_rows([[0, 1], [0, 1], [2], []], 4)
    weights = nearest.weigh(sets)
    found = nearest.by_overlap(sets, weights, np.array([0, 1]), keep=3, leave_out=0)
    assert found.ids.tolist() == [1] and found.similarity[0] == pytest.approx(1.0)
    assert not len(nearest.by_overlap(sets, weights, np.array([], dtype=np.int64)).ids)


def test_by_embedding_the_nearest_comes_first():
    vectors = np.eye(3, dtype=np.float32)[[0, 1, 0, 2]]
    assert nearest.by_embedding(vectors, 0, keep=2).ids[0] == 2


def test_near_duplicates_share_their_word_runs():
    text = "write a short poem about the grey sea and the wide sky"
    assert nearest.resemblance(text, text) == 1.0
    assert nearest.resemblance(text, text.replace("wide", "dark")) > nearest.NEAR_DUPLICATE
    assert nearest.resemblance(text, "a recipe for bread with seeds") == 0.0
    assert nearest.resemblance("", "") == 1.0
