"""Budgets of the slider, and the addresses that carry them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.selection.metrics import Curve
from explorer.ui.select import address
from explorer.ui.select import budget as budgets


@pytest.mark.parametrize("unit", budgets.UNITS)
@given(samples=st.integers(1, 200_000), tokens=st.integers(1, 10**9), minutes=st.floats(0.001, 1e5))
def test_every_step_of_the_slider_survives_its_address(unit: str, samples: int, tokens: int, minutes: float) -> None:
    offered = budgets.options(unit, samples, tokens, minutes)
    assert offered == sorted(set(offered)) and offered
    assert budgets.start(unit, offered) in offered
    for value in offered:
        read = budgets.read(budgets.text(unit, value))
        assert read is not None and read[0] == unit and read[1] == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("text", ["", "%", "x%", "101%", "-1", "0", "nan", "inf", "1.5", "tok", "1e99", "5 min"])
def test_nonsense_is_no_budget(text: str) -> None:
    assert budgets.read(text) is None or text == "5 min"


@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=50), st.floats(0.5, 5), st.floats(1, 1e4), st.floats(0.01, 60)
)
def test_a_budget_in_training_time_is_filled_and_never_exceeded(
    tokens: list[int], epochs: float, speed: float, minutes: float
) -> None:
    costs = budgets.Costs(np.array(tokens), epochs, speed)
    order = np.arange(len(tokens))[::-1]
    spent = costs.minutes(order)
    chosen = budgets.chosen("training time", minutes, len(tokens), None, len(tokens), spent)
    naive = [sum(tokens[i] for i in order[: k + 1]) * epochs / speed / 60 for k in range(len(tokens))]
    assert np.allclose(spent, naive)
    assert chosen.rows == sum(value <= minutes for value in spent)
    assert chosen.text == str(chosen.rows)


def test_suggested_budgets_are_in_order_and_say_why() -> None:
    gains = np.array([50, 30, 10, 5, 2, 1, 1, 1, 0, 0])
    found = budgets.suggestions(Curve(np.cumsum(gains), 100), np.array([1] * 8 + [2] * 2))
    assert [(one.rows, one.name) for one in found] == [
        (2, "knee"),
        (3, "90%"),
        (4, "95%"),
        (7, "99%"),
        (8, "end of round 1"),
    ]
    assert all(one.reason for one in found)
    joined = budgets.suggestions(Curve(np.array([100, 100]), 100), np.array([1, 2]))
    assert [one.rows for one in joined] == [1] and "90%" in joined[0].name and "end of round 1" in joined[0].name


def test_an_address_is_read_as_it_was_written() -> None:
    written = address.write(
        method="sae-simscale", budget="5%", threshold=2.5, segment="all", params={"max_overlap": 0.5}, seed=3,
        within="set:lasso", must_cover="3,4", exclude="", min_per_source=20, min_per_cluster=0,
    )  # fmt: skip
    assert address.read(written) == {
        "method": "sae-simscale", "budget": "5%", "threshold": 2.5, "segment": "all", "params": {"max_overlap": 0.5},
        "seed": 3, "within": "set:lasso", "must_cover": "3,4", "min_per_source": 20,
    }  # fmt: skip
    assert "exclude" not in written and "min_per_cluster" not in written


@given(
    st.dictionaries(
        st.sampled_from(["method", "budget", "threshold", "params", "seed", "segment"]), st.text(max_size=20)
    )
)
def test_nonsense_in_an_address_is_left_out(query: dict[str, str]) -> None:
    found = address.read(query)
    assert set(found) <= {"method", "budget", "threshold", "params", "seed", "segment"}
    assert json.dumps(found)
