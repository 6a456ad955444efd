"""Packed linear layers give what the plain ones give."""

import pytest
import torch
import transformers

from explorer.lm import packed
from explorer.lm.packed import MIN_ROWS, PackedLinear, pack
from tests import tiny

pytestmark = pytest.mark.skipif(not packed._can_pack(torch.bfloat16), reason="needs oneDNN on x86 Linux")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("rows", [1, MIN_ROWS - 1, MIN_ROWS, 3000])
@pytest.mark.parametrize("bias", [False, True])
def test_a_packed_layer_is_the_layer_up_to_rounding(dtype, rows, bias):
    torch.manual_seed(rows)
    plain = torch.nn.Linear(48, 40, bias=bias)
    layer, x = PackedLinear(plain.to(dtype)), torch.randn(1, rows, 48, dtype=dtype)
    wide = torch.nn.Linear(48, 40, bias=bias).double()
    wide.load_state_dict(plain.state_dict())
    tolerance = {"rtol": 1e-5, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 2e-2, "atol": 2e-2}
    with torch.inference_mode():
        expected = wide(x.double())
        other = torch.randn(1, rows, 40, dtype=dtype)
        for out, correct in (
            (layer(x), expected),
            (layer(x, silu=True), torch.nn.functional.silu(expected)),
            (layer(x, times=other), expected * other.double()),
        ):
            assert out.dtype == dtype
            torch.testing.assert_close(out.double(), correct, **tolerance)


def test_a_model_that_fills_much_of_the_memory_stays_as_it_is(monkeypatch):
    model = transformers.AutoModelForCausalLM.from_config(tiny.config("llama"))
    monkeypatch.setattr(packed, "_memory", lambda: 1000)
    pack(model)
    assert not any(isinstance(module.__dict__.get("forward"), PackedLinear) for module in model.modules())
    monkeypatch.undo()
    pack(model)
    assert any(isinstance(module.__dict__.get("forward"), PackedLinear) for module in model.modules())
