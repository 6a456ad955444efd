"""Extraction against a plain reference, and its invariances: shards, batch size, row order, resuming."""

import hashlib
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from explorer.errors import InputError
from explorer.features import evidence
from explorer.features import extract as features
from explorer.lm.attention import ATTENTION
from explorer.lm.layout import PROMPT, RESPONSE, lay_out
from explorer.lm.model import load_model
from explorer.lm.reader import Reader
from explorer.pipeline import extract as pipeline
from explorer.pipeline.extract import extract
from explorer.pipeline.ingest import ingest
from explorer.sae.load import load_sae
from explorer.workspace import Snapshot, Store
from tests import tiny

WORDS = (
    "the quick brown fox jumps over lazy dog write poem sea sand sky Paris France capital 12 30 42 def return".split()
)


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    for i in range(n):
        words = rng.choice(WORDS, size=int(rng.integers(2, 40)))
        yield {"instruction": f"task {i}", "input": "", "output": " ".join(words)}


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    return str(tiny.save_model(folder / "model")), str(tiny.save_sae(folder / "sae", width=48))


def workspace(path, data):
    import json

    source = path.with_suffix(".jsonl")
    source.write_text("".join(json.dumps(row) + "\n" for row in data), "utf-8")
    store = Store.create(path)
    ingest(store, str(source))
    return store


def run(store, parts, **options):
    return extract(store, model=parts[0], sae=parts[1], dtype="float32", **options)


def pairs(store, table="by_sample"):
    return store.sql(f"FROM {store.scan(Snapshot.newest(store).require('activations'), table)}").df()


def digests(store):
    folder = Snapshot.newest(store).require("activations").path
    files = sorted(file for file in folder.rglob("*.parquet"))
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def read_plainly(parts, data):
    """Segment codes [T] and residuals [T, d] of each row, read one by one without padding."""
    model = load_model(parts[0], dtype="float32")
    for row in data:
        turns = [("user", row["instruction"]), ("assistant", row["output"])]
        [layout] = lay_out(model.tokenizer, [turns], max_tokens=1024)
        with torch.inference_mode():
            states = model.model(torch.from_numpy(layout.ids.astype(np.int64))[None], output_hidden_states=True)
        yield layout.segment, states.hidden_states[2][0]


@pytest.mark.parametrize("sink_factor", [8.0, 1.0])
def test_tables_and_figures_equal_a_plain_loop_over_tokens(tmp_path, parts, monkeypatch, sink_factor):
    monkeypatch.setattr(features, "SINK_FACTOR", sink_factor)
    monkeypatch.setattr(features, "FVU_EVERY", 1)
    store = workspace(tmp_path / "w", rows(12))
    result = run(store, parts)
    sae = load_sae(parts[1]).sae
    readings = list(read_plainly(parts, rows(12)))
    content = torch.cat([states[torch.from_numpy(segment > 0)] for segment, states in readings])
    limit = sink_factor * float(content.norm(dim=-1).median())
    expected = {}
    for i, (segment, states) in enumerate(readings):
        acts = sae.encode(states).numpy()
        is_counted = (states.norm(dim=-1) <= limit).numpy()
        for name, code in (("prompt", PROMPT), ("response", RESPONSE)):
            block = acts[is_counted & (segment == code)]
            for feature in np.flatnonzero((block > 0).any(axis=0)):
                expected[i, int(feature), name] = (block[:, feature].max(), int((block[:, feature] > 0).sum()))
    stored = {(r.sample_id, r.feature_id, r.segment): (r.max_act, r.n_tokens) for r in pairs(store).itertuples()}
    assert stored.keys() == expected.keys()
    for key, (value, count) in expected.items():
        assert stored[key][0] == pytest.approx(value, rel=1e-4)
        assert stored[key][1] == count
    counted = content[content.norm(dim=-1) <= limit]
    active = sae.encode(counted)
    assert (len(counted) < len(content)) == (sink_factor == 1.0)
    assert (result.tokens, result.sink_tokens) == (len(counted), len(content) - len(counted))
    assert result.l0 == pytest.approx(float((active > 0).sum(1).float().mean()), abs=0.006)
    assert result.dead_share == pytest.approx(float((active <= 0).all(0).float().mean()), abs=1e-4)
    fvu = (sae.decode(active) - counted).pow(2).sum() / (counted - counted.mean(0)).pow(2).sum()
    assert result.fvu == pytest.approx(float(fvu), rel=1e-3)


def test_attention_is_computed_in_blocks_only_while_samples_are_read(tmp_path, parts, monkeypatch):
    original, seen = Reader.__call__, []

    def read(self, ids):
        seen.append(self.loaded.model)
        assert self.loaded.model.config._attn_implementation == ATTENTION
        return original(self, ids)

    monkeypatch.setattr(Reader, "__call__", read)
    run(workspace(tmp_path / "w", rows(5)), parts)
    assert seen and seen[0].config._attn_implementation == "sdpa"


