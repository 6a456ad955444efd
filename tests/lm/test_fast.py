"""The faster forward pass gives what the plain one gives."""

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.lm.fast import block_causal_attention, speed_up
from tests import tiny


@settings(max_examples=40, deadline=None)
@given(
    batch=st.integers(1, 3), groups=st.integers(1, 3), shared=st.integers(1, 3), length=st.integers(2, 300),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_block_attention_equals_the_library(batch, groups, shared, length, seed):
    torch.manual_seed(seed)
    query = torch.randn(batch, groups * shared, length, 8)
    key, value = torch.randn(batch, groups, length, 8), torch.randn(batch, groups, length, 8)
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    torch.testing.assert_close(block_causal_attention(query, key, value, 8**-0.5), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_sped_up_model_gives_the_same_logits(family):
    torch.manual_seed(0)
    plain = transformers.AutoModelForCausalLM.from_config(tiny.config(family)).eval()
    fast = transformers.AutoModelForCausalLM.from_config(tiny.config(family)).eval()
    fast.load_state_dict(plain.state_dict())
    with torch.inference_mode():
        speed_up(fast)
        ids = torch.randint(3, 400, (2, 150))
        torch.testing.assert_close(fast(ids).logits, plain(ids).logits, rtol=1e-3, atol=1e-4)
        padded = torch.ones_like(ids)
        padded[0, :20] = 0
        left, right = (model(ids, attention_mask=padded).logits[:, 20:] for model in (fast, plain))
        torch.testing.assert_close(left, right, rtol=1e-3, atol=1e-4)
    assert set(fast.state_dict()) == set(plain.state_dict())


def test_a_sped_up_model_still_generates(tmp_path):
    torch.manual_seed(0)
    plain = transformers.AutoModelForCausalLM.from_config(tiny.config("llama")).eval()
    ids = torch.randint(3, 400, (1, 12))
    settings = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": 1}
    expected = plain.generate(ids, **settings)
    speed_up(plain)
    assert torch.equal(plain.generate(ids, **settings), expected)
