"""Which tokens belong to prompt and response."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.lm.layout import PROMPT, RESPONSE, TEMPLATE, TURN, lay_out, render
from tests import tiny

TOKENIZER = tiny.tokenizer()
WORDS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="<>|"), min_size=1, max_size=40).filter(
    lambda text: text.strip() == text
)


def text_of(layout, segment):
    pieces = layout.texts()
    return "".join(piece for piece, code in zip(pieces, layout.segment, strict=True) if code == segment)


@settings(max_examples=60, deadline=None)
@given(prompt=WORDS, response=WORDS, system=WORDS)
def test_the_tokens_of_a_segment_spell_that_segment(prompt, response, system):
    turns = [("system", system), ("user", prompt), ("assistant", response)]
    [layout] = lay_out(TOKENIZER, [turns], max_tokens=4096)
    assert text_of(layout, RESPONSE).strip() == response
    assert text_of(layout, PROMPT).replace(system, "", 1).strip() == prompt
    assert "".join(layout.texts()) == layout.text


def test_template_tokens_belong_to_neither_segment():
    [layout] = lay_out(TOKENIZER, [[("user", "hello"), ("assistant", "bye")]], max_tokens=100)
    template = text_of(layout, TEMPLATE)
    assert template.count("<|im_start|>") == 2
    assert "hello" not in template and "bye" not in template


def test_what_lies_between_turns_is_one_mark_where_contexts_are_shown():
    [layout] = lay_out(TOKENIZER, [[("user", "hello"), ("assistant", "bye")]], max_tokens=100)
    assert "".join(layout.content_texts()) == f"hello{TURN}bye"


def test_every_assistant_turn_of_a_conversation_is_response():
    turns = [("user", "one"), ("assistant", "two"), ("user", "three"), ("assistant", "four")]
    [layout] = lay_out(TOKENIZER, [turns], max_tokens=100)
    assert text_of(layout, RESPONSE) == "twofour"
    assert text_of(layout, PROMPT) == "onethree"


def test_equal_prompt_and_response_are_told_apart():
    [layout] = lay_out(TOKENIZER, [[("user", "same words"), ("assistant", "same words")]], max_tokens=100)
    assert text_of(layout, PROMPT) == text_of(layout, RESPONSE) == "same words"


def test_a_long_sample_is_cut_and_marked():
    short, long = lay_out(
        TOKENIZER, [[("user", "a"), ("assistant", "b")], [("user", "a"), ("assistant", "b c " * 100)]], max_tokens=30
    )
    assert not short.truncated and long.truncated
    assert len(long) == 30


def test_a_template_without_a_system_role_gets_the_system_prompt_in_the_user_turn():
    tokenizer = tiny.tokenizer(chat=tiny.NO_SYSTEM)
    text, spans = render(tokenizer, [("system", "be brief"), ("user", "hi"), ("assistant", "yo")])
    assert "be brief\n\nhi" in text
    assert [text[a:b] for a, b, code in spans if code == PROMPT] == ["be brief", "hi"]


def test_a_model_without_a_template_reads_plain_text_after_its_start_token():
    tokenizer = tiny.tokenizer(chat=None)
    turns = [("user", "question"), ("assistant", "answer")]
    assert render(tokenizer, turns)[0] == "<s>question\n\nanswer"
    assert render(tokenizer, turns, prepend_bos=False)[0] == "question\n\nanswer"
    [layout] = lay_out(tokenizer, [turns], max_tokens=100)
    assert layout.segment[0] == TEMPLATE


@pytest.mark.parametrize("text", ["漢字 and 😀", "e\u0301 accents", "tab\tand\nlines", "\u202eright to left"])
def test_characters_of_several_tokens_are_shown_once(text):
    [layout] = lay_out(TOKENIZER, [[("user", "x"), ("assistant", text)]], max_tokens=200)
    assert text_of(layout, RESPONSE) == text
    assert layout.segment.dtype == np.int8