def test_both_orders_hold_the_same_rows_each_in_its_order(tmp_path, parts):
    store = workspace(tmp_path / "w", rows(40))
    run(store, parts)
    by_sample, by_feature = pairs(store), pairs(store, "by_feature")
    keys = ["sample_id", "segment", "feature_id"]
    assert by_sample[keys].apply(tuple, axis=1).is_monotonic_increasing
    assert by_feature[["feature_id", "sample_id", "segment"]].apply(tuple, axis=1).is_monotonic_increasing
    assert (
        by_sample.sort_values(keys)
        .reset_index(drop=True)
        .equals(by_feature.sort_values(keys)[by_sample.columns].reset_index(drop=True))
    )


def test_batch_size_changes_no_feature_set(tmp_path, parts):
    small, large = workspace(tmp_path / "a", rows(30)), workspace(tmp_path / "b", rows(30))
    run(small, parts, batch_tokens=40)
    run(large, parts, batch_tokens=5000)
    keys = ["sample_id", "segment", "feature_id"]
    left, right = pairs(small), pairs(large)
    assert left[keys].equals(right[keys])
    np.testing.assert_allclose(left.max_act, right.max_act, rtol=1e-4)


def test_the_number_of_threads_changes_no_feature_set(tmp_path, parts):
    one, two = workspace(tmp_path / "a", rows(30)), workspace(tmp_path / "b", rows(30))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        run(one, parts)
        torch.set_num_threads(2)
        run(two, parts)
    finally:
        torch.set_num_threads(before)
    keys = ["sample_id", "segment", "feature_id"]
    assert pairs(one)[keys].equals(pairs(two)[keys])


def test_row_order_changes_no_feature_set(tmp_path, parts):
    data = list(rows(30))
    forward, backward = workspace(tmp_path / "a", data), workspace(tmp_path / "b", data[::-1])
    run(forward, parts)
    run(backward, parts)
    other = pairs(backward)
    other["sample_id"] = 29 - other["sample_id"]
    keys = ["sample_id", "segment", "feature_id"]
    assert pairs(forward)[keys].equals(other.sort_values(keys)[keys].reset_index(drop=True))


def test_cutting_into_shards_changes_nothing_but_the_files(tmp_path, parts, monkeypatch):
    one, many = workspace(tmp_path / "a", rows(30)), workspace(tmp_path / "b", rows(30))
    run(one, parts)
    monkeypatch.setattr(pipeline, "SHARD_SAMPLES", 4)
    run(many, parts)
    assert len(Snapshot.newest(one).require("activations").files("by_sample")) == 1
    assert len(Snapshot.newest(many).require("activations").files("by_sample")) == 8
    for table in ("by_sample", "by_feature", "tokens"):
        left, right = pairs(one, table), pairs(many, table)
        numeric = left.select_dtypes("number").columns
        np.testing.assert_allclose(left[numeric], right[numeric], rtol=1e-4)
    left, right = pairs(one, "evidence"), pairs(many, "evidence")
    columns = ["feature_id", "kind", "sample_id", "peak"]
    order = ["feature_id", "kind", "sample_id"]
    assert (
        left.sort_values(order)[columns]
        .reset_index(drop=True)
        .equals(right.sort_values(order)[columns].reset_index(drop=True))
    )


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", [1, 3, 6])
def test_an_interrupted_extraction_ends_with_the_same_files(tmp_path, parts, monkeypatch, after):
    monkeypatch.setattr(pipeline, "SHARD_SAMPLES", 4)
    whole, broken = workspace(tmp_path / "a", rows(30)), workspace(tmp_path / "b", rows(30))
    run(whole, parts)
    original, calls = pipeline.Shards.write, []

    def write(self, number, tables):
        if len(calls) == after:
            raise Killed
        calls.append(number)
        original(self, number, tables)

    monkeypatch.setattr(pipeline.Shards, "write", write)
    with pytest.raises(Killed):
        run(broken, parts)
    assert broken.newest("activations") is None
    monkeypatch.setattr(pipeline.Shards, "write", original)
    result = run(broken, parts)
    assert not result.existed
    assert digests(whole) == digests(broken)
    assert not list((tmp_path / "b" / ".drafts").iterdir())


def test_running_again_with_the_same_options_changes_nothing(tmp_path, parts):
    store = workspace(tmp_path / "w", rows(5))
    first = run(store, parts)
    again = run(store, parts)
    assert (first.existed, again.existed) == (False, True)
    assert again == replace(first, existed=True)
    assert len(store.artifacts("activations")) == 1


