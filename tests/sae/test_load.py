"""Loading an SAE: folding, fingerprint, and the checks that it fits the model."""

import pytest
import torch
from sae_lens import SAE

from explorer.errors import InputError
from explorer.lm.model import load_model
from explorer.sae.load import DEFAULT_SAE, check_fit, check_layer, load_sae
from tests import tiny


@pytest.mark.parametrize("family", list(tiny.SAES))
def test_folding_decoder_norms_keeps_the_features_and_the_reconstruction(family, tmp_path):
    folder = tiny.save_sae(tmp_path / "sae", family)
    loaded, plain = load_sae(str(folder)), SAE.load_from_disk(folder)
    x = torch.randn(31, tiny.D_MODEL)
    ours, theirs = loaded.sae.encode(x), plain.encode(x)
    assert torch.equal(ours > 0, theirs > 0)
    torch.testing.assert_close(
        loaded.sae.decode(loaded.sae.encode(x)), plain.decode(plain.encode(x)), rtol=1e-4, atol=1e-4
    )
    if loaded.architecture in ("standard", "jumprelu", "gated"):
        norms = plain.W_dec.norm(dim=-1)
        torch.testing.assert_close(ours, theirs * norms, rtol=1e-4, atol=1e-4)


def test_the_fingerprint_follows_the_weights(tmp_path):
    first = load_sae(str(tiny.save_sae(tmp_path / "a", seed=0)))
    again = load_sae(str(tiny.save_sae(tmp_path / "b", seed=0)))
    other = load_sae(str(tiny.save_sae(tmp_path / "c", seed=1)))
    assert first.fingerprint == again.fingerprint != other.fingerprint


def test_an_sae_of_another_width_is_refused(tmp_path):
    model = load_model(str(tiny.save_model(tmp_path / "model")), dtype="float32")
    with pytest.raises(InputError, match=r"width 16.*width 32"):
        check_fit(load_sae(str(tiny.save_sae(tmp_path / "sae", d_in=16))), model)


def test_a_layer_the_sae_was_not_trained_on_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"blocks\.1\.hook_resid_post"):
        check_layer(load_sae(str(tiny.save_sae(tmp_path / "sae"))), 2)


def test_an_sae_without_a_hook_needs_a_layer(tmp_path):
    folder = str(tiny.save_sae(tmp_path / "sae", hook=None))
    with pytest.raises(InputError, match="--layer"):
        load_sae(folder)
    assert load_sae(folder, layer=2).hook_name == "blocks.2.hook_resid_post"


@pytest.mark.parametrize("name", ["/no/such/sae", "no-such-release/layer_3", "nothing"])
def test_an_unknown_sae_is_refused_in_one_line(name):
    with pytest.raises(InputError) as error:
        load_sae(name)
    assert "\n" not in str(error.value)
    assert "allowed" in str(error.value)


def test_the_default_sae_ships_with_the_project():
    loaded = load_sae()
    assert loaded.folder == DEFAULT_SAE
    assert (loaded.d_in, loaded.d_sae, loaded.architecture) == (576, 4096, "topk")
    assert loaded.hook_name == "blocks.20.hook_resid_post"
    assert loaded.default_threshold > 0
