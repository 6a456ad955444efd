"""Outliers of the Length page: read, open, pin or ban each with one click."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from explorer.length.analysis import Stop
from explorer.queries import samples
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.length import keys
from explorer.ui.widgets import pins
from explorer.ui.widgets.elements import section
from explorer.workspace import marks

_POOR, _RICH = "long but poor in features", "short but rich in features"
_PAGE = 10
_OPEN, _PIN, _BAN, _CLEAR = ":material/open_in_new:", ":material/keep:", ":material/block:", ":material/undo:"


@st.fragment
def draw(view: View, now: Stop) -> None:
    """Draw the outliers of one kind, a page at a time."""
    section(
        "Outliers",
        "Rows more than three local spreads from the trend of most rows, farthest first. Selections always take a "
        "pinned row and never a banned one.",
    )
    kind = st.segmented_control(
        "Rows", [_POOR, _RICH], default=_POOR, required=True, key=keys.OUTLIERS, label_visibility="collapsed"
    )
    residuals = now.shape.residuals
    order = residuals.feature_poor if kind == _POOR else residuals.feature_rich
    if not len(order):
        st.info(f"No row is {kind}: none is more than three local spreads from the trend.", icon=":material/check:")
        return
    pages = -(-len(order) // _PAGE)
    key = f"{keys.OUTLIERS}_page"
    page = min(int(state.get(key) or 1), pages)
    ids = order[(page - 1) * _PAGE : page * _PAGE]
    marked = pins.read(view)
    _rows(view, now, ids, marked)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        if pages > 1:
            st.pagination(pages, key=key)
        _all(view, order, marked, str(kind))


def _rows(view: View, now: Stop, ids: np.ndarray, marked: marks.Marks) -> None:
    from explorer.pipeline.length import repetition

    table, _ = samples.rows(view, ids.tolist(), limit=len(ids))
    repeated = 1 - repetition(view, ids)
    rows: list[dict[str, Any]] = []
    for row, share in zip(table.to_pylist(), repeated.tolist(), strict=True):
        number = int(row["sample_id"])
        mark = "pinned" if number in marked.pinned else "banned" if number in marked.banned else ""
        rows.append(
            {
                "open": f"{_OPEN} {number}",
                "pin": _CLEAR if mark == "pinned" else _PIN,
                "ban": _CLEAR if mark == "banned" else _BAN,
                "mark": mark,
                "features": int(now.features[number]),
                "expected": float(now.shape.residuals.expected[number]),
                "tokens": int(now.inputs.tokens[number]),
                "repeats": share,
                "prompt": display.clean(row["prompt"] or "", 240),
                "response": display.clean(row["response"] or "", 240),
                "source": display.clean(row["source"] or "", 40),
            }
        )
    buttons = {
        name: st.column_config.ButtonColumn(
            label,
            type="tertiary",
            width=width,
            help=text,
            key=f"length_{name}",
            on_click=_clicked,
            args=(view, name, ids),
        )
        for name, label, width, text in (
            ("open", "Row", 90, "Open the row."),
            ("pin", "Pin", 50, "Selections always take the row; click again to clear the pin."),
            ("ban", "Ban", 50, "Selections never take the row; click again to clear the ban."),
        )
    }
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        alt="Outliers",
        column_config={
            **buttons,
            "mark": st.column_config.TextColumn("Mark", width=70),
            "features": st.column_config.NumberColumn("Features", format="localized", width=75),
            "expected": st.column_config.NumberColumn(
                "Expected", format="%.0f", width=75, help="Features that the trend predicts for this length."
            ),
            "tokens": st.column_config.NumberColumn("Tokens", format="localized", width=70, help="Response tokens."),
            "repeats": st.column_config.NumberColumn(
                "Repeats", format="percent", width=75, help="Share of the response that repeats earlier text."
            ),
            "prompt": st.column_config.TextColumn("Prompt", width=280),
            "response": st.column_config.TextColumn("Response", width=380),
            "source": st.column_config.TextColumn("Source", width=90),
        },
    )
    if target := state.get(keys.OPEN):
        state.put(keys.OPEN, 0)
        links.open_sample(int(target) - 1)


def _clicked(view: View, name: str, ids: np.ndarray) -> None:
    """Do what the button of a row says. A callback cannot leave the page, so the row to open waits for the next run."""
    number = int(ids[int(st.session_state[f"length_{name}"]["row"])])
    if name == "open":
        state.put(keys.OPEN, number + 1)
        return
    marked = pins.read(view)
    change = marks.pin if name == "pin" else marks.ban
    pins.mark(view, marks.clear if number in (marked.pinned if name == "pin" else marked.banned) else change, [number])


def _all(view: View, order: np.ndarray, marked: marks.Marks, kind: str) -> None:
    ids = order.tolist()
    pinned, banned = len(set(ids) & set(marked.pinned)), len(set(ids) & set(marked.banned))
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.caption(f"{display.noun(len(ids), 'row')} {kind}; {pinned:,} pinned, {banned:,} banned")
        if kind == _POOR:
            label = f"Ban all {len(ids):,}"
            st.button(label, icon=":material/block:", on_click=pins.mark, args=(view, marks.ban, ids))
        if pinned or banned:
            st.button("Clear pins and bans", icon=":material/undo:", on_click=pins.mark, args=(view, marks.clear, ids))
