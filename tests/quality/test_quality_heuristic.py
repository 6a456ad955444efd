from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.quality.base import Item
from explorer.quality.heuristic_language import language, scripts
from explorer.quality.heuristic_parts import emptiness, refusal, repetition, truncation
from explorer.quality.scorers import SCORERS
from explorer.registry import build

PROSE = (
    "Bread rises because yeast eats the sugar in the dough and gives off gas. The gas is caught by the gluten, "
    "which stretches like a balloon. Heat then sets the loaf, and the crust browns."
)
CODE = "```python\ndef total(values):\n    return sum(values)\n```"
LIST = "1. Boil the water\n2. Add the pasta\n3. Stir now and then\n4. Drain it and serve"
VERSE = "Roses are red\nViolets are blue\nSugar is sweet\nAnd so are you"


def score(prompt: str, response: str, **params: object) -> tuple[float, dict[str, float]]:
    scorer = SCORERS["heuristic"]
    with scorer.session(build(scorer.Params, params, owner="test")) as scoring:
        (found,) = scoring([Item("h", prompt, response)])
    assert found.value is not None
    return found.value, found.parts


@pytest.mark.parametrize("good", [PROSE, CODE, LIST, VERSE, "Paris", "42", "Yes.", "adverb", '"([^"]*)"', "🎉🍰🎂🎁"])
def test_ordinary_answers_score_one(good: str) -> None:
    assert score("What is this?", good)[0] >= 0.9


@pytest.mark.parametrize(
    "response",
    [
        "The cat sat on the mat. " * 20,
        "good good good good good good good",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "I like tea and I like tea and I like tea and I like tea and I like tea and I like tea.",
        "haha" * 200,
    ],
)
def test_repetition_is_found(response: str) -> None:
    assert repetition(response) < 0.5


@pytest.mark.parametrize("response", [PROSE, CODE, LIST, VERSE, "no", "", "very, very good"])
def test_ordinary_text_is_not_repetitive(response: str) -> None:
    assert repetition(response) > 0.9


@pytest.mark.parametrize("cut", range(95, 170, 7))
def test_prose_cut_anywhere_after_its_first_sentence_is_found(cut: int) -> None:
    text = PROSE[:cut].rstrip()
    assert (truncation(text) < 0.5) == (text[-1] not in ".")


@pytest.mark.parametrize(
    "response",
    [
        "The answer depends on the",
        "First, we need flour, butter,",
        "```python\nprint(1)",
        "It is well-known that quite many plants in dry countries keep their wat",
    ],
)
def test_text_that_stops_in_the_middle_is_found(response: str) -> None:
    assert truncation(response) < 0.6


@pytest.mark.parametrize("response", ["Thank you. I cannot come.\nKind regards, Anna", LIST, VERSE, CODE])
def test_endings_without_a_full_stop_are_not_truncation(response: str) -> None:
    assert truncation(response) == 1.0


@pytest.mark.parametrize(
    "response",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot provide this information.",
        "As an AI language model, I don't have feelings.",
        "I am unable to open web pages.",
    ],
)
def test_refusals_are_found(response: str) -> None:
    assert refusal(response) < 0.5


@pytest.mark.parametrize("response", [PROSE, "She was sorry that he left.", "You can help by asking."])
def test_other_text_is_no_refusal(response: str) -> None:
    assert refusal(response) == 1.0


@pytest.mark.parametrize("response", ["", "  \n", "...", "N/A", "<noinput>", "[your answer here]", "None"])
def test_empty_answers_are_found(response: str) -> None:
    assert emptiness("Say something", response) < 0.1


def test_the_prompt_given_back_is_empty() -> None:
    assert emptiness("Write a story about a dragon.", "write a story about a  dragon.") < 0.1


def test_a_second_script_is_a_mixture_unless_it_was_asked_for() -> None:
    mixed = "The dog runs through the park 因为它很高兴而且天气很好所以大家都在外面玩"
    assert language("Describe the scene.", mixed) < 0.6
    assert language("Describe the scene in Chinese and English.", mixed) == 1.0
    assert language("描述一下公园", "狗在公园里跑，因为它很高兴而且天气很好") == 1.0


def test_a_second_language_in_one_script_is_a_mixture() -> None:
    mixed = PROSE + " Das Brot ist da und die Kruste wird braun, sie ist nicht weich, und der Teig ist auch mit Hefe."
    assert language("Why does dough rise?", mixed) < language("Why does dough rise?", PROSE) == 1.0


def test_broken_encoding_is_found() -> None:
    assert language("Tell me about cafés.", "CafÃ© au lait is a drink; itâ€™s made with milk.") < 0.6


def test_scripts_are_counted_by_letters() -> None:
    assert scripts("abc где 12 你好!") == {"latin": 3, "cyrillic": 3, "east asian": 2}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.text(max_size=600))
def test_any_text_gets_a_score_above_zero_and_at_most_one(prompt: str, response: str) -> None:
    value, parts = score(prompt, response)
    assert 0 < value <= 1 and all(0 < part <= 1 for part in parts.values())


def test_parts_can_be_left_out() -> None:
    response = "I'm sorry, but I can't help with that."
    assert score("x", response)[0] < 0.5 < score("x", response, leave_out="refusal")[0]
    with pytest.raises(InputError, match="leave_out"):
        score("x", response, leave_out="spelling")
