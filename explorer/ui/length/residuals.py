"""Rows off the trend of the length laboratory: read, open, pin or ban each with one click."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import streamlit as st

from explorer.queries import samples
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.length.live import Live
from explorer.ui.widgets.page import section
from explorer.workspace import marks

_POOR, _RICH = "long but poor in features", "short but rich in features"
_PAGE = 10
_OPEN, _PIN, _BAN, _CLEAR = ":material/open_in_new:", ":material/keep:", ":material/block:", ":material/undo:"


@st.fragment
def draw(view: View, now: Live) -> None:
    """Draw the list of one kind, a page at a time."""
    assert view.samples is not None
    section(
        "Which rows are off the trend?",
        "More than three local spreads from the curve through most rows, farthest first. A pinned row is always taken "
        "by a selection, a banned one never.",
    )
    chosen = st.segmented_control(
        "Rows", [_POOR, _RICH], default=_POOR, required=True, key=state.LENGTH_RESIDUALS, label_visibility="collapsed"
    )
    order = now.far.feature_poor if chosen == _POOR else now.far.feature_rich
    if not len(order):
        st.info(f"No row is {chosen}: none lies more than three local spreads from the trend.", icon=":material/check:")
        return
    pages = -(-len(order) // _PAGE)
    key = f"{state.LENGTH_RESIDUALS}_page"
    page = min(int(state.get(key) or 1), pages)
    ids = order[(page - 1) * _PAGE : page * _PAGE]
    kept = marks.read(view.store, view.samples)
    _rows(view, now, ids, kept)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        if pages > 1:
            st.pagination(pages, key=key)
        _all(view, order, kept, str(chosen))


def _rows(view: View, now: Live, ids: np.ndarray, kept: marks.Marks) -> None:
    from explorer.pipeline.length import repetitions

    assert view.samples is not None
    table, _ = samples.rows(view, ids.tolist(), limit=len(ids))
    said = repetitions(view.store, view.samples, ids)
    rows: list[dict[str, Any]] = []
    for place, one in enumerate(table.to_pylist()):
        number = int(one["sample_id"])
        state_of = "pinned" if number in kept.pinned else "banned" if number in kept.banned else ""
        rows.append(
            {
                "open": f"{_OPEN} {number}",
                "pin": _CLEAR if state_of == "pinned" else _PIN,
                "ban": _CLEAR if state_of == "banned" else _BAN,
                "mark": state_of,
                "features": int(now.counts[number]),
                "expected": float(now.far.expected[number]),
                "tokens": int(now.tokens[number]),
                "repeats": float(1 - said[place]),
                "prompt": display.clean(one["prompt"] or "", 240),
                "response": display.clean(one["response"] or "", 240),
                "source": display.clean(one["source"] or "", 40),
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
            ("pin", "Pin", 50, "Always selected; click again to lift it."),
            ("ban", "Ban", 50, "Never selected; click again to lift it."),
        )
    }
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        alt="Rows off the trend",
        column_config={
            **buttons,
            "mark": st.column_config.TextColumn("Mark", width=70),
            "features": st.column_config.NumberColumn("Features", format="localized", width=75),
            "expected": st.column_config.NumberColumn(
                "Expected", format="%.0f", width=75, help="What the curve through most rows says at that length."
            ),
            "tokens": st.column_config.NumberColumn("Tokens", format="localized", width=70, help="Response tokens."),
            "repeats": st.column_config.NumberColumn(
                "Repeats", format="percent", width=75, help="Share of the response that says again what it said."
            ),
            "prompt": st.column_config.TextColumn("Prompt", width=280),
            "response": st.column_config.TextColumn("Response", width=380),
            "source": st.column_config.TextColumn("Source", width=90),
        },
    )
    if target := state.get(state.LENGTH_OPEN):
        state.put(state.LENGTH_OPEN, 0)
        links.open_sample(int(target) - 1)


def _clicked(view: View, name: str, ids: np.ndarray) -> None:
    """Do what the button of a row says. A page cannot be left in a callback: the row to open is kept for the run."""
    assert view.samples is not None
    number = int(ids[int(st.session_state[f"length_{name}"]["row"])])
    if name == "open":
        state.put(state.LENGTH_OPEN, number + 1)
        return
    kept = marks.read(view.store, view.samples)
    if number in (kept.pinned if name == "pin" else kept.banned):
        marks.clear(view.store, view.samples, [number])
    else:
        (marks.pin if name == "pin" else marks.ban)(view.store, view.samples, [number])


def _all(view: View, order: np.ndarray, kept: marks.Marks, chosen: str) -> None:
    assert view.samples is not None
    listed = set(order.tolist())
    pinned, banned = len(listed & set(kept.pinned)), len(listed & set(kept.banned))
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.caption(f"{display.noun(len(order), 'row')} {chosen}; {pinned:,} pinned, {banned:,} banned")
        ids = order.tolist()
        if chosen == _POOR:
            label = f"Ban all {len(ids):,}"
            st.button(label, icon=":material/block:", on_click=_mark_all, args=(view, "ban", ids))
        if pinned or banned:
            st.button("Lift these marks", icon=":material/undo:", on_click=_mark_all, args=(view, "clear", ids))


def _mark_all(view: View, action: Literal["ban", "clear"], ids: list[int]) -> None:
    assert view.samples is not None
    (marks.ban if action == "ban" else marks.clear)(view.store, view.samples, ids)
