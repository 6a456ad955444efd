"""The scatter of the Length page: every row, its response length against its features above the threshold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import streamlit as st

from explorer.figures.length import Curve, where
from explorer.figures.length_report import fitted
from explorer.length.analysis import Stop
from explorer.length.statistics import signed
from explorer.ui import links, state
from explorer.ui.context import View
from explorer.ui.length import keys, scatter_canvas
from explorer.ui.length import reads as length_reads
from explorer.ui.map import colours
from explorer.ui.map import reads as map_reads
from explorer.ui.map.colours import Colouring
from explorer.ui.widgets import canvas

POINTS = 100_000  # points at most: of more rows, an even sample
HEIGHT = 540
_SHOWN = 8  # groups with a colour of their own, as many as there are colours


def place(view: View) -> str:
    """Return the name of the points in the browser."""
    return "/".join((*view.key("samples", "activations"), "length"))


def carry(view: View) -> None:
    """Send lengths and words to the browser."""
    canvas.carry(place(view), length_reads.carried(view, POINTS))
    state.put(keys.CARRIED, place(view))


def curves(now: Stop) -> list[Curve]:
    """The trend of most rows and the line through all rows, over response tokens."""
    return fitted(now.inputs.tokens, asdict(now.shape.trend), asdict(now.shape.linear))


def draw(view: View, now: Stop, colour: str) -> None:
    """Draw the scatter of the points that the browser holds; a click on a point opens its row."""
    part = None if view.rows <= POINTS else length_reads.drawn(view, POINTS)
    segment = now.counts.segment
    measure = "characters" if now.unit == "characters" else "tokens"
    shown = _colouring(view, colour)
    features = now.features if part is None else now.features[part]
    narrow = np.uint16 if int(features.max(initial=0)) < 1 << 16 else np.int32
    tables = {"heights": pa.table({"y": features.astype(narrow)})}
    if shown.values is not None:
        tables["values"] = pa.table({"value": shown.values if part is None else shown.values[part]})
    lines = [] if measure == "characters" else curves(now)
    for number, (_, x, y) in enumerate(lines):
        tables[f"curve{number}"] = pa.table({"x": x.astype(np.float32), "y": y.astype(np.float32)})
    spec: dict[str, Any] = {
        "points": place(view),
        "frame": f"{place(view)} {now.unit} {segment}",
        "measure": measure,
        "log": now.unit.startswith("log"),
        "height": HEIGHT,
        "titles": {"x": f"response length ({measure})", "y": f"features active in {where(segment)}"},
        "look": shown.spec,
        "curves": [{"name": name, "dashed": number > 0} for number, (name, _, _) in enumerate(lines)],
        "alt": _alt(now, colour, len(features), measure),
        "image": state.get(state.IMAGE_FORMAT),
        "stamp": f"{segment} {now.unit} {colour} {now.threshold:g}",
    }
    clicked = scatter_canvas.draw(keys.CANVAS, spec, tables)
    if part is not None:
        st.caption(
            f"Shows {len(part):,} of {view.rows:,} rows, evenly sampled. All statistics and the list of outliers use "
            "every row."
        )
    if clicked is not None and 0 <= clicked < view.rows:
        links.open_sample(clicked)


def _alt(now: Stop, colour: str, drawn: int, measure: str) -> str:
    r = f"; r = {signed(now.pearson.value, 3)}" if np.isfinite(now.pearson.value) else ""
    by = "" if colour == "nothing" else f", coloured by {colour}"
    return (
        f"Scatter of {drawn:,} rows: response length ({measure}) against features active in "
        f"{where(now.counts.segment)} above {now.threshold:g}{by}{r}. "
        f"The median is {np.median(now.features):,.0f} features per row."
    )


def _colouring(view: View, colour: str) -> Colouring:
    if colour == "quality":
        return colours.magnitude("quality", map_reads.quality(view))
    groups = length_reads.largest_first(view, colour)
    if groups is None:
        return Colouring(colours.look("plain", ""))
    others = len(groups.names) - _SHOWN
    return colours.category(
        colour,
        np.where(groups.codes < _SHOWN, groups.codes, -1).astype(np.int8),
        tuple(name or "(none)" for name in groups.names[:_SHOWN]),
        rest=f"{others:,} others" if others > 0 else "",
    )
