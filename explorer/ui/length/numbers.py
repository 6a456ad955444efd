"""What the Length page looks up while its slider moves; the full analysis is `explorer.pipeline.length`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.features.sets import FeatureSets
from explorer.length import statistics

UNITS = ("tokens", "characters", "log of tokens")


@dataclass(frozen=True)
class Grid:
    """Feature counts of every sample at every stop of the threshold slider: `counts` int32 [T, N]."""

    thresholds: np.ndarray
    counts: np.ndarray

    def stop(self, threshold: float) -> int:
        """Return the stop nearest to a threshold."""
        return int(np.argmin(np.abs(self.thresholds - threshold)))


def grid(sets: FeatureSets, default: float) -> Grid:
    """Count once for all stops; `sets` holds every activation above 0."""
    thresholds = statistics.default_thresholds(sets, default)
    counts = statistics.counts_above(sets, thresholds)
    counts.flags.writeable = False
    return Grid(thresholds, counts)


def in_unit(tokens: np.ndarray, characters: np.ndarray, unit: str) -> np.ndarray:
    """Return the length that is correlated: tokens, characters, or log(1 + tokens)."""
    return {"tokens": tokens, "characters": characters}.get(unit, np.log1p(tokens))
