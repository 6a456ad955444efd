"""Explanation of a pick, and features missing from a selection: set algebra on feature sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.features.sets import FeatureSets
from explorer.selection.method import Ints


@dataclass(frozen=True)
class Earlier:
    """An earlier pick (`step` counts from 1) and the features of the explained pick that it had first."""

    step: int
    position: int
    features: Ints


@dataclass(frozen=True)
class Explanation:
    """Features that a pick `added`, which no pick since step `since` had, and `earlier` picks with the others.

    `step` counts from 1; `earlier` is sorted by falling number of features. `size` is |F_i| of the pick.
    `since` is 1, or the first step of the pick's round.
    """

    step: int
    position: int
    since: int
    size: int
    added: Ints
    earlier: list[Earlier]


def explain(sets: FeatureSets, positions: Ints, step: int, *, since: int = 1) -> Explanation:
    """Explain pick number `step` of the ranking `positions` by the picks from step `since` on. O(pairs of those)."""
    before = positions[since - 1 : step - 1]
    own = sets.row(int(positions[step - 1]))
    taken = sets.take(before)
    owner = np.repeat(np.arange(len(before)), taken.sizes)
    first = np.full(sets.width, -1, np.int64)
    first[taken.indices[::-1]] = owner[::-1]  # the earliest pick is written last
    place = first[own]
    earlier = [
        Earlier(since + int(at), int(before[at]), own[place == at].astype(np.int64))
        for at in np.unique(place[place >= 0])
    ]
    earlier.sort(key=lambda pick: (-len(pick.features), pick.step))
    return Explanation(step, int(positions[step - 1]), since, len(own), own[place < 0].astype(np.int64), earlier)


def missing(sets: FeatureSets, positions: Ints) -> Ints:
    """Features of the pool that no pick has, those of most samples first (ties: smaller id), int64."""
    absent = sets.counts > 0
    absent[sets.take(positions).indices] = False
    ids = np.flatnonzero(absent)
    return ids[np.argsort(-sets.counts[ids], kind="stable")]


def owners(sets: FeatureSets, feature: int, limit: int) -> Ints:
    """The samples with the largest activation of a feature, at most `limit`, strongest first (ties: smaller id)."""
    places = np.flatnonzero(sets.indices == feature)
    rows = np.searchsorted(sets.indptr, places, side="right") - 1
    return rows[np.lexsort((rows, -sets.values[places]))][:limit]
