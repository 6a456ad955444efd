"""Batched generation gives what one prompt alone gives."""

import pytest
import torch

from explorer.errors import ExplorerError
from explorer.lm.generate import before_answer, generate
from explorer.lm.layout import render
from explorer.lm.model import load_model
from tests import tiny

TALKS = [
    [("user", "Write a poem about the sea"), ("assistant", "Waves")],
    [("system", "Be short"), ("user", "Paris?"), ("assistant", "Yes"), ("user", "Why?"), ("assistant", "So")],
    [("user", "x " * 60), ("assistant", "long")],
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return load_model(str(tiny.save_model(tmp_path_factory.mktemp("model"))), dtype="float32", device="cpu")


def likeliest(loaded, talk, tokens):
    """Take the likeliest next token `tokens` times, reading the whole text anew for each."""
    text, _ = render(loaded.tokenizer, talk[:-1], generation_prompt=True)
    ids = loaded.tokenizer(text, add_special_tokens=False, return_tensors="pt")["input_ids"]
    prompt_tokens = ids.shape[1]
    with torch.inference_mode():
        for _ in range(tokens):
            token = loaded.model(ids).logits[0, -1].argmax()
            if int(token) == loaded.tokenizer.eos_token_id:
                break
            ids = torch.cat([ids, token[None, None]], dim=1)
    return loaded.tokenizer.decode(ids[0, prompt_tokens:], skip_special_tokens=True).strip()


def test_a_batch_gives_each_prompt_its_own_likeliest_answer(loaded):
    answers = generate(loaded, TALKS, max_new_tokens=8)
    assert answers == [likeliest(loaded, talk, 8) for talk in TALKS]
    assert all(answers)


def test_a_prompt_that_is_too_long_gets_no_answer(loaded):
    answers = generate(loaded, TALKS, max_new_tokens=2, max_prompt_tokens=60)
    assert [answer is None for answer in answers] == [False, False, True]
    assert answers[:2] == generate(loaded, TALKS[:2], max_new_tokens=2)


def test_no_prompts_give_no_answers(loaded):
    assert generate(loaded, [], max_new_tokens=2) == []


def test_running_out_of_memory_says_what_to_lower(loaded, monkeypatch):
    def full(*args, **kwargs):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(loaded.model, "generate", full)
    with pytest.raises(ExplorerError, match="out of memory while generating; lower max_new_tokens"):
        generate(loaded, TALKS, max_new_tokens=2)


def test_only_the_turns_before_the_last_answer_are_read():
    assert before_answer(TALKS[1]) == TALKS[1][:-1]
    assert before_answer([("user", "only")]) == [("user", "only")]
