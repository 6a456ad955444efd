"""Batched generation gives what one prompt alone gives."""

from explorer.lm.generate import before_answer, generate
from explorer.lm.model import load_model
from tests import tiny

TALKS = [
    [("user", "Write a poem about the sea"), ("assistant", "Waves")],
    [("system", "Be short"), ("user", "Paris?"), ("assistant", "Yes"), ("user", "Why?"), ("assistant", "So")],
    [("user", "x " * 60), ("assistant", "long")],
]


def test_a_batch_gives_each_prompt_its_own_answer(tmp_path):
    loaded = load_model(str(tiny.save_model(tmp_path)), dtype="float32", device="cpu", trainable=True)
    together = generate(loaded, TALKS, max_new_tokens=8)
    alone = [generate(loaded, [talk], max_new_tokens=8)[0] for talk in TALKS]
    assert together == alone and all(together)


def test_a_prompt_that_is_too_long_gets_no_answer(tmp_path):
    loaded = load_model(str(tiny.save_model(tmp_path)), dtype="float32", device="cpu")
    assert [answer is None for answer in generate(loaded, TALKS, max_new_tokens=2, max_prompt_tokens=60)] == [
        False,
        False,
        True,
    ]


def test_the_last_answer_is_what_is_left_out():
    assert before_answer(TALKS[1]) == TALKS[1][:-1]
    assert before_answer([("user", "only")]) == [("user", "only")]
