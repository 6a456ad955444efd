"""The suggested number of clusters, and silhouettes as scikit-learn computes them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from explorer.maps.choose_k import choose_k, silhouettes
from explorer.maps.kmeans import kmeans
from explorer.maps.vectors import unit_norm
from tests.maps.blobs import blobs


def test_silhouette_equals_scikit_learn() -> None:
    vectors, _ = blobs(1500, 6, spread=1.0)
    labels = [kmeans(vectors, k, rng=np.random.default_rng(0)).labels for k in (2, 6, 40)]
    expected = [silhouette_score(vectors, label) for label in labels]
    assert silhouettes(vectors, labels) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("k", [2, 5, 13, 37])
def test_auto_finds_the_planted_number_of_clusters(k: int) -> None:
    vectors, _ = blobs(1200, k, d=32, spread=6.0, seed=k)
    choice = choose_k(vectors, rng=np.random.default_rng(0))
    assert (choice.suggested, choice.by) == (k, "silhouette"), choice.why


def test_without_separate_groups_the_elbow_is_suggested_with_its_reason() -> None:
    vectors = unit_norm(np.random.default_rng(0).standard_normal((400, 32)).astype(np.float32))
    choice = choose_k(vectors, rng=np.random.default_rng(0))
    assert choice.by == "elbow" and choice.suggested == choice.elbow
    assert "no k gives well-separated clusters" in choice.why
    assert len(choice.ks) == len(choice.inertia) == len(choice.silhouette)
