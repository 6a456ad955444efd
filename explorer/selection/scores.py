"""Quality scores for the methods: missing scores are set apart and counted, never replaced by a number."""

from __future__ import annotations

import numpy as np

from explorer.errors import refuse
from explorer.selection.method import Floats, Ints, Pool


def scored(pool: Pool, slug: str) -> tuple[Ints, Ints]:
    """Positions with a quality score, and those without one; InputError where no sample has a score."""
    assert pool.quality is not None
    missing = np.isnan(pool.quality)
    if missing.all():
        refuse(f"method {slug}: every quality score is missing", allowed="a score for at least one sample")
    return np.flatnonzero(~missing), np.flatnonzero(missing)


def from_zero(quality: Floats) -> Floats:
    """Scores shifted so that the lowest is 0 where some are negative; scores of 0 or more stay as they are."""
    lowest = float(np.nanmin(quality))
    return quality - lowest if lowest < 0 else quality


def unit_range(quality: Floats) -> Floats:
    """Scores stretched to 0..1 (all 1 where they are equal)."""
    low, high = float(np.nanmin(quality)), float(np.nanmax(quality))
    return (quality - low) / (high - low) if high > low else np.where(np.isnan(quality), np.nan, 1.0)
