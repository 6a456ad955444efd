"""Everything the Length page shows at one stop of its slider, looked up in what was counted and resampled once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from explorer.figures.length import Curve
from explorer.figures.length_report import fitted
from explorer.length.fits import Residuals
from explorer.length.statistics import Along, Estimate, Grouped
from explorer.length.summary import OffTrend
from explorer.ui.context import View
from explorer.ui.length import reads as length_reads


@dataclass(frozen=True)
class Live:
    """`x` and `counts` [N] at stop `stop`; `names` of the groups by factor, largest group first."""

    threshold: float
    segment: str
    unit: str
    stop: int
    thresholds: np.ndarray
    x: np.ndarray
    tokens: np.ndarray
    counts: np.ndarray
    along: Along
    names: dict[str, list[str]]
    far: Residuals
    off: OffTrend
    curves: list[Curve]

    @property
    def pearson(self) -> Estimate:
        """Pearson r at this stop."""
        return self.along.overall[self.stop]

    @property
    def grouped(self) -> dict[str, Grouped]:
        """Correlation inside the groups of each factor at this stop."""
        return {factor: found[self.stop] for factor, found in self.along.grouped.items()}

    def r_along(self, end: Literal["value", "low", "high"]) -> np.ndarray:
        """Pearson r, or an end of its interval, at every stop."""
        return np.array([getattr(one, end) for one in self.along.overall])

    def partial_along(self) -> dict[str, np.ndarray]:
        """Partial r by factor at every stop."""
        return {factor: np.array([one.partial.value for one in found]) for factor, found in self.along.grouped.items()}

    def group_along(self, factor: str, code: int, end: Literal["value", "low", "high"]) -> np.ndarray:
        """R inside one group, or an end of its interval, at every stop."""
        return np.array([getattr(one.each[code], end) for one in self.along.grouped[factor]])


def live(view: View, threshold: float, segment: str, unit: str) -> Live:
    """Look up one stop of the slider; what was not counted yet for this segment and unit is counted first."""
    grid = length_reads.grid(view, segment)
    stop = grid.stop(threshold)
    line, usual, far, off = length_reads.off_trend(view, segment, stop)
    tokens = length_reads.lengths(view, "tokens")
    return Live(
        threshold=float(grid.thresholds[stop]),
        segment=segment,
        unit=unit,
        stop=stop,
        thresholds=grid.thresholds,
        x=length_reads.lengths(view, unit),
        tokens=tokens,
        counts=grid.counts[stop],
        along=length_reads.along(view, segment, unit),
        names={factor: groups[1] for factor, groups in length_reads.factors(view).items()},
        far=far,
        off=off,
        curves=fitted(tokens, asdict(usual), asdict(line)),
    )
