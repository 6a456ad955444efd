"""A scatter with axes as an element of the page: a canvas that keeps its zoom while the points move."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from explorer.ui.widgets import canvas
from explorer.ui.widgets.component import component, ignore

_FOLDER = Path(__file__).parent
_canvas = component(
    "explorer_scatter",
    _FOLDER / "scatter.mjs",
    canvas.STYLE,
    _FOLDER / "scatter.css",
    html='<div class="scatter" role="group" aria-label="Scatter of the rows"></div>',
)


def draw(key: str, spec: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> int | None:
    """Draw the scatter; returns the row whose point was just clicked, else None.

    Args:
        key: Of the element.
        spec: What the axes measure, and the look of points and curves; `points` names the table that was carried
            (`canvas.carry`: int32 `tokens` and `characters`, `words`, and `id` where not every row is a point).
        tables: `heights` (y of each point), `values` (what colours it), `curve0` and on (x, y).
    """
    clicked = _canvas(key=key, data={"spec": dict(spec), **tables}, on_open_change=ignore).open
    return clicked if isinstance(clicked, int) and not isinstance(clicked, bool) else None
