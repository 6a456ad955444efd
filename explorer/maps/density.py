"""Density of a map with very many points: DuckDB counts them in bins and aggregates a colour value per bin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from explorer.workspace.store import cursor

Bounds = tuple[float, float, float, float]  # x from, x to, y from, y to


@dataclass(frozen=True)
class Grid:
    """Bins of a map: bin = row * columns + column; the lower left corner of bin 0 is (x0, y0)."""

    x0: float
    y0: float
    dx: float
    dy: float
    columns: int
    rows: int


@dataclass(frozen=True)
class Density:
    """The non-empty bins: `table` has bin uint32, n uint32 and, where values were given, value0."""

    grid: Grid
    table: pa.Table


def grid_of(bounds: Bounds, columns: int, rows: int) -> Grid:
    """Square bins over `bounds`; a side without extent gets one bin."""
    x0, x1, y0, y1 = bounds
    side = max((x1 - x0) / columns, (y1 - y0) / rows) or 1.0
    return Grid(x0, y0, side, side, int((x1 - x0) / side) + 1, int((y1 - y0) / side) + 1)


def density(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    *,
    bounds: Bounds,
    columns: int = 400,
    rows: int = 300,
    values: NDArray[np.float32] | NDArray[np.int16] | None = None,
) -> Density:
    """Count the points inside `bounds` by bin.

    Args:
        x: float32 [N].
        y: float32 [N].
        bounds: The visible range; points outside it are not counted.
        columns: Maximum number of bins across.
        rows: Maximum number of bins up.
        values: One value per point: integers are categories (a bin gets its most frequent one, ties: the smaller; -1
            means none), floats are magnitudes (a bin gets their mean, NaN ignored).
    """
    grid = grid_of(bounds, columns, rows)
    columns_of = {"x": x, "y": y} | ({} if values is None else {"v": values})
    place = (
        f"(floor((y - $2) / {grid.dy!r})::BIGINT * {grid.columns} + floor((x - $1) / {grid.dx!r})::BIGINT)::UINTEGER"
    )
    seen = "x BETWEEN $1 AND $3 AND y BETWEEN $2 AND $4"
    if values is None:
        query = f"SELECT {place} AS bin, count(*)::UINTEGER AS n FROM points WHERE {seen} GROUP BY ALL"
    elif np.issubdtype(values.dtype, np.integer):
        query = (
            "SELECT bin, sum(c)::UINTEGER AS n, "
            "arg_max(v, (CASE WHEN v < 0 THEN 0 ELSE c END, -v))::SMALLINT AS value0 "
            f"FROM (SELECT {place} AS bin, v, count(*) AS c FROM points WHERE {seen} GROUP BY ALL) GROUP BY bin"
        )
    else:
        query = (
            f"SELECT {place} AS bin, count(*)::UINTEGER AS n, "
            f"coalesce(avg(v) FILTER (WHERE NOT isnan(v)), 'nan'::FLOAT)::FLOAT AS value0 "
            f"FROM points WHERE {seen} GROUP BY ALL"
        )
    connection = cursor()
    connection.register("points", pa.table(columns_of))
    limits = [bounds[0], bounds[2], bounds[1], bounds[3]]
    table = connection.sql(f"FROM ({query}) ORDER BY bin", params=limits).to_arrow_table()
    connection.unregister("points")
    return Density(grid, table.combine_chunks())
