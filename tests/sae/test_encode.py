"""Sparse encoding equals sae-lens's own `SAE.encode`, for every family."""

import numpy as np
import pytest
import torch

from explorer.sae.encode import SparseEncoder, bfloat16_products
from explorer.sae.load import load_sae
from tests import tiny


@pytest.fixture(params=list(tiny.SAES))
def folder(request, tmp_path):
    return tiny.save_sae(tmp_path / "sae", request.param)


@pytest.mark.parametrize("architecture", tiny.TRAINED)
def test_what_training_saves_is_encoded_as_sae_lens_does(architecture, tmp_path):
    loaded = load_sae(str(tiny.save_trained_sae(tmp_path / "sae", architecture)))
    x = torch.randn(20, tiny.D_MODEL)
    expected = loaded.sae.encode(x).detach()
    assert (expected > 0).any()
    torch.testing.assert_close(dense(SparseEncoder(loaded)(x), 20, loaded.d_sae), expected)


def dense(entries, rows, width):
    out = np.zeros((rows, width), dtype=np.float32)
    out[entries.row, entries.feature] = entries.value
    return torch.from_numpy(out)


def test_entries_equal_the_dense_encoding(folder):
    loaded = load_sae(str(folder))
    x = torch.randn(53, tiny.D_MODEL)
    encoder = SparseEncoder(loaded)
    encoder.chunk = 16
    torch.testing.assert_close(dense(encoder(x), 53, loaded.d_sae), loaded.sae.encode(x).detach())


def test_no_rows_give_no_entries(folder):
    assert len(SparseEncoder(load_sae(str(folder)))(torch.zeros(0, tiny.D_MODEL))) == 0


def test_bfloat16_products_round_the_factors_and_are_undone():
    torch.manual_seed(0)
    left, right = torch.randn(64, 128), torch.randn(128, 64)
    exact = left @ right
    with bfloat16_products():
        inside = left @ right
    assert torch.equal(left @ right, exact)
    torch.testing.assert_close(inside, exact, rtol=0.05, atol=0.2)
