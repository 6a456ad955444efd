"""Dataset text made safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.text import one_line, visible

MARKS = {"Cc", "Cf", "Cs", "Zl", "Zp"}
texts = st.text(st.characters(), max_size=60) | st.text("a \n\t\u202e\u2028\u0007\ud800é", max_size=60)


@given(texts, st.integers(1, 40))
def test_one_line_has_no_marks_single_spaces_and_at_most_so_many_characters(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert not MARKS & set(map(unicodedata.category, line)) and "  " not in line
    assert len(line) <= limit and line == one_line(line, limit)


@given(texts)
def test_visible_changes_marks_into_dots_and_nothing_else(text: str) -> None:
    for before, after in zip(text, visible(text), strict=True):
        marked = unicodedata.category(before) in MARKS and before not in "\n\t"
        assert after == ("·" if marked else before)


@pytest.mark.parametrize(("text", "line"), [("a\n b", "a b"), ("abcdef", "abc…"), (None, "None"), ("\u202eab", "ab")])
def test_a_line_is_cut_with_an_ellipsis(text: object, line: str) -> None:
    assert one_line(text, 4) == line


def test_what_is_kept_stays() -> None:
    assert visible("a\nb\tc", keep="\n") == "a\nb·c"
