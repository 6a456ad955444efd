"""Explanations of picks against plain set algebra."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer.features.sets import FeatureSets
from explorer.selection.explain import explain, missing, owners
from tests.selection.naive import activations, rows_of
from tests.selection.pools import feature_sets


@given(feature_sets(), st.data())
def test_a_pick_is_explained_by_what_it_added_and_who_had_the_rest(sets: FeatureSets, data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(sets.n))), np.int64)
    step = data.draw(st.integers(1, sets.n))
    since = data.draw(st.integers(1, step))
    explanation = explain(sets, order, step, since=since)
    rows = rows_of(sets)
    own = rows[order[step - 1]]
    seen: set[int] = set()
    expected: dict[int, set[int]] = {}
    for at in range(since, step):
        new = (rows[order[at - 1]] - seen) & own
        if new:
            expected[at] = new
        seen |= rows[order[at - 1]]
    assert set(explanation.added.tolist()) == own - seen
    assert {pick.step: set(pick.features.tolist()) for pick in explanation.earlier} == expected
    assert all(order[pick.step - 1] == pick.position for pick in explanation.earlier)
    assert [pick.step for pick in explanation.earlier] == sorted(expected, key=lambda at: (-len(expected[at]), at))
    assert (explanation.step, explanation.position, explanation.since) == (step, order[step - 1], since)
    assert explanation.size == len(own)


@given(feature_sets(), st.data())
def test_missing_features_are_the_rest_of_the_pool_most_common_first(sets: FeatureSets, data: st.DataObject) -> None:
    picks = data.draw(st.lists(st.integers(0, sets.n - 1), unique=True))
    rows = rows_of(sets)
    absent = set().union(*rows) - set().union(*(rows[i] for i in picks))
    count = {f: sum(f in row for row in rows) for f in absent}
    assert missing(sets, np.array(picks, np.int64)).tolist() == sorted(absent, key=lambda f: (-count[f], f))


@given(feature_sets(), st.data(), st.integers(1, 5))
def test_the_owners_of_a_feature_come_by_strength(sets: FeatureSets, data: st.DataObject, limit: int) -> None:
    feature = data.draw(st.integers(0, sets.width - 1))
    strength = {i: row[feature] for i, row in enumerate(activations(sets)) if feature in row}
    strongest = sorted(strength, key=lambda i: (-strength[i], i))
    assert owners(sets, feature, limit).tolist() == strongest[:limit]
