"""Lists of whole numbers survive being written; other texts are refused in one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.ranges import from_ranges, to_ranges


@given(st.lists(st.integers(0, 50), unique=True, min_size=1))
def test_lists_of_numbers_survive_being_written(numbers: list[int]) -> None:
    assert from_ranges(to_ranges(numbers)) == tuple(numbers)


def test_neighbours_are_written_as_a_range_and_repeated_numbers_read_once() -> None:
    assert to_ranges((0, 1, 2, 7, 5)) == "0-2,7,5"
    assert from_ranges("3, 1-4,3") == (3, 1, 2, 4)


@pytest.mark.parametrize(
    ("text", "problem"), [("3,x", "cannot be read"), ("", "cannot be read"), ("10-5", "backwards")]
)
def test_other_texts_are_refused_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        from_ranges(text)
    assert "\n" not in str(caught.value)
