"""With block attention a model gives the same results; afterwards the model is as it was."""

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.lm.attention import ATTENTION, block_attention, block_causal_attention
from explorer.lm.packing import pack, response_logits
from tests import tiny
from tests.lm.test_packing import rows_of
from tests.lm.traces import traces

BLOCK_ATTENTION = {"llama", "qwen2", "qwen3", "gpt2", "neox"}  # gemma has sliding windows


def random_model(family):
    torch.manual_seed(0)
    return transformers.AutoModelForCausalLM.from_config(tiny.config(family)).eval()


@settings(max_examples=40, deadline=None)
@given(
    batch=st.integers(1, 3), groups=st.integers(1, 3), shared=st.integers(1, 3), length=st.integers(2, 300),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_block_attention_equals_torch_attention(batch, groups, shared, length, seed):
    torch.manual_seed(seed)
    query = torch.randn(batch, groups * shared, length, 8)
    key, value = torch.randn(batch, groups, length, 8), torch.randn(batch, groups, length, 8)
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    torch.testing.assert_close(block_causal_attention(query, key, value, 8**-0.5), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_logits_stay_the_same_up_to_rounding(family):
    model = random_model(family)
    ids = torch.randint(3, 400, (2, 150))
    mask = torch.ones_like(ids)
    mask[0, :20] = 0
    with torch.inference_mode():
        plain, plain_padded = model(ids).logits, model(ids, attention_mask=mask).logits
        with block_attention(model):
            assert (model.config._attn_implementation == ATTENTION) == (family in BLOCK_ATTENTION)
            torch.testing.assert_close(model(ids).logits, plain, rtol=1e-3, atol=1e-4)
            padded = model(ids, attention_mask=mask).logits
            torch.testing.assert_close(padded[:, 20:], plain_padded[:, 20:], rtol=1e-3, atol=1e-4)
        assert torch.equal(model(ids).logits, plain)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_gradients_stay_the_same_up_to_rounding(family):
    model = random_model(family)
    batch = pack(rows_of(3))

    def gradients():
        model.zero_grad()
        logits, targets = response_logits(model, batch)
        torch.nn.functional.cross_entropy(logits, targets, reduction="sum").backward()
        return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}

    plain = gradients()
    with block_attention(model):
        in_blocks = gradients()
    for name, gradient in plain.items():
        torch.testing.assert_close(
            in_blocks[name], gradient, rtol=1e-3, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_the_model_is_as_before_even_after_an_error_and_a_nested_block(family):
    model = random_model(family)
    before = traces(model)
    with pytest.raises(KeyError), block_attention(model):
        with block_attention(model):
            pass
        assert (model.config._attn_implementation == ATTENTION) == (family in BLOCK_ATTENTION)
        raise KeyError
    assert traces(model) == before


def test_another_attention_is_left_alone():
    model = random_model("llama")
    model.set_attn_implementation("eager")
    with block_attention(model):
        assert model.config._attn_implementation == "eager"
    assert model.config._attn_implementation == "eager"


def test_generation_with_block_attention_gives_the_same_tokens():
    model = random_model("llama")
    ids = torch.randint(3, 400, (1, 12))
    settings = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": 1}
    expected = model.generate(ids, **settings)
    with block_attention(model):
        assert torch.equal(model.generate(ids, **settings), expected)
