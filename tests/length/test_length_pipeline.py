from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from explorer import records
from explorer.errors import InputError
from explorer.pipeline.length import length, measure
from explorer.workspace import Store

N = 400


def made_up(path: Path, kind: str, n: int = N) -> Store:
    """A workspace in which length matters, is a proxy for the source, is noise, or works against the sources."""
    draw = np.random.default_rng(0)
    source = np.arange(n) % 2
    tokens = draw.integers(10, 200, n)
    if kind == "matters":
        count = tokens // 3
    elif kind == "proxy":
        tokens = np.where(source == 0, draw.integers(10, 60, n), draw.integers(200, 260, n))
        count = np.where(source == 0, draw.integers(10, 30, n), draw.integers(60, 80, n))
    elif kind == "turned":
        tokens = np.where(source == 0, draw.integers(10, 100, n), draw.integers(110, 200, n))
        count = np.where(source == 0, 60 - tokens // 3, 140 - tokens // 3)
    else:
        count = draw.integers(5, 60, n)
    store = Store.create(path)
    rows = {name: [None] * n for name in records.SAMPLES.names} | {
        "sample_id": list(range(n)),
        "response_chars": (tokens * 4).tolist(),
        "source": [f"file-{s}.json" for s in source],
    }
    with store.draft("samples", parameters={"kind": kind}, inputs={}) as draft:
        draft.write(pa.table(rows, schema=records.SAMPLES))
        samples = draft.commit()
    pairs = [
        (i, int(f), "response", float(a), 1)
        for i in range(n)
        for f, a in zip(np.sort(draw.choice(500, count[i], replace=False)), draw.uniform(3, 9, count[i]), strict=True)
    ]
    columns = zip(*pairs, strict=True)
    seen = {name: np.zeros(n, np.int32) for name in records.TOKENS.names} | {
        "sample_id": np.arange(n),
        "response_tokens": tokens.astype(np.int32),
        "truncated": np.zeros(n, bool),
    }
    with store.draft("activations", parameters={}, inputs={"samples": samples.id}) as draft:
        draft.write(pa.table([list(c) for c in columns], schema=records.PAIRS), "by_sample")
        draft.write(pa.table(seen, schema=records.TOKENS), "tokens")
        draft.info = {"d_sae": 500, "default_threshold": 2.0}
        draft.commit()
    return store


def test_the_result_is_json_and_holds_the_promised_keys(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "matters"))
    found = json.loads(json.dumps(asdict(result), allow_nan=False))
    assert set(found) >= {"pearson", "pearson_low", "pearson_high", "spearman", "threshold", "samples", "curve"}
    assert set(found) >= {"per_source", "partial", "fits", "summary"}
    assert found["threshold"] == 2.0 and found["samples"] == N
    assert found["pearson_low"] <= found["pearson"] <= found["pearson_high"]
    assert [entry["source"] for entry in found["per_source"]] == ["file-0.json", "file-1.json"]


def test_summary_says_that_length_matters_where_it_does(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "matters"))
    assert "almost fixes" in result.summary
    assert "not an artefact of mixing groups" in result.summary
    assert result.warnings == []


def test_summary_says_that_length_stands_for_the_source(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "proxy"))
    assert len(result.warnings) == 1
    assert "comes from mixing sources, not from length itself" in result.summary
    assert "not an artefact" not in result.summary


def test_summary_warns_of_simpsons_paradox(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "turned"))
    assert "Simpson's paradox: the sign turns round inside sources" in result.summary


def test_summary_says_that_length_is_noise(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "noise"))
    assert "says nothing about how many features" in result.summary
    assert "artefact" not in result.summary and result.warnings == []


def test_another_threshold_needs_no_reading_and_gives_the_same_counts(tmp_path: Path) -> None:
    store = made_up(tmp_path / "ws", "matters")
    measured = measure(store)
    again = length(store, threshold=5.0, measured=measured)
    assert again == length(store, threshold=5.0)
    assert np.array_equal(measured.count(5.0), measured.sets.above(5.0).sizes)


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


def test_a_threshold_above_every_activation_leaves_the_correlation_undefined(tmp_path: Path) -> None:
    result = length(made_up(tmp_path / "ws", "noise", 60), threshold=100.0)
    assert result.pearson is None and "undefined" in result.summary
