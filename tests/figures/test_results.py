"""The cost figure's names stand apart, and near their marks."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer.figures.results import cost, spread

numbers = st.lists(st.floats(-50, 50), min_size=1, max_size=12)


@given(numbers, st.floats(0.01, 5))
def test_spread_places_keep_their_order_their_distance_and_their_mean(wanted, gap):
    wanted = np.array(wanted)
    placed = spread(wanted, gap)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(placed[order]) >= gap * (1 - 1e-6) - 1e-9).all()
    assert np.isclose(placed.mean(), wanted.mean())


def test_what_is_far_apart_stays_where_it_is():
    assert spread(np.array([9.0, 1.0, 5.0]), 2.0).tolist() == [9.0, 1.0, 5.0]


def test_every_method_is_named_once_and_no_names_share_a_place():
    entries = [
        {
            "label": f"method {i}",
            "method": "random",
            "tokens": 1000 + i,
            "improvement": 0.001 * i,
            "improvement_low": -0.01,
            "improvement_high": 0.02,
            "real": False,
        }
        for i in range(9)
    ]
    fig = cost(entries, "random")
    names = [note for note in fig.layout.annotations if "method" in str(note.text)]
    low, high = fig.layout.yaxis.range
    places = sorted(note.ay for note in names)
    assert len(names) == 9 and min(np.diff(places)) * (460 - 70) / (high - low) >= 16
    assert places[0] >= low and places[-1] <= high
