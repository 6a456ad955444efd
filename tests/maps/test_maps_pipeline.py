from __future__ import annotations

import numpy as np
import pytest

from explorer import records
from explorer.errors import InputError, MissingStep
from explorer.maps.projections import PROJECTIONS, Drawn, Inputs
from explorer.pipeline.cluster import cluster, curves
from explorer.pipeline.embed import embed
from explorer.pipeline.project import project
from explorer.progress import silent
from explorer.queries.vectors import load_vectors
from explorer.workspace import Snapshot, Store
from tests.maps.conftest import make_workspace


def test_embed_writes_unit_vectors_and_a_second_run_finds_them(workspace: Store) -> None:
    first = embed(workspace)
    again = embed(workspace)
    artifact = workspace.resolve("embeddings", first.artifact)
    vectors = load_vectors(artifact, 60)
    assert (first.existed, again.existed, again.artifact) == (False, True, first.artifact)
    assert vectors.shape == (60, 16) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert Snapshot.newest(workspace).table("embeddings").to_arrow_table().schema.names == records.EMBEDDINGS.names


def test_sae_tfidf_embeds_from_the_stored_features(workspace: Store) -> None:
    result = embed(workspace, method="sae-tfidf", params={"dimensions": "8"})
    assert (result.samples, result.dimensions) == (60, 8)


def test_cluster_makes_the_default_embedding_and_says_so(workspace: Store) -> None:
    result = cluster(workspace, k=3)
    assert result.made == [f"embeddings/{Snapshot.newest(workspace).require('embeddings').id}"]
    rows = Snapshot.newest(workspace).table("clusters").to_arrow_table()
    labels = rows.column("cluster").to_numpy()
    assert sorted(np.bincount(labels)) == [20, 20, 20]
    assert all(len(set(labels[i::3])) == 1 for i in range(3)), "clusters are the topics"
    assert cluster(workspace, k=3).existed


def test_cluster_cards_carry_readable_names(workspace: Store) -> None:
    names = cluster(workspace, k="3").names
    assert any("garden" in name or "roses" in name or "prune" in name for name in names)
    assert len(set(names)) == 3


def test_auto_keeps_both_curves_and_the_reason_in_the_manifest(workspace: Store) -> None:
    result = cluster(workspace, k="auto")
    assert result.k == 3
    assert result.choice is not None
    assert set(result.choice) >= {"ks", "inertia", "silhouette", "suggested", "why", "elbow"}


@pytest.mark.parametrize("k", [0, 61, "many", "2.5"])
def test_a_bad_k_is_refused_before_any_work(workspace: Store, k: int | str) -> None:
    with pytest.raises(InputError, match="number of clusters"):
        cluster(workspace, k=k)
    assert workspace.artifacts("embeddings") == []


def test_the_same_seed_gives_the_same_map_and_parameters_are_kept(workspace: Store, tmp_path) -> None:
    other = make_workspace(tmp_path / "other")
    tables = [_places(s, project(s, params={"neighbours": 5}).artifact) for s in (workspace, other)]
    assert np.array_equal(tables[0], tables[1])
    assert Snapshot.newest(workspace).require("projections").manifest.parameters["params"]["neighbours"] == 5


def test_rows_outside_the_fit_are_placed_near_their_topic(workspace: Store) -> None:
    places = _places(workspace, project(workspace, params={"fit_rows": 40, "neighbours": 8}).artifact)
    topic = np.arange(60) % 3
    centres = np.stack([places[topic == t].mean(axis=0) for t in range(3)])
    nearest = ((places[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == topic).mean() > 0.9


@pytest.mark.parametrize("method", ["umap-features", "pca"])
def test_other_projections_give_one_finite_point_a_sample(workspace: Store, method: str) -> None:
    result = project(workspace, method=method)
    places = _places(workspace, result.artifact)
    assert places.shape == (60, 2) and np.isfinite(places).all() and places.std() > 0


def test_an_unknown_projection_is_refused(workspace: Store) -> None:
    with pytest.raises(InputError, match="unknown projection 'tsne'"):
        project(workspace, method="tsne")


def test_without_an_extraction_the_command_that_makes_it_is_named(tmp_path) -> None:
    store = make_workspace(tmp_path / "ws")
    store.discard(Snapshot.newest(store).require("activations"))
    with pytest.raises(MissingStep, match="explorer extract"):
        cluster(store, k=3)


def _places(store: Store, reference: str) -> np.ndarray:
    artifact = store.resolve("projections", reference)
    table = store.sql(f"SELECT x, y FROM {store.scan(artifact)} ORDER BY sample_id").to_arrow_table()
    return np.column_stack([table.column("x").to_numpy(), table.column("y").to_numpy()])


def test_what_k_rests_on_is_stored_with_the_clusters_and_the_curves_are_worked_out_for_a_given_k(
    workspace: Store,
) -> None:
    kept = workspace.resolve("clusters", cluster(workspace, k="auto").artifact)
    assert curves(workspace, kept) == kept.manifest.info["choice"]
    assert 0.9 < kept.manifest.info["stability"]["mean"] <= 1.0, "the three topics are found from any seed"
    given = workspace.resolve("clusters", cluster(workspace, k=4).artifact)
    assert given.manifest.info["choice"] is None
    assert curves(workspace, given)["suggested"] == 3


@pytest.mark.parametrize("metric", ["cosine", "jaccard"])
def test_feature_sets_outside_the_fit_are_placed_near_their_topic(workspace: Store, metric: str) -> None:
    params = {"fit_rows": 45, "neighbours": 8, "metric": metric}
    places = _places(workspace, project(workspace, method="umap-features", params=params).artifact)
    topic = np.arange(60) % 3
    centres = np.stack([np.median(places[topic == t], axis=0) for t in range(3)])
    nearest = ((places[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == topic).mean() > 0.85


def test_other_rows_are_placed_on_a_map_that_is_there(workspace: Store) -> None:
    params = {"neighbours": 8, "metric": "jaccard"}
    drawn = project(workspace, method="umap-features", seed=3, params=params)
    places = _places(workspace, drawn.artifact)
    topic = np.arange(60) % 3
    centres = np.stack([np.median(places[topic == t], axis=0) for t in range(3)])
    make_workspace(workspace.path, n=30, seed=1)
    result = project(workspace, onto=drawn.artifact)
    assert result.samples == 30 and result.method == "umap-features"
    placed = _places(workspace, result.artifact)
    nearest = ((placed[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == np.arange(30) % 3).mean() > 0.85
    manifest = workspace.resolve("projections", result.artifact).manifest
    assert manifest.parameters["params"]["metric"] == "jaccard" and manifest.seed == 3
    assert project(workspace, onto=drawn.artifact).existed
    with pytest.raises(InputError, match="was itself placed"):
        project(workspace, onto=result.artifact)


def test_rows_are_not_placed_on_a_map_whose_axes_belong_to_other_rows(workspace: Store) -> None:
    drawn = project(workspace, method="pca")
    make_workspace(workspace.path, n=30, seed=1)
    with pytest.raises(InputError, match="cannot be placed on a map of lm-mean"):
        project(workspace, onto=drawn.artifact)


def test_other_vectors_go_along_the_directions_of_a_principal_component_map() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((50, 6)).astype(np.float32)
    how = PROJECTIONS["pca"]
    places = how.project(Inputs(vectors=vectors), how.Params(), 0, silent)
    again = how.place(Drawn(Inputs(vectors=vectors), places), Inputs(vectors=vectors[7:9]), how.Params(), 0, silent)
    assert np.allclose(again, places[7:9], atol=1e-5)
