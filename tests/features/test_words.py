"""Labels that read like words."""

from collections import Counter

from explorer.features.words import Context, class_tfidf, make_label, top_peak_words, words


def test_a_peak_word_is_the_whole_word_around_the_peak_token():
    assert Context([" the", " trav", "ell", "ers", " went"], 2).peak_word == "travellers"
    assert Context(["Hello", " wor", "ld", "!"], 1).peak_word == "world"


def test_signs_have_names():
    assert Context([" end", ".", " Then"], 1).peak_word == "full stop"
    assert Context([" end", "\n\n", "Then"], 1).peak_word == "line break"
    assert Context([" end", "...", "Then"], 1).peak_word == "full stop"


def test_words_leave_out_stop_words_and_digits():
    assert words("The 3 travellers aren't in Paris") == ["travellers", "aren't", "paris"]


def test_class_tfidf_finds_what_sets_a_class_apart():
    common = Counter({"write": 5, "text": 5})
    first, second = common + Counter({"beach": 4}), common + Counter({"python": 4})
    found = class_tfidf([first, second], keep=1)
    assert found == [["beach"], ["python"]]


def test_a_label_names_the_words_it_peaks_on_and_then_the_topic():
    contexts = [Context([" the", " beach"], 1)] * 3 + [Context([" a", " hotel"], 1)]
    peaks = top_peak_words(contexts)
    assert peaks[0] == ("beach", 0.75)
    assert make_label(peaks, ["travel", "beach", "sun"]) == "“beach”, “hotel” · travel, sun"


def test_a_feature_without_evidence_has_no_label():
    assert make_label([], []) == ""
