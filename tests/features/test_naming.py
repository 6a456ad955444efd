"""Labels that read like words."""

from explorer.features.naming import Context, make_label, top_peak_words


def test_a_peak_word_is_the_whole_word_around_the_peak_token():
    assert Context([" the", " trav", "ell", "ers", " went"], 2).peak_word == "travellers"
    assert Context(["Hello", " wor", "ld", "!"], 1).peak_word == "world"


def test_signs_have_names():
    assert Context([" end", ".", " Then"], 1).peak_word == "full stop"
    assert Context([" end", "\n\n", "Then"], 1).peak_word == "line break"
    assert Context([" end", "...", "Then"], 1).peak_word == "full stop"


def test_a_label_names_the_words_it_peaks_on_and_then_the_topic():
    contexts = [Context([" the", " beach"], 1)] * 3 + [Context([" a", " hotel"], 1)]
    peaks = top_peak_words(contexts)
    assert peaks[0] == ("beach", 0.75)
    assert make_label(peaks, ["travel", "beach", "sun"]) == "“beach”, “hotel” · travel, sun"


def test_the_name_of_a_sign_is_not_quoted():
    assert make_label(top_peak_words([Context([" so", ","], 1)] * 3), []) == "comma"


def test_a_feature_without_evidence_has_no_label():
    assert make_label([], []) == ""
