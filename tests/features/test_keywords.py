from __future__ import annotations

import numpy as np

from explorer.features.keywords import class_words, names_from, words_of


def test_words_are_lower_case_letters_without_stop_words_or_tokens() -> None:
    assert words_of("The Oven's at 220°C; don't_forget <b>Butter</b>, x1") == {"oven's", "forget", "butter"}


def test_words_of_other_scripts_are_kept() -> None:
    assert words_of("Напиши письмо über Größe") == {"напиши", "письмо", "über", "größe"}


def test_class_words_name_what_sets_a_class_apart() -> None:
    texts = ["bake bread dough oven", "dough rises oven bread", "python loop code", "python code list loop"]
    words = class_words(texts, np.array([0, 0, 1, 1], dtype=np.int32), 2)
    assert set(words[0][:3]) == {"bread", "dough", "oven"}
    assert set(words[1][:3]) == {"code", "loop", "python"}


def test_one_text_that_repeats_itself_does_not_name_its_class() -> None:
    texts = ["spam " * 500, "bread oven", "bread oven", "code loop", "code loop"]
    words = class_words(texts, np.array([0, 0, 0, 1, 1], dtype=np.int32), 2)
    assert words[0][:2] == ["bread", "oven"]


def test_other_forms_of_a_word_appear_once() -> None:
    words = class_words(["recipe recipes recipe's"] * 3 + ["code"] * 3, np.array([0, 0, 0, 1, 1, 1], np.int32), 2)
    assert len(words[0]) == 1


def test_names_are_distinct_even_for_equal_words() -> None:
    assert names_from([["a", "b", "c", "d"], ["a", "b", "c", "e"], [], []]) == [
        "a, b, c",
        "a, b, c, e",
        "no words",
        "no words (3)",
    ]
