"""The scatter of the Length page: every row, its response length against its features above the threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.figures.length import where
from explorer.length.statistics import signed
from explorer.ui import links, state
from explorer.ui.context import View
from explorer.ui.length import reads as length_reads
from explorer.ui.length import scatter_canvas
from explorer.ui.length.live import Live
from explorer.ui.map import colours
from explorer.ui.map.colours import Colouring
from explorer.ui.widgets import canvas

POINTS = 100_000  # rows up to which every row is a point; of more, an even share of so many
HEIGHT = 540
_SHOWN = 8  # groups with a colour of their own, as many as there are colours


def place(view: View) -> str:
    """Return what the points are called in the browser."""
    return "/".join((*view.key("samples", "activations"), "length"))


def carry(view: View) -> None:
    """Bring lengths and words to the browser."""
    canvas.carry(place(view), length_reads.carried(view, POINTS))
    state.put(state.LENGTH_CARRIED, place(view))


def draw(view: View, now: Live, colour: str) -> None:
    """Draw the scatter of what was carried; a click on a point opens its row."""
    part = None if view.rows <= POINTS else length_reads.drawn(view, POINTS)
    measure = "characters" if now.unit == "characters" else "tokens"
    log = now.unit.startswith("log")
    shown = _colouring(view, colour)
    counts = now.counts if part is None else now.counts[part]
    narrow = np.uint16 if int(counts.max(initial=0)) < 1 << 16 else np.int32
    tables = {"heights": pa.table({"y": counts.astype(narrow)})}
    if shown.values is not None:
        tables["values"] = pa.table({"value": shown.values if part is None else shown.values[part]})
    curves = [] if measure == "characters" else now.curves
    for number, (_, x, y) in enumerate(curves):
        tables[f"curve{number}"] = pa.table({"x": x.astype(np.float32), "y": y.astype(np.float32)})
    spec: dict[str, Any] = {
        "points": place(view),
        "frame": f"{place(view)} {now.unit} {now.segment}",
        "measure": measure,
        "log": log,
        "height": HEIGHT,
        "titles": {"x": f"response length ({measure})", "y": f"features active in {where(now.segment)}"},
        "look": shown.spec,
        "curves": [{"name": name, "dashed": number > 0} for number, (name, _, _) in enumerate(curves)],
        "alt": _alt(now, colour, len(counts), measure),
        "image": state.get(state.IMAGE_FORMAT),
        "stamp": f"{now.segment} {now.unit} {colour} {now.threshold:g}",
    }
    clicked = scatter_canvas.draw(state.LENGTH_CANVAS, spec, tables)
    if part is not None:
        st.caption(
            f"{len(part):,} of {view.rows:,} rows are drawn, an even share; every number is of all rows, and the rows "
            "off the trend are listed below."
        )
    if clicked is not None and 0 <= clicked < view.rows:
        links.open_sample(clicked)


def _alt(now: Live, colour: str, drawn: int, measure: str) -> str:
    r = now.pearson
    said = f"; r = {signed(r.value, 3)}" if np.isfinite(r.value) else ""
    by = "" if colour == "nothing" else f", coloured by {colour}"
    return (
        f"Scatter of {drawn:,} rows: response length ({measure}) against the features active in {where(now.segment)} "
        f"above {now.threshold:g}{by}{said}. The median row has {np.median(now.counts):,.0f} features."
    )


def _colouring(view: View, colour: str) -> Colouring:
    if colour == "quality":
        return colours.magnitude("quality", length_reads.quality(view).astype(np.float32))
    groups = length_reads.factors(view).get(colour)
    if groups is None:
        return Colouring(colours.look("plain", ""))
    codes, names = groups
    others = len(names) - _SHOWN
    return colours.category(
        colour,
        np.where(codes < _SHOWN, codes, -1).astype(np.int8),
        tuple(name or "(none)" for name in names[:_SHOWN]),
        rest=f"{others:,} others" if others > 0 else "",
    )
