from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.features.sets import FeatureSets
from explorer.maps.embeddings import EMBEDDINGS, Inputs, Text, resolve
from explorer.maps.vectors import to_table, unit_norm
from explorer.progress import silent


def embed(slug: str, inputs: Inputs, **params: object) -> np.ndarray:
    method = EMBEDDINGS[slug]
    return method.embed(inputs, method.Params(**params), np.random.default_rng(0), silent)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 1000))
def test_unit_norm_keeps_directions_and_zeros(n: int, d: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    vectors[0] = 0
    normed = unit_norm(vectors)
    lengths = np.linalg.norm(normed, axis=1)
    assert not normed[0].any()
    assert np.allclose(lengths[1:], 1, atol=1e-5)
    assert to_table(normed).num_rows == n


def test_lm_mean_is_the_normalised_mean_state() -> None:
    states = np.array([[3, 4], [0, 2], [0, 0]], dtype=np.float32)
    assert np.allclose(embed("lm-mean", Inputs(lm_mean=states), centre=False), [[0.6, 0.8], [0, 1], [0, 0]])


def test_centred_lm_mean_ignores_a_shared_direction() -> None:
    rng = np.random.default_rng(0)
    states = rng.standard_normal((500, 8)).astype(np.float32) + 50
    plain, centred = (embed("lm-mean", Inputs(lm_mean=states), centre=c) for c in (False, True))
    assert (plain @ plain.T).mean() > 0.9
    assert abs((centred @ centred.T).mean()) < 0.1


def feature_rows(seed: int = 0) -> FeatureSets:
    rng = np.random.default_rng(seed)
    rows = [sorted({int(f) for f in rng.choice(10, 4) + 10 * (i % 3)}) for i in range(30)] + [[]]
    return FeatureSets.from_rows(rows, 40)


def test_sae_tfidf_puts_samples_with_common_features_near_each_other() -> None:
    vectors = embed("sae-tfidf", Inputs(features=feature_rows()), dimensions=8)
    similarity = vectors[:30] @ vectors[:30].T
    same = (np.arange(30)[:, None] % 3) == (np.arange(30) % 3)
    assert similarity[same].mean() > similarity[~same].mean() + 0.3
    assert not vectors[30].any()


def test_sae_tfidf_keeps_the_cosines_of_the_full_matrix() -> None:
    from sklearn.feature_extraction.text import TfidfTransformer

    sets = feature_rows()
    dense = np.zeros((31, 40))
    dense[np.repeat(np.arange(31), sets.sizes), sets.indices] = 1
    expected = TfidfTransformer().fit_transform(dense).toarray()
    vectors = embed("sae-tfidf", Inputs(features=sets), dimensions=40)
    assert np.allclose(vectors @ vectors.T, expected @ expected.T, atol=1e-4)


def test_sae_tfidf_is_deterministic_in_sign_and_value() -> None:
    one, two = (embed("sae-tfidf", Inputs(features=feature_rows()), dimensions=5) for _ in range(2))
    assert np.array_equal(one, two)


def test_sae_tfidf_of_one_sample_is_refused() -> None:
    with pytest.raises(InputError, match="needs 2 samples"):
        embed("sae-tfidf", Inputs(features=FeatureSets.from_rows([[1]], 4)))


def test_an_unknown_method_is_refused_and_a_hub_id_means_a_sentence_model() -> None:
    with pytest.raises(InputError, match="did you mean lm-mean"):
        resolve("lm-maen")
    method, params = resolve("someone/some-model")
    assert (method.slug, params) == ("sentence", {"model": "someone/some-model"})


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A random BERT of 2 layers with a word-piece tokenizer, written as a folder."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("encoder")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", "##a", "##b", "cat", "dog"]
    (folder / "vocab.txt").write_text("\n".join(words), "utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config).save_pretrained(folder)
    return str(folder)


def test_a_sentence_model_gives_the_same_vectors_for_any_batch_size(tiny_encoder: str) -> None:
    texts = [Text("cat " * i, "dog a b " * (i % 5)) for i in range(40)] + [Text("", " ")]
    one = embed("sentence", Inputs(texts=texts), model=tiny_encoder, batch_tokens=128)
    all_ = embed("sentence", Inputs(texts=texts), model=tiny_encoder, batch_tokens=16384)
    assert one.shape == (41, 16)
    assert np.allclose(one, all_, atol=1e-5)
    assert not one[40].any() and np.allclose(np.linalg.norm(one[1:40], axis=1), 1, atol=1e-5)


def test_a_sentence_model_that_is_not_there_is_refused_in_one_line(tmp_path) -> None:
    with pytest.raises(InputError, match="could not be loaded") as caught:
        embed("sentence", Inputs(texts=[Text("a", "b")]), model=str(tmp_path))
    assert "\n" not in str(caught.value)
