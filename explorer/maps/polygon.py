"""Points of a map inside the polygons drawn on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Polygon = Sequence[tuple[float, float]]


def inside(x: NDArray[np.float32], y: NDArray[np.float32], polygons: Sequence[Polygon]) -> NDArray[np.bool_]:
    """Whether each point (x, y) lies in any of the polygons, bool [N].

    Polygons are closed; the even-odd rule applies where a line crosses itself. The arithmetic is that of the map in
    the browser (`explorer/ui/map/panel.mjs`), in double precision, so both give the same points.
    """
    across, up = x.astype(np.float64), y.astype(np.float64)
    selected = np.zeros(len(x), dtype=bool)
    for polygon in polygons:
        corners = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
        if not len(corners):
            continue
        near = np.flatnonzero(
            (up >= corners[:, 1].min())
            & (up <= corners[:, 1].max())
            & (across >= corners[:, 0].min())
            & (across <= corners[:, 0].max())
        )
        px, py, odd = across[near], up[near], np.zeros(len(near), dtype=bool)
        for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if ay != by:
                odd ^= ((ay > py) != (by > py)) & (px < ((bx - ax) * (py - ay)) / (by - ay) + ax)
        selected[near] |= odd
    return selected
