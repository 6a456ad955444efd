from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy import stats

from explorer.errors import InputError
from explorer.pipeline.length import analyse, length
from explorer.workspace import Artifact
from tests.length.workspaces import N, made_up
from tests.synthetic import build


def test_the_result_is_json_and_holds_the_promised_keys(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "matters"))
    values = json.loads(json.dumps(asdict(result), allow_nan=False))
    assert set(values) >= {"pearson", "pearson_low", "pearson_high", "spearman", "threshold", "samples", "curve"}
    assert set(values) >= {"per_source", "partial", "fits", "summary"}
    assert values["threshold"] == 2.0 and values["samples"] == N
    assert values["pearson_low"] <= values["pearson"] <= values["pearson_high"]
    assert [entry["source"] for entry in values["per_source"]] == ["file-0.json", "file-1.json"]


def _by_sample(artifact: Artifact, columns: str, table: str = "", where: str = "true") -> list[tuple]:
    folder = artifact.path / table if table else artifact.path
    query = f"SELECT {columns} FROM read_parquet('{folder}/*.parquet') WHERE {where} GROUP BY ALL ORDER BY sample_id"
    return duckdb.sql(query).fetchall()


def test_r_in_each_cluster_is_that_of_its_rows(tmp_path: Path) -> None:
    store = build(tmp_path / "ws", samples=240).store
    result = length(store, threshold=2.0)
    clusters, activations = store.newest("clusters"), store.newest("activations")
    assert clusters is not None and activations is not None
    cluster = np.array([c for _, c in _by_sample(clusters, "sample_id, cluster")])
    tokens = np.array([t for _, t in _by_sample(activations, "sample_id, response_tokens", "tokens")])
    features = np.zeros(len(tokens), dtype=int)
    above = _by_sample(activations, "sample_id, count(*)", "by_sample", "segment = 'response' AND max_act > 2.0")
    for row, count in above:
        features[row] = count
    assert [entry["code"] for entry in result.per_cluster] == sorted(set(cluster.tolist()))
    residual = np.stack([tokens, features]).astype(float)
    for entry in result.per_cluster:
        inside = cluster == entry["code"]
        assert entry["samples"] == inside.sum()
        assert entry["pearson"] == pytest.approx(stats.pearsonr(tokens[inside], features[inside])[0], abs=1e-9)
        assert entry["pearson_low"] < entry["pearson"] < entry["pearson_high"]
        residual[:, inside] -= residual[:, inside].mean(axis=1, keepdims=True)
    assert len({entry["cluster"] for entry in result.per_cluster}) == len(result.per_cluster)
    assert result.partial["cluster"]["pearson"] == pytest.approx(stats.pearsonr(*residual)[0], abs=1e-9)
    assert "given the cluster" in result.summary


def test_a_threshold_between_two_steps_has_its_own_numbers_and_the_curve_keeps_its_steps(tmp_path: Path) -> None:
    store = made_up(tmp_path / "ws", "matters")
    at_default, between = length(store), length(store, threshold=5.005)
    assert between.threshold == 5.005 and between.pearson != at_default.pearson
    assert between.curve == at_default.curve and between.source_curves == at_default.source_curves
    assert analyse(store, threshold=5.005).at.features.sum() < analyse(store, threshold=5.0).at.features.sum()


def test_the_longest_feature_poor_rows_are_the_listed_outliers(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "matters", poor=12))
    assert {row["sample_id"] for row in result.residuals["feature_poor"]} == set(range(N - 12, N))
    assert result.without_off_trend["feature_poor"] == 12 and result.residuals["feature_rich"] == []


def test_coverage_of_greedy_is_never_below_longest_in_its_first_picks(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "noise"))
    assert result.decomposition is not None
    assert result.decomposition["greedy"] >= result.decomposition["longest"]
    assert {"longest", "random", "sae-greedselect", "length-matched-random"} <= set(result.coverage)


@pytest.mark.parametrize("options", [{"threshold": float("nan")}, {"segment": "middle"}, {"threshold": -1}])
def test_bad_options_are_refused_in_one_line(tmp_path: Path, options: dict) -> None:
    with pytest.raises(InputError) as caught:
        length(made_up(tmp_path / "ws", "noise", 40), **options)
    assert "\n" not in str(caught.value)


def test_fewer_than_three_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 3 samples"):
        length(made_up(tmp_path / "ws", "noise", 2))


def test_a_threshold_above_every_activation_leaves_the_correlation_undefined(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "noise", 60), threshold=100.0)
    assert result.pearson is None and "undefined" in result.summary
    assert result.coverage == {} and result.decomposition is None
