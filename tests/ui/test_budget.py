"""The steps of the budget slider, and what they come to in rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.selection.budget import Budget
from explorer.selection.metrics import Curve
from explorer.ui.select import budget as budgets


@pytest.mark.parametrize("unit", budgets.UNITS)
@given(samples=st.integers(1, 200_000), tokens=st.integers(1, 10**9), seconds=st.floats(0.1, 6e6))
def test_every_step_of_the_slider_is_a_budget_of_its_unit(unit, samples: int, tokens: int, seconds: float) -> None:
    offered = budgets.steps(unit, samples, tokens, seconds)
    read = [Budget.parse(text) for text in offered]
    assert [budget.text for budget in read] == offered and {budget.unit for budget in read} == {unit}
    amounts = [budget.amount for budget in read]
    assert amounts == sorted(set(amounts)) and amounts
    assert budgets.start(offered) in offered


@pytest.mark.parametrize(("unit", "everything"), [("share", 1.0), ("rows", 12_345), ("tokens", 678_901), ("time", 5e5)])
def test_the_last_step_holds_every_row(unit, everything: float) -> None:
    offered = budgets.steps(unit, 12_345, 678_901, 5e5)
    assert Budget.parse(offered[-1]).amount >= everything


def test_steps_read_well_on_the_page() -> None:
    texts = ("0.5%", "1200", "200000tok", "45s", "1.5min", "2h")
    assert [budgets.label(text) for text in texts] == ["0.5%", "1,200 rows", "200,000 tokens", "45 s", "1.5 min", "2 h"]


@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=50),
    st.integers(1, 10),
    st.integers(1, 10_000),
    st.integers(1, 600),
)
def test_a_budget_in_training_time_is_filled_and_never_exceeded(
    tokens: list[int], epochs: int, speed: int, seconds: int
) -> None:
    costs = budgets.Costs(np.array(tokens), epochs, speed)
    order = np.arange(len(tokens))[::-1]
    chosen = budgets.chosen(costs.budget(f"{seconds}s"), order, None, costs)
    fits = [sum(tokens[i] for i in order[: k + 1]) * epochs <= seconds * speed for k in range(len(tokens))]
    assert chosen.rows == sum(fits)
    assert chosen.budget.unit == "time"
    assert costs.seconds(order[:1]) == pytest.approx(tokens[-1] * epochs / speed)


def test_suggested_budgets_are_in_order_and_say_why() -> None:
    gains = np.array([50, 30, 10, 5, 2, 1, 1, 1, 0, 0])
    suggested = budgets.suggestions(Curve(np.cumsum(gains), 100), np.array([1] * 8 + [2] * 2))
    assert [(suggestion.rows, suggestion.name) for suggestion in suggested] == [
        (2, "knee"),
        (3, "90%"),
        (4, "95%"),
        (7, "99%"),
        (8, "end of round 1"),
    ]
    assert all(suggestion.reason for suggestion in suggested)
    joined = budgets.suggestions(Curve(np.array([100, 100]), 100), np.array([1, 2]))
    assert [suggestion.rows for suggestion in joined] == [1]
    assert "90%" in joined[0].name and "end of round 1" in joined[0].name
