"""A scatter with axes as an element of the page: a canvas that keeps its zoom while the points move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from streamlit.components.v2 import component

from explorer.ui.widgets import canvas

_canvas = component(
    "explorer_scatter",
    html='<div class="scatter" role="group" aria-label="Scatter of the rows"></div>',
    css=canvas.style("scatter"),
    js=canvas.script("scatter", "axes", "picture", "scatter"),
)


def draw(key: str, spec: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> int | None:
    """Draw the scatter; returns the row whose point was just clicked, else None.

    Args:
        key: Of the element.
        spec: What the axes measure and how points and curves look; `points` names what was carried
            (`canvas.carry`: int32 `tokens` and `characters`, `words`, and `id` where not every row is a point).
        tables: `heights` (y of each point), `values` (what colours it), `curve0` and on (x, y).
    """
    result = _canvas(key=key, data={"spec": dict(spec), **tables}, on_open_change=_nothing)
    clicked = result.open
    return clicked if isinstance(clicked, int) and not isinstance(clicked, bool) else None


def _nothing() -> None:
    """A trigger needs a callback to exist; what it says is read from the result."""
