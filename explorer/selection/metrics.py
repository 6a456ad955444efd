"""What a selection is worth, in numbers that can be compared between selections."""

from __future__ import annotations

import numpy as np

from explorer.features.sets import FeatureSets
from explorer.selection.method import Ints


def covered_features(sets: FeatureSets, positions: Ints) -> np.ndarray:
    """Which features at least one pick has, bool [width]."""
    covered = np.zeros(sets.width, bool)
    covered[sets.take(positions).indices] = True
    return covered


def coverage(sets: FeatureSets, positions: Ints) -> float:
    """Features that at least one pick has, as a share of those that any sample has (1.0 where no sample has any)."""
    present = int(np.count_nonzero(sets.counts))
    return float(np.count_nonzero(covered_features(sets, positions))) / present if present else 1.0
