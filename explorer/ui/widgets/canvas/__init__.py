"""What the plots drawn on a canvas share: their base style, and points that travel to the browser once.

Why not Plotly where a reader moves a slider or changes colours: Streamlit builds a Plotly chart anew whenever its data
changes, so that zoom and lasso would be lost, every hover text would travel again, and a new WebGL context would take a
third of a second where there is no graphics card. A canvas keeps what it has; a change sends one number per point.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from explorer.ui.widgets.component import component

_FOLDER = Path(__file__).parent
STYLE = _FOLDER / "plot.css"

_carrier = component("explorer_points", _FOLDER / "carrier.mjs")


def carry(key: str, points: pa.Table) -> None:
    """Bring a table of points to the browser under `key`, for the canvases of the page that name it."""
    _carrier(key="carried_points", data={"key": key, "points": points})