def test_truncated_samples_are_counted(tmp_path, parts):
    store = workspace(tmp_path / "w", rows(20))
    result = run(store, parts, max_tokens=24)
    tokens = pairs(store, "tokens")
    assert result.truncated == int(tokens.truncated.sum()) > 0
    assert (tokens.prompt_tokens + tokens.response_tokens + tokens.template_tokens <= 24).all()


def test_lm_mean_is_the_mean_residual_of_the_response(tmp_path, parts):
    store = workspace(tmp_path / "w", rows(3))
    run(store, parts)
    vectors = pairs(store, "lm_mean").vector
    for vector, (segment, states) in zip(vectors, read_plainly(parts, rows(3)), strict=True):
        mean = states[torch.from_numpy(segment == RESPONSE)].mean(0)
        np.testing.assert_allclose(vector, mean.numpy(), rtol=1e-3, atol=1e-5)


def test_evidence_holds_the_strongest_contexts_and_a_sample_of_all(tmp_path, parts, monkeypatch):
    monkeypatch.setattr(pipeline, "SHARD_SAMPLES", 16)
    store = workspace(tmp_path / "w", rows(60))
    run(store, parts)
    contexts, everything = pairs(store, "evidence"), pairs(store)
    strongest = everything.groupby(["feature_id", "sample_id"]).max_act.max()
    for kind, count in (("top", evidence.TOP), ("quantile", evidence.SAMPLED)):
        for feature, shown in contexts[contexts.kind == kind].groupby("feature_id"):
            values = strongest[feature]
            if kind == "quantile":
                samples = values.index.to_numpy()
                hashes = evidence.pair_hash(samples, np.full(len(samples), feature, np.int32))
                values = values.iloc[np.argsort(hashes)[:count]]
                assert set(shown.sample_id) == set(values.index)
            expected = values.sort_values(ascending=False).head(count)
            np.testing.assert_allclose(shown.sort_values("rank").max_act, expected, rtol=1e-6)
            assert shown["rank"].tolist() == list(range(len(expected)))
    assert set(contexts.kind) == {"top", "quantile"}
    assert set(contexts.feature_id) == set(everything.feature_id)
    for row in contexts.itertuples():
        assert len(row.tokens) == len(row.activations)
        assert row.activations[row.peak] == pytest.approx(row.max_act, abs=0.006)
        assert max(row.activations) <= row.max_act + 0.006
        assert (row.activations > 0).sum() >= 1 and (row.activations >= 0).all()


def test_parquet_files_are_the_schema_of_records(tmp_path, parts):
    from explorer.records import EVIDENCE, PAIRS, TOKENS

    store = workspace(tmp_path / "w", rows(4))
    run(store, parts)
    activations = Snapshot.newest(store).require("activations")
    for table, schema in {"by_sample": PAIRS, "by_feature": PAIRS, "evidence": EVIDENCE, "tokens": TOKENS}.items():
        stored = pq.read_schema(activations.files(table)[0])
        assert stored.names == schema.names
        assert stored.types == schema.types, table


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_tokens": 0}, "--max-tokens is too small; got 0; allowed: 8 or more"),
        ({"batch_tokens": 0}, "--batch-tokens is too small; got 0; allowed: 1 or more"),
        ({"engine": "magic"}, "unknown engine 'magic'"),
        ({"layer": 0}, "--layer 0: SAE sae was trained on blocks.1.hook_resid_post"),
    ],
)
def test_a_wrong_option_is_refused_before_any_work(tmp_path, parts, options, message):
    store = workspace(tmp_path / "w", rows(4))
    with pytest.raises(InputError, match=message):
        run(store, parts, **options)
    assert store.newest("activations") is None
    assert not list((tmp_path / "w" / ".drafts").iterdir())


def test_a_batch_that_runs_out_of_memory_is_split_and_changes_nothing(tmp_path, parts, monkeypatch):
    whole, split = workspace(tmp_path / "a", rows(20)), workspace(tmp_path / "b", rows(20))
    run(whole, parts, batch_tokens=2000)
    original, sizes = Reader.__call__, []

    def read(self, ids):
        sizes.append(ids.numel())
        if ids.numel() > 300:
            raise RuntimeError("CUDA out of memory")
        return original(self, ids)

    monkeypatch.setattr(Reader, "__call__", read)
    assert run(split, parts, batch_tokens=2000).samples == 20
    assert max(sizes) > 300 and min(sizes) <= 300
    keys = ["sample_id", "segment", "feature_id", "n_tokens"]
    assert pairs(whole)[keys].equals(pairs(split)[keys])


def test_another_error_of_a_batch_is_not_swallowed(tmp_path, parts, monkeypatch):
    def broken(self, ids):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(Reader, "__call__", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        run(workspace(tmp_path / "w", rows(4)), parts)
