"""Cached reads of the Differences page."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from explorer.features.contrast import Contrast, contrast
from explorer.queries import columns, groups
from explorer.queries.groups import Group
from explorer.ui import cache
from explorer.ui.cache import cached
from explorer.ui.context import View


@cached("samples", "clusters", "selections", "sets", entries=8)
def group_choices(view: View) -> Mapping[str, str]:
    """The name of every group of rows that can be compared, by key."""
    return groups.choices(view)


@cached("samples", "activations", "clusters", "selections", "sets", entries=32, spinner="Counting features …")
def compared(
    view: View, a: str, b: str, threshold: float, segment: str, *, equal_length: bool = False
) -> tuple[Group, Group, Contrast]:
    """Both groups and their contrast; an InputError where a key names nothing here."""
    left, right = groups.pair(view, a, b)
    lengths = columns.response_tokens(view).astype(np.float64) if equal_length else None
    sets = cache.feature_sets(view, threshold, segment)
    return left, right, contrast(sets, left.ids, right.ids, lengths=lengths)
