from __future__ import annotations

from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from explorer.errors import InputError
from explorer.maps.choose_k import choose_k, silhouettes
from explorer.maps.kmeans import adjusted_rand, kmeans, stability
from explorer.maps.vectors import unit_norm


def blobs(n: int, k: int, d: int = 16, *, spread: float = 3.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = np.sort(rng.integers(k, size=n))
    centres = rng.standard_normal((k, d)) * spread
    return unit_norm((centres[label] + rng.standard_normal((n, d))).astype(np.float32)), label


def run(vectors: np.ndarray, k: int, seed: int = 0, starts: int = 1):
    return kmeans(vectors, k, rng=np.random.default_rng(seed), starts=starts)


def test_same_seed_gives_the_same_clusters_on_any_number_of_threads() -> None:
    vectors, _ = blobs(3000, 20, spread=0.5)
    threads = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(2)
        two = run(vectors, 20)
        faiss.omp_set_num_threads(1)
        one = run(vectors, 20)
    finally:
        faiss.omp_set_num_threads(threads)
    assert np.array_equal(one.labels, two.labels)
    assert one.inertia == two.inertia


def test_inertia_is_that_of_the_assignment_and_close_to_scikit_learn() -> None:
    vectors, _ = blobs(2000, 12, spread=1.0)
    ours = run(vectors, 12, starts=3)
    gap = vectors - ours.centroids[ours.labels]
    assert ours.inertia == pytest.approx(float((gap**2).sum()), rel=1e-5)
    assert np.allclose(ours.distances, np.linalg.norm(gap, axis=1), atol=1e-5)
    reference: Any = KMeans(12, n_init="auto", random_state=0).fit(vectors)
    assert ours.inertia <= reference.inertia_ * 1.001


def test_planted_groups_are_found_exactly() -> None:
    vectors, label = blobs(900, 9, spread=6.0)
    assert adjusted_rand_score(label, run(vectors, 9, starts=3).labels) == 1.0


def test_clusters_are_numbered_from_the_largest() -> None:
    sizes = run(blobs(500, 7)[0], 7).sizes
    assert list(sizes) == sorted(sizes, reverse=True)
    assert sizes.sum() == 500


def test_k_equal_to_n_gives_every_distinct_sample_its_own_cluster() -> None:
    vectors, _ = blobs(12, 3)
    assert run(vectors, 12).k == 12


def test_identical_samples_leave_fewer_clusters_and_no_empty_one() -> None:
    vectors = np.repeat(np.eye(3, dtype=np.float32), 5, axis=0)
    found = run(vectors, 8)
    assert 3 <= found.k <= 8
    assert found.sizes.min() > 0
    assert found.inertia == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("k", [0, -1, 11, 2.5])
def test_k_out_of_range_is_refused_in_one_line(k: float) -> None:
    with pytest.raises(InputError, match="number of clusters k") as caught:
        run(np.eye(10, dtype=np.float32), k)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_an_embedding_with_nan_is_refused() -> None:
    vectors = np.eye(4, dtype=np.float32)
    vectors[0, 0] = np.nan
    with pytest.raises(InputError, match="NaN"):
        run(vectors, 2)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=40))
def test_adjusted_rand_equals_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    one, other = (np.array(column, dtype=np.int32) for column in zip(*pairs, strict=True))
    assert adjusted_rand(one, other) == pytest.approx(adjusted_rand_score(one, other))


def test_silhouette_equals_scikit_learn() -> None:
    vectors, _ = blobs(1500, 6, spread=1.0)
    labels = [run(vectors, k).labels for k in (2, 6, 40)]
    expected = [silhouette_score(vectors, label) for label in labels]
    assert silhouettes(vectors, labels) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("k", [2, 5, 13, 37])
def test_auto_finds_the_planted_number_of_clusters(k: int) -> None:
    vectors, _ = blobs(1200, k, d=32, spread=6.0, seed=k)
    choice = choose_k(vectors, rng=np.random.default_rng(0))
    assert (choice.suggested, choice.by) == (k, "silhouette"), choice.why


def test_without_separate_groups_the_elbow_is_suggested_and_said() -> None:
    vectors = unit_norm(np.random.default_rng(0).standard_normal((400, 32)).astype(np.float32))
    choice = choose_k(vectors, rng=np.random.default_rng(0))
    assert choice.by == "elbow" and choice.suggested == choice.elbow
    assert "no k gives clusters that stand apart" in choice.why
    assert len(choice.ks) == len(choice.inertia) == len(choice.silhouette)


def test_stability_is_one_for_planted_groups_and_low_for_noise() -> None:
    assert stability(blobs(300, 4, spread=8.0)[0], 4, seeds=(0, 1, 2)).mean == 1.0
    noise = np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32)
    assert stability(noise, 8, seeds=(0, 1, 2)).low < 0.5
