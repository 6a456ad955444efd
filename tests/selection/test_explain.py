"""Explanations of picks against plain set algebra."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer.features.sets import FeatureSets
from explorer.selection.explain import explain, missing, owners
from tests.selection.naive import rows_of
from tests.selection.pools import feature_sets


@given(feature_sets(), st.data())
def test_a_pick_is_explained_by_what_it_added_and_who_had_the_rest(sets: FeatureSets, data: st.DataObject) -> None:
    order = np.array(data.draw(st.permutations(range(sets.n))), np.int64)
    step = data.draw(st.integers(1, sets.n))
    since = data.draw(st.integers(1, step))
    found = explain(sets, order, step, since=since)
    rows = rows_of(sets)
    own = rows[order[step - 1]]
    seen: set[int] = set()
    expected: dict[int, set[int]] = {}
    for at in range(since, step):
        new = (rows[order[at - 1]] - seen) & own
        if new:
            expected[at] = new
        seen |= rows[order[at - 1]]
    assert set(found.added.tolist()) == own - seen
    assert {one.step: set(one.features.tolist()) for one in found.earlier} == expected
    assert all(order[one.step - 1] == one.position for one in found.earlier)
    sizes = [len(one.features) for one in found.earlier]
    assert sizes == sorted(sizes, reverse=True) and found.size == len(found.added) + sum(sizes)


@given(feature_sets(), st.data())
def test_what_is_missing_is_the_rest_of_the_pool_most_common_first(sets: FeatureSets, data: st.DataObject) -> None:
    picks = data.draw(st.lists(st.integers(0, sets.n - 1), unique=True))
    rows = rows_of(sets)
    lacking = set().union(*rows) - set().union(*(rows[i] for i in picks))
    count = {f: sum(f in row for row in rows) for f in lacking}
    found = missing(sets, np.array(picks, np.int64)).tolist()
    assert found == sorted(lacking, key=lambda f: (-count[f], f))
    for feature in found[:2]:
        having = [i for i, row in enumerate(rows) if feature in row]
        assert sorted(owners(sets, feature, sets.n).tolist()) == having
