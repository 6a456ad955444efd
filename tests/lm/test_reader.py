"""Activations at a hook equal what transformers itself reports, for every architecture."""

import pytest
import torch

from explorer.errors import InputError
from explorer.lm.model import load_model
from explorer.lm.reader import Reader, layer_hook, resolve_hook
from tests import tiny


@pytest.fixture(scope="module", params=tiny.FAMILIES)
def loaded(request, tmp_path_factory):
    return load_model(str(tiny.save_model(tmp_path_factory.mktemp(request.param), request.param)), dtype="float32")


def test_the_residual_stream_equals_the_hidden_states(loaded):
    ids = torch.randint(3, 400, (3, 17))
    states = loaded.model(ids, output_hidden_states=True).hidden_states
    torch.testing.assert_close(Reader(loaded, "blocks.1.hook_resid_post")(ids), states[2])
    torch.testing.assert_close(Reader(loaded, "blocks.1.hook_resid_pre")(ids), states[1])


def test_padding_on_the_right_changes_no_counted_token(loaded):
    reader = Reader(loaded, layer_hook(1))
    row = torch.randint(3, 400, (1, 9))
    padded = torch.cat([row, torch.zeros(1, 7, dtype=torch.long)], dim=1)
    torch.testing.assert_close(reader(padded)[:, :9], reader(row), rtol=1e-4, atol=1e-5)


def test_no_layer_beyond_the_hook_is_run(loaded):
    calls = []
    block = loaded.model.get_submodule(resolve_hook("blocks.2.hook_resid_post", loaded.model).module)
    handle = block.register_forward_pre_hook(lambda *_: calls.append(1))
    Reader(loaded, layer_hook(1))(torch.tensor([[3, 4]]))
    assert calls == []
    loaded.model(torch.tensor([[3, 4]]))
    handle.remove()
    assert calls == [1]


def test_branch_hooks_add_up_to_the_residual_stream(loaded):
    if loaded.model.config.model_type == "gpt_neox":
        pytest.skip("attention and MLP are parallel in GPT-NeoX")
    ids = torch.randint(3, 400, (2, 6))
    before, after = (Reader(loaded, f"blocks.1.hook_resid_{side}")(ids) for side in ("pre", "post"))
    attention, mlp = (Reader(loaded, f"blocks.1.hook_{name}_out")(ids) for name in ("attn", "mlp"))
    torch.testing.assert_close(before + attention + mlp, after, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(Reader(loaded, "blocks.1.hook_resid_mid")(ids), before + attention, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        ("blocks.9.hook_resid_post", "no layer 9; allowed: 0 to 2"),
        ("blocks.1.hook_nothing", r"not supported; allowed: blocks\.N\.hook_resid_post"),
        ("nowhere", "not a place in this model"),
    ],
)
def test_an_unknown_hook_is_refused(loaded, hook, message):
    with pytest.raises(InputError, match=message):
        Reader(loaded, hook)
