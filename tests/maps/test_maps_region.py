from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from explorer.maps.polygon import inside

GRID = np.array([(x, y) for x in range(10) for y in range(10)], dtype=np.float32) + np.float32(0.5)
X, Y = GRID[:, 0].copy(), GRID[:, 1].copy()
BOX = [(2.0, 3.0), (6.0, 3.0), (6.0, 8.0), (2.0, 8.0)]


def test_a_box_holds_the_points_between_its_sides() -> None:
    found = inside(X, Y, [BOX])
    assert np.array_equal(found, (X > 2) & (X < 6) & (Y > 3) & (Y < 8))


def test_several_polygons_are_joined_and_overlap_counts_once() -> None:
    other = [(5.0, 3.0), (9.0, 3.0), (9.0, 8.0), (5.0, 8.0)]
    assert np.array_equal(inside(X, Y, [BOX, other]), inside(X, Y, [BOX]) | inside(X, Y, [other]))


def test_a_line_that_crosses_itself_leaves_its_middle_out() -> None:
    twice = [*BOX, (2.0, 3.0), (3.0, 4.0), (5.0, 4.0), (5.0, 7.0), (3.0, 7.0), (3.0, 4.0)]
    hole = (X > 3) & (X < 5) & (Y > 4) & (Y < 7)
    assert np.array_equal(inside(X, Y, [twice]), inside(X, Y, [BOX]) & ~hole)


def test_nothing_drawn_holds_nothing() -> None:
    assert not inside(X, Y, []).any() and not inside(X, Y, [[]]).any()


@given(st.lists(st.tuples(st.floats(0, 6.28), st.floats(0.5, 5)), min_size=3, max_size=12, unique_by=lambda c: c[0]))
def test_a_star_shaped_lasso_equals_its_triangles(corners: list[tuple[float, float]]) -> None:
    angles, radii = (np.array(part) for part in zip(*sorted(corners), strict=True))
    gaps = np.diff(np.append(angles, angles[0] + 2 * np.pi))
    if gaps.max() >= np.pi:  # the centre would lie outside
        return
    ring = np.column_stack([5.03 + radii * np.cos(angles), 5.07 + radii * np.sin(angles)])
    parts = [[(5.03, 5.07), tuple(a), tuple(b)] for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True)]
    assert np.array_equal(inside(X, Y, [[tuple(c) for c in ring]]), inside(X, Y, parts))
