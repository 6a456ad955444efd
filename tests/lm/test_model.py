"""Loading a model has no hidden effects, and what cannot be loaded is refused."""

import os

import pytest
import torch
import transformers

from explorer.errors import InputError
from explorer.lm.model import DEFAULT_MODEL, canonical_name, load_model, model_fingerprint, pick_dtype
from tests import tiny
from tests.lm.traces import traces


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_loaded_model_is_as_transformers_makes_it(family, tmp_path):
    folder = tiny.save_model(tmp_path, family)
    plain = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    loaded = load_model(str(folder), dtype="float32", device="cpu")
    assert traces(loaded.model) == traces(plain)
    assert not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    ids = torch.randint(3, 400, (2, 40))
    with torch.inference_mode():
        assert torch.equal(loaded.model(ids).logits, plain(ids).logits)


def test_loading_sets_no_variable_but_the_limits_of_the_kernel_cache(tmp_path, monkeypatch):
    folder = str(tiny.save_model(tmp_path))
    monkeypatch.setenv("LRU_CACHE_CAPACITY", "7")
    monkeypatch.delenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", raising=False)
    before = dict(os.environ)
    load_model(folder, dtype="float32", device="cpu")
    assert dict(os.environ) == before | {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "64"}


def test_a_loaded_model_knows_its_name_and_shape(tmp_path):
    loaded = load_model(str(tiny.save_model(tmp_path / "small")), dtype="float32", device="cpu")
    assert (loaded.name, loaded.d_model, loaded.n_layers) == ("small", tiny.D_MODEL, tiny.LAYERS)
    assert (loaded.device, loaded.dtype) == ("cpu", "float32")
    assert canonical_name("default") == canonical_name("") == DEFAULT_MODEL
    assert canonical_name("owner/model") == "owner/model"


def test_the_fingerprint_follows_the_weights(tmp_path):
    folder = str(tiny.save_model(tmp_path))
    first, second = (load_model(folder, dtype="float32", device="cpu") for _ in range(2))
    assert model_fingerprint(first) == model_fingerprint(second)
    with torch.no_grad():
        next(second.model.parameters()).flatten()[0] += 1
    assert model_fingerprint(first) != model_fingerprint(second)


@pytest.mark.parametrize("name", ["/no/such/folder", "./missing.gguf"])
def test_a_model_that_does_not_exist_is_refused_in_one_line(name):
    with pytest.raises(InputError, match="no such folder or file") as error:
        load_model(name)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no config\.json and 0 \.gguf files"):
        load_model(str(tmp_path))


def test_an_unavailable_device_and_an_unknown_dtype_are_refused():
    with pytest.raises(InputError, match="'tpu' is not available here; allowed: auto"):
        load_model("default", device="tpu")
    with pytest.raises(InputError, match="got 'int3'; allowed: auto, bfloat16, float16, float32"):
        load_model("default", dtype="int3")
    assert pick_dtype("float16", "cpu") == "float16"
