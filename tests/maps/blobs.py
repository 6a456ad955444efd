"""Unit vectors around planted centres."""

from __future__ import annotations

import numpy as np

from explorer.maps.vectors import unit_norm


def blobs(n: int, k: int, d: int = 16, *, spread: float = 3.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = np.sort(rng.integers(k, size=n))
    centres = rng.standard_normal((k, d)) * spread
    return unit_norm((centres[label] + rng.standard_normal((n, d))).astype(np.float32)), label
