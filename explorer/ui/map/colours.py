"""Colours of the points of the map: one value per row, and how values become colours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from explorer.figures import theme
from explorer.queries.features import labels_of
from explorer.ui import cache, display
from explorer.ui.context import View
from explorer.ui.map import keys
from explorer.ui.map import reads as map_reads
from explorer.ui.widgets import threshold

SELECTED, RANK = "selected by", "rank"


@dataclass(frozen=True)
class Colouring:
    """`values` int16 codes or float32 [N], by row; None with `picks`, the rows of a ranking in its order.

    `spec` is what the canvas reads: kind, title, colours.
    """

    spec: dict[str, Any]
    values: np.ndarray | None = None
    picks: np.ndarray | None = field(default=None)


def options(view: View) -> list[str]:
    """Return the colourings that this workspace offers."""
    extracted, saved = view.activations is not None, bool(view.selections)
    return [
        *(["cluster"] if view.clusters is not None else []),
        "source",
        *(["length", "feature count"] if extracted else []),
        *(["quality"] if view.quality is not None else []),
        *(["one feature"] if extracted else []),
        *([SELECTED, RANK] if saved else []),
    ]


def colourings(view: View, chosen: str) -> list[Colouring]:
    """Draw the widgets that `chosen` needs; one colouring, or two selections to stand side by side."""
    if chosen in (SELECTED, RANK):
        return _selections(view, chosen)
    if chosen == "cluster":
        return [category("cluster", *map_reads.cluster_codes(view))]
    if chosen == "source":
        return [category("source", *map_reads.sources(view))]
    if chosen == "length":
        return [magnitude("response tokens", map_reads.tokens(view))]
    if chosen == "quality":
        return [magnitude("quality score", map_reads.quality(view))]
    if chosen == "feature count":
        counts = cache.feature_counts(view, threshold.current(view), "response")
        return [magnitude("features", counts.astype(np.float32))]
    return [_feature(view)]


def look(kind: str, title: str, **more: Any) -> dict[str, Any]:
    """Return how points look to a canvas (`widgets/canvas/shades.mjs`)."""
    return {"kind": kind, "title": title, **more}


def category(title: str, codes: np.ndarray, names: tuple[str, ...], *, rest: str = "") -> Colouring:
    """Colour rows by their code; `rest` is what the legend calls the rows without one (a negative code)."""
    labels = [display.clean(name, 48) for name in names]
    colours, symbols = list(theme.CATEGORIES), list(theme.SYMBOLS)
    return Colouring(look("category", title, names=labels, colours=colours, symbols=symbols, rest=rest), codes)


def magnitude(title: str, values: np.ndarray) -> Colouring:
    """Colour rows by a number, float32 [N], NaN where a row has none."""
    finite = values[np.isfinite(values)]
    low, high = (float(np.quantile(finite, 0.01)), float(np.quantile(finite, 0.99))) if len(finite) else (0.0, 1.0)
    high = high if high > low else low + 1
    beyond = bool(len(finite) and finite.max() > high)
    return Colouring(look("magnitude", title, scales=theme.MAGNITUDE, low=low, high=high, open=beyond), values)


def _feature(view: View) -> Colouring:
    assert view.activations is not None
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    number = left.number_input(
        "Feature number",
        min_value=0,
        max_value=int(view.activations.manifest.info["d_sae"]) - 1,
        value=0,
        step=1,
        key=keys.FEATURE,
        bind="query-params",
    )
    values = np.zeros(view.rows, dtype=np.float32)
    table = cache.feature_values(view, int(number), "response")
    values[table["sample_id"].to_numpy()] = table["max_act"].to_numpy()
    if view.features is not None:
        label = labels_of(view, [int(number)], view.labels).get(int(number), "")
        right.markdown(f"**{display.md(label, 60)}**  \nin {display.noun(table.num_rows, 'response')}")
    high = float(values.max()) or 1.0
    return Colouring(look("activation", f"activation of {number}", scales=theme.ACTIVATION, low=0.0, high=high), values)


def _selections(view: View, chosen: str) -> list[Colouring]:
    runs = {run.id: run for run in reversed(view.selections)}
    uses = Counter(display.run_name(run) for run in runs.values())

    def name(key: str) -> str:  # part of the address, so it must be unique
        if not key:
            return "–"
        title = display.run_name(runs[key])
        return f"{title} ({key[:4]})" if uses[title] > 1 else title

    left, right = st.columns(2)
    first = left.selectbox("Selection", list(runs), format_func=name, key=keys.RUN, bind="query-params")
    second = right.selectbox("Compare with", ["", *runs], format_func=name, key=keys.BESIDE, bind="query-params")
    shown = [first, second] if second else [first]
    kind = "selected" if chosen == SELECTED else "rank"
    colourings = []
    for run in shown:
        spec = look(kind, chosen, run=run, scales=theme.ACTIVATION, low=0.0, high=1.0)
        if len(shown) > 1:
            spec["heading"] = name(run)
        colourings.append(Colouring(spec, None, cache.picks(view, runs[run])["sample_id"].to_numpy()))
    return colourings
