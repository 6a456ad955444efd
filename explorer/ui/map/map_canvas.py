"""The map as an element of the page: a canvas that draws points, and what was drawn or clicked on it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st

from explorer.ui.widgets import canvas
from explorer.ui.widgets.component import component, ignore

_FOLDER = Path(__file__).parent
_canvas = component(
    "explorer_map",
    _FOLDER / "map.mjs",
    canvas.STYLE,
    _FOLDER / "map.css",
    html='<div class="map" role="group" aria-label="Map of the rows"></div>',
)


@dataclass(frozen=True)
class Region:
    """What was drawn on the map: polygons in its coordinates, or the one row that was clicked."""

    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()
    row: int | None = None


def draw(key: str, spec: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> None:
    """Draw the map; `tables` hold the arrays of the panels (values0, picks0, …), of `points`, `bins` and `focus`."""
    _canvas(
        key=key,
        data={"spec": dict(spec), **tables},
        on_region_change=ignore,
        on_frame_change=ignore,
    )


def region(key: str, place: str) -> Region | None:
    """Return the region drawn on the map `place`; None where there is none."""
    value = _state(key).get("region")
    if not isinstance(value, Mapping) or value.get("place") != place:
        return None
    if isinstance(value.get("id"), int):
        return Region(row=value["id"])
    drawn = value.get("polygons")
    polygons = [_polygon(corners) for corners in drawn] if isinstance(drawn, list) else []
    return Region(polygons=tuple(filter(None, polygons))) if any(polygons) else None


def frame(key: str) -> tuple[float, float, float, float] | None:
    """Return what is in view (x from, x to, y from, y to); None for everything."""
    value = _state(key).get("frame")
    if not isinstance(value, (list, tuple)) or len(value) != 4 or not all(map(_number, value)):
        return None
    x0, x1, y0, y1 = map(float, value)
    return (x0, x1, y0, y1) if x0 < x1 and y0 < y1 else None


def _state(key: str) -> Mapping[str, Any]:
    value = st.session_state.get(key)
    return value if isinstance(value, Mapping) else {}


def _polygon(value: Any) -> tuple[tuple[float, float], ...]:
    """Return the corners that a browser sent, nothing where they make no polygon."""
    if not isinstance(value, list) or len(value) < 3:
        return ()
    if not all(isinstance(corner, list) and len(corner) == 2 and all(map(_number, corner)) for corner in value):
        return ()
    return tuple((float(x), float(y)) for x, y in value)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
