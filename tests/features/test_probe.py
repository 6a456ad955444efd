"""A typed text is read as extraction reads it, and a feature that is turned off is gone from the residual."""

import json

import numpy as np
import pytest
import torch

from explorer.errors import InputError
from explorer.pipeline.extract import extract
from explorer.pipeline.ingest import ingest
from explorer.pipeline.label import label
from explorer.pipeline.probe import load
from explorer.workspace import Snapshot, Store
from tests import tiny
from tests.features.test_extract import rows


@pytest.fixture(scope="module", params=["topk", "standard"])
def extracted(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"probe-{request.param}")
    model, sae = str(tiny.save_model(folder / "model")), str(tiny.save_sae(folder / "sae", request.param, width=48))
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows(10)), "utf-8")
    store = Store.create(folder / "w")
    ingest(store, str(source))
    extract(store, model=model, sae=sae, dtype="float32")
    return store


def turns(number):
    row = list(rows(10))[number]
    return [("user", row["instruction"]), ("assistant", row["output"])]


def test_a_row_typed_in_has_the_values_that_extraction_stored(extracted):
    probe = load(Snapshot.newest(extracted))
    for number in (0, 4):
        reading = probe.read(turns(number))
        for segment in ("prompt", "response"):
            pairs = extracted.scan(Snapshot.newest(extracted).require("activations"), "by_sample")
            stored = extracted.sql(
                f"SELECT feature_id, max_act FROM {pairs} WHERE sample_id = ? AND segment = ?",
                [number, segment],
            ).fetchall()
            found = reading.largest(segment)
            assert found.keys() == {feature for feature, _ in stored}
            for feature, value in stored:
                assert found[feature] == pytest.approx(value, rel=1e-4)


def test_tokens_join_to_the_text_and_carry_their_strongest_features_first(extracted):
    reading = load(Snapshot.newest(extracted)).read(turns(2))
    assert "".join(t for t, s in zip(reading.tokens, reading.segment, strict=True) if s == 2) == turns(2)[1][1]
    for pairs in reading.strongest(4):
        values = [value for _, value in pairs]
        assert values == sorted(values, reverse=True) and len(values) <= 4
    feature = int(reading.feature[0])
    assert reading.of(feature).max() == pytest.approx(reading.largest()[feature])


def test_a_feature_that_is_turned_off_leaves_the_residual_and_the_rest_stays(extracted):
    probe = load(Snapshot.newest(extracted))
    from explorer.pipeline.probe import _Change

    reading = probe.read(turns(1))
    feature = max(reading.largest(), key=reading.largest().get)
    x = torch.randn(1, 6, tiny.D_MODEL)
    sae = probe.sae.sae
    acts = sae.encode(x[0])
    changed = _Change(probe, feature, 0.0, 0.0)(x)
    expected = x[0] - acts[:, feature : feature + 1] * sae.W_dec[feature]
    assert torch.allclose(changed[0], expected, atol=1e-4)


def test_a_factor_of_one_changes_nothing_and_turning_up_changes_the_next_token(extracted):
    probe = load(Snapshot.newest(extracted))
    reading = probe.read(turns(1))
    feature = max(reading.largest(), key=reading.largest().get)
    same = probe.steer(turns(1), feature, 1.0, words=3)
    assert same.divergence == pytest.approx(0.0, abs=1e-5)
    assert same.written[0] == same.written[1]
    more = probe.steer(turns(1), feature, 10.0, words=2)
    assert more.divergence > 0
    assert more.active_tokens > 0
    assert all(0 <= p <= 1 for _, *both in more.tokens for p in both)


def test_nothing_to_read_and_no_such_feature_are_refused(extracted):
    probe = load(Snapshot.newest(extracted))
    with pytest.raises(InputError, match="no text"):
        probe.read([("user", " "), ("assistant", "")])
    with pytest.raises(InputError, match="no such feature"):
        probe.steer(turns(0), 48, 0.0)


def test_another_sae_is_refused(extracted, tmp_path):
    other = str(tiny.save_sae(tmp_path / "other", width=48, seed=5))
    with pytest.raises(InputError, match="not the one"):
        load(Snapshot.newest(extracted), sae=other)


def test_decoder_neighbours_are_those_of_a_full_search(extracted):
    label(extracted)
    features = Snapshot.newest(extracted).require("features")
    found = extracted.sql(f"FROM {extracted.scan(features, 'directions')} ORDER BY feature_id").to_arrow_table()
    decoder = load(Snapshot.newest(extracted)).sae.sae.W_dec.numpy()
    unit = decoder / np.linalg.norm(decoder, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -np.inf)
    for i in (0, 17, 47):
        assert found["near"][i].as_py()[0] == int(cosine[i].argmax())
        assert found["cosine"][i].as_py() == pytest.approx(sorted(cosine[i], reverse=True)[:12], abs=1e-5)
    active = extracted.sql(f"SELECT n_tokens > 0 AS a FROM {extracted.scan(features)} ORDER BY feature_id").fetchall()
    assert [x is not None for x in found["x"].to_pylist()] == [bool(a) for (a,) in active]
