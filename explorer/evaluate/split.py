"""Which rows are held out: chosen by the hash of their content alone, so the choice is the same everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from explorer.selection.quotas import largest_remainder

LEAST = 6  # rows of each source, where it has them: one row says nothing about a source


def held_out(hashes: Sequence[str], sources: Sequence[str], rows: int) -> NDArray[np.int64]:
    """Positions of `rows` rows (fewer where there are not as many), rising.

    Every source gives in proportion to its size, at least `LEAST` rows where that leaves half the rows to the others.
    In a source those rows come first whose content hash, hashed again, is smallest: adding or removing other rows
    does not change their order. Of equal contents one is taken.
    """
    first: dict[str, int] = {}
    for position, content in enumerate(hashes):
        first.setdefault(content, position)
    groups: dict[str, list[int]] = {}
    for position in first.values():
        groups.setdefault(sources[position], []).append(position)
    names = sorted(groups)
    for name in names:
        groups[name].sort(key=lambda position: _lot(hashes[position]))
    sizes = np.array([len(groups[name]) for name in names], dtype=np.int64)
    least = np.minimum(sizes, LEAST) if LEAST * len(names) * 2 <= rows else np.zeros_like(sizes)
    quotas = least + largest_remainder(sizes, rows - int(least.sum()), sizes - least)
    taken = [position for name, quota in zip(names, quotas, strict=True) for position in groups[name][:quota]]
    return np.array(sorted(taken), dtype=np.int64)


def _lot(content: str) -> bytes:
    return hashlib.blake2b(b"held out " + content.encode(), digest_size=16).digest()
