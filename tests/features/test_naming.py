"""Labels that read like words."""

from explorer.features.naming import Context, distinct, name_feature, top_peak_words
from explorer.lm.layout import TURN


def test_a_peak_word_is_the_whole_word_around_the_peak_token():
    assert Context([" the", " trav", "ell", "ers", " went"], 2).peak_word == "travellers"
    assert Context(["Hello", " wor", "ld", "!"], 1).peak_word == "world"


def test_signs_have_names():
    assert Context([" end", ".", " Then"], 1).peak_word == "full stop"
    assert Context([" end", "\n\n", "Then"], 1).peak_word == "line break"
    assert Context([" end", "...", "Then"], 1).peak_word == "ellipsis"


def test_the_words_it_peaks_on_come_most_frequent_first():
    contexts = [Context([" the", " beach"], 1)] * 3 + [Context([" a", " hotel"], 1)]
    assert top_peak_words(contexts) == [("beach", 0.75), ("hotel", 0.25)]


def contexts_of(*texts: str, segment: str = "response") -> list[Context]:
    """Contexts from texts in which `>` stands before the peak token; tokens are words with their space, and signs."""
    found = []
    for text in texts:
        tokens, peak = [], 0
        for word in text.split(" "):
            if word.startswith(">"):
                peak, word = len(tokens), word[1:]
            tokens.append(TURN if word == "|" else (" " if tokens and word.isalnum() else "") + word)
        found.append(Context(tokens, peak, segment))
    return found


def test_forms_of_one_word_stand_once_and_the_topic_needs_support():
    contexts = contexts_of(
        "we >plan by sea today", "she >plans by train and sea", "they >planned far by sea", "no >plan at all"
    )
    assert name_feature(contexts, ["sea", "train", "unseen"]).label == "plan (sea)"


def test_a_word_that_says_little_comes_with_the_word_beside_it():
    contexts = contexts_of("one >of the two", "some >of the rest", "three >of the cats", "a man >of honour")
    assert name_feature(contexts, []).label == "“of the”"


def test_a_sign_is_named_and_says_before_what_it_stands():
    contexts = contexts_of("red >, and blue", "wet >, and cold", "tall >, and thin", "soft >, but old")
    assert name_feature(contexts, []).label == "comma before “and”"


def test_numbers_and_years_are_called_so():
    assert name_feature(contexts_of("in >1996 it", "by >2004 she", "from >1871 on"), []).label == "years"
    assert name_feature(contexts_of("take >12 eggs", "about >375 cars", "only >7 left"), []).label == "numbers"


def test_the_place_in_the_text_is_said():
    contexts = contexts_of("why | >Hello there", "how | >Hello to you", "what | >Hello again", "who | >Greetings then")
    assert name_feature(contexts, []).label == "start of the answer: hello, greetings"


def test_differing_words_with_one_piece_are_called_by_the_piece():
    contexts = [
        Context([" car", "rot"], 0),
        Context([" car", "amel"], 0),
        Context([" the", " car", "avan"], 1),
        Context([" my", " car", "pet"], 1),
    ]
    assert name_feature(contexts, []).label == "words beginning with “car”"


def test_a_phrase_is_given_whole():
    contexts = contexts_of("good customer >service here", "our customer >service team", "call customer >service now")
    assert name_feature(contexts, []).label == "customer service"


def test_copies_of_one_context_count_once():
    contexts = contexts_of(*["the same >words again"] * 5, "other >things here")
    assert len(distinct(contexts)) == 2


def test_a_feature_without_evidence_has_no_label():
    assert name_feature([], []).label == ""
