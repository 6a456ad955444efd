"""k-means: seeded, the same on any number of threads, as good as scikit-learn's."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from explorer.errors import InputError
from explorer.maps.kmeans import kmeans, stability
from tests.maps.blobs import blobs


def run(vectors: np.ndarray, k: int, seed: int = 0, starts: int = 1):
    return kmeans(vectors, k, rng=np.random.default_rng(seed), starts=starts)


def test_same_seed_gives_the_same_clusters_on_any_number_of_threads() -> None:
    vectors, _ = blobs(3000, 20, spread=0.5)
    threads = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(2)
        on_two = run(vectors, 20)
        faiss.omp_set_num_threads(1)
        on_one = run(vectors, 20)
    finally:
        faiss.omp_set_num_threads(threads)
    assert np.array_equal(on_one.labels, on_two.labels)
    assert on_one.inertia == on_two.inertia


def test_another_seed_gives_other_clusters_of_about_the_same_inertia() -> None:
    vectors, _ = blobs(2000, 40, spread=0.3)
    first, second = run(vectors, 40, seed=0), run(vectors, 40, seed=1)
    assert not np.array_equal(first.labels, second.labels)
    assert first.inertia == pytest.approx(second.inertia, rel=0.02)


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
    clustering = run(vectors, 8)
    assert 3 <= clustering.k <= 8
    assert clustering.sizes.min() > 0
    assert clustering.inertia == pytest.approx(0, abs=1e-6)


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


def test_stability_is_one_for_planted_groups_and_low_for_noise() -> None:
    assert stability(blobs(300, 4, spread=8.0)[0], 4, seeds=(0, 1, 2)).mean == 1.0
    noise = np.random.default_rng(0).standard_normal((300, 16)).astype(np.float32)
    agreement = stability(noise, 8, seeds=(0, 1, 2))
    labels = [run(noise, 8, seed).labels for seed in (0, 1, 2)]
    assert len(agreement.pairwise) == 3 and agreement.low == min(agreement.pairwise) < 0.5
    assert agreement.mean == pytest.approx(np.mean(agreement.pairwise))
    assert all(0 < adjusted_rand_score(labels[0], other) < 1 for other in labels[1:])
