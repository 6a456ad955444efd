from __future__ import annotations

import numpy as np
import pytest

from explorer.maps.density import density

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 5_000)).astype(np.float32)
BOUNDS = (float(X.min()), float(X.max()), float(Y.min()), float(Y.max()))


def places(found) -> np.ndarray:
    """Bin of each point, worked out by hand."""
    grid = found.grid
    column = np.floor((X.astype(np.float64) - grid.x0) / grid.dx).astype(int)
    row = np.floor((Y.astype(np.float64) - grid.y0) / grid.dy).astype(int)
    return row * grid.columns + column


def test_every_point_is_counted_once_in_its_bin() -> None:
    found = density(X, Y, bounds=BOUNDS, columns=40, rows=30)
    counts = dict(zip(*np.unique(places(found), return_counts=True), strict=True))
    table = found.table
    assert dict(zip(table["bin"].to_pylist(), table["n"].to_pylist(), strict=True)) == counts
    assert table["n"].to_numpy().sum() == len(X)
    assert found.grid.columns <= 41 and found.grid.rows <= 41


def test_points_outside_the_view_are_left_out() -> None:
    found = density(X, Y, bounds=(-1.0, 1.0, -0.5, 0.5), columns=20, rows=20)
    assert found.table["n"].to_numpy().sum() == ((np.abs(X) <= 1) & (np.abs(Y) <= 0.5)).sum()


def test_a_bin_has_the_mean_of_its_magnitudes_without_the_missing_ones() -> None:
    values = RNG.normal(size=len(X)).astype(np.float32)
    values[::7] = np.nan
    found = density(X, Y, bounds=BOUNDS, columns=6, rows=6, values=values)
    place = places(found)
    for number, value in zip(found.table["bin"].to_pylist(), found.table["value0"].to_pylist(), strict=True):
        mine = values[place == number]
        expected = float(np.nanmean(mine)) if np.isfinite(mine).any() else float("nan")
        assert value == pytest.approx(expected, abs=1e-5, nan_ok=True)


def test_a_bin_has_the_category_that_most_of_its_points_have() -> None:
    codes = RNG.integers(-1, 4, len(X)).astype(np.int16)
    found = density(X, Y, bounds=BOUNDS, columns=6, rows=6, values=codes)
    place = places(found)
    for number, value in zip(found.table["bin"].to_pylist(), found.table["value0"].to_pylist(), strict=True):
        mine = codes[(place == number) & (codes >= 0)]
        assert value == (np.bincount(mine).argmax() if len(mine) else -1)


def test_points_that_all_lie_on_one_place_fill_one_bin() -> None:
    same = np.ones(9, dtype=np.float32)
    found = density(same, same, bounds=(1.0, 1.0, 1.0, 1.0))
    assert found.table.to_pylist() == [{"bin": 0, "n": 9}]
