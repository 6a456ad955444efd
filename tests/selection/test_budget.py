"""Budgets are read strictly and written as they are read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.selection.budget import Budget


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        (1000, 1000, "rows"), ("1000", 1000, "rows"), ("1,000", 1000, "rows"), ("5%", 0.05, "share"),
        (0.05, 0.05, "share"), ("0.05", 0.05, "share"), (1.0, 1.0, "share"), ("100%", 1.0, "share"),
        ("200000tok", 200_000, "tokens"), ("200_000 tokens", 200_000, "tokens"), (np.int64(3), 3, "rows"),
        ("30min", 1800, "time"), ("2h", 7200, "time"), ("1.5 h", 5400, "time"), ("45s", 45, "time"),
    ],
)  # fmt: skip
def test_a_budget_is_read(text: object, amount: float, unit: str) -> None:
    assert Budget.parse(text) == Budget(amount, unit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad", [0, "0", -1, "-1", 0.0, float("nan"), float("inf"), "nan", "", "abc", "5x", "101%", True, 2.5, "0tok", "0%",
     "0min", "5%min", "1h30min", "2h,0epochs", "2h,8000tok/s,2epochs", "10,00"]
)  # fmt: skip
def test_a_bad_budget_is_refused_in_one_line(bad: object) -> None:
    with pytest.raises(InputError) as caught:
        Budget.parse(bad)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_budget_in_time_carries_how_the_model_is_trained() -> None:
    assert Budget.parse("30min") == Budget(1800, "time", epochs=3.0, tokens_per_second=5_000.0)
    assert Budget.parse("2h, 2 epochs, 8,000 tok/s") == Budget(7200, "time", epochs=2.0, tokens_per_second=8_000.0)
    assert Budget.parse("2h,1epoch").epochs == 1.0
    for text in ("30min", "2h,2epochs,8000tok/s", "45s,0.5epochs", "90min", "1h,12000tok/s"):
        assert Budget.parse(text).text == text
    assert Budget.parse("1h").training_tokens == 3600 * 5_000 / 3


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=40), st.integers(1, 40_000))
def test_a_budget_in_time_holds_the_longest_prefix_that_trains_in_time(tokens: list[int], seconds: int) -> None:
    budget = Budget(seconds, "time", epochs=2.0, tokens_per_second=10.0)
    order = np.arange(len(tokens))[::-1]
    fitting = [sum(tokens[i] for i in order[: k + 1]) * 2 / 10 <= seconds for k in range(len(tokens))]
    assert budget.cut(np.array(tokens), order, len(tokens)) == sum(fitting)


def test_a_unit_that_has_no_meaning_somewhere_is_refused_with_those_that_have() -> None:
    with pytest.raises(InputError, match="in time cannot be used here; got '30min'; allowed: rows like 1000, a share"):
        Budget.parse("30min", units=("rows", "share"))


@given(st.one_of(st.integers(1, 10**9), st.floats(1e-6, 1.0)))
def test_the_text_of_a_budget_gives_it_back(value: float) -> None:
    budget = Budget.parse(value)
    again = Budget.parse(budget.text)
    assert again.unit == budget.unit and again.amount == pytest.approx(budget.amount, rel=1e-11)
