"""What the plots drawn on a canvas share: their scripts and styles, and points that travel to the browser once.

Why not Plotly where a reader moves a slider or changes colours: Streamlit builds a Plotly chart anew whenever its data
changes, so that zoom and lasso would be lost, every hover text would travel again, and a new WebGL context would take a
third of a second where there is no graphics card. A canvas keeps what it has; a change sends a number a point.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from streamlit.components.v2 import component

_ASSETS = Path(__file__).resolve().parents[1] / "assets"
_PLOT = ("plot/raster.js", "plot/stage.js", "plot/shades.js")


def script(folder: str, *names: str) -> str:
    """Return what every plot shares, then the scripts of `folder`, as one module; the last one exports the drawing."""
    paths = [*_PLOT, *(f"{folder}/{name}.js" for name in names)]
    return "\n".join((_ASSETS / path).read_text("utf-8") for path in paths)


def style(folder: str) -> str:
    """Return the style sheet that every plot shares, then that of `folder`."""
    return "\n".join((_ASSETS / path).read_text("utf-8") for path in ("plot/plot.css", f"{folder}/{folder}.css"))


_carrier = component("explorer_points", js=(_ASSETS / "plot" / "carrier.js").read_text("utf-8"))


def carry(key: str, points: pa.Table) -> None:
    """Bring a table of points to the browser under `key`, for the canvases of the page that name it."""
    _carrier(key="carried_points", data={"key": key, "points": points})
