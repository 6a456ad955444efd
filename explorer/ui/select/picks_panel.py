"""The picks of a budget as a table, and beside it why the chosen one was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.queries import samples
from explorer.queries.features import labels_of
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.select import rules_form
from explorer.ui.select.budget import Chosen
from explorer.ui.select.ranking import Task
from explorer.ui.widgets import markup
from explorer.ui.widgets.page import section
from explorer.workspace import marks

if TYPE_CHECKING:
    from explorer.features.sets import FeatureSets
    from explorer.selection.explain import Explanation

_PAGE = 12
_FIRST, _LAST = "first", "last"
_EARLIER = 6  # earlier picks that are listed


def draw(view: View, task: Task, chosen: Chosen) -> None:
    """Draw the table of picks and the explanation of the one that is chosen in it."""
    left, right = st.columns([11, 9], gap="large")
    with left:
        step = _table(view, task, chosen)
    with right:
        _why(view, task, step)


def _table(view: View, task: Task, chosen: Chosen) -> int:
    """Draw a page of picks; returns the number of the chosen pick, from 1."""
    assert task.outcome is not None
    ranking = task.outcome.ranked.ranking
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        st.subheader(f"The {display.noun(chosen.rows, 'pick')}", anchor=False, width="content")
        which = st.segmented_control(
            "Picks",
            [_FIRST, _LAST],
            format_func={_FIRST: "In order", _LAST: "The last 20"}.__getitem__,
            default=_FIRST,
            required=True,
            key=state.SELECT_WHICH,
            label_visibility="collapsed",
            persist_state="session",
        )
    page_key = f"{state.ROW_PAGE}_picks"
    pages = max(1, -(-chosen.rows // _PAGE))
    if which == _LAST:
        start, end = max(0, chosen.rows - 20), chosen.rows
    else:
        page = min(int(state.get(page_key) or 1), pages)
        start, end = (page - 1) * _PAGE, min(chosen.rows, page * _PAGE)
    ids = ranking.positions[start:end].tolist()
    ruled = without_gain(task)
    table, _ = samples.rows(view, ids, limit=max(1, len(ids)))
    rows = [
        {
            "pick": start + place + 1,
            "gain": None if start + place in ruled else float(ranking.gain[start + place]),
            "row": row["sample_id"],
            "tokens": row["response_tokens"],
            "cluster": display.clean(row["cluster"] or "", 40),
            "prompt": display.clean(row["prompt"] or "", 160),
        }
        for place, row in enumerate(table.to_pylist())
    ]
    event = st.dataframe(
        rows,
        hide_index=True,
        height="content" if which == _FIRST else 460,
        key=f"picks_{which}_{start}_{chosen.rows if which == _LAST else ''}",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "pick": st.column_config.NumberColumn("Pick", format="%d", width=55),
            "gain": st.column_config.NumberColumn(
                "Gain",
                format="%.4g",
                width=65,
                help="What the pick added, by the method's own measure; none for a row that a rule put there, unless "
                "the method counts it as picked.",
            ),
            "row": st.column_config.NumberColumn("Row", format="%d", width=60),
            "prompt": st.column_config.TextColumn("Prompt"),
            "tokens": st.column_config.NumberColumn("Tokens", format="localized", width=65, help="Response tokens."),
            "cluster": st.column_config.TextColumn("Cluster", width=110),
        },
        alt="Picks in the order they were taken",
    )
    if which == _FIRST and pages > 1:
        st.pagination(pages, key=page_key, persist_state="session")
    st.caption(f"Picks {start + 1:,} to {end:,} of {chosen.rows:,}. Click one to see why it was taken.")
    if event.selection.rows:
        state.put(state.SELECT_PICK, start + int(event.selection.rows[0]) + 1)
    wanted = int(state.get(state.SELECT_PICK) or 0)
    return wanted if start < wanted <= end else start + 1


def _why(view: View, task: Task, step: int) -> None:
    from explorer.selection.explain import explain

    assert task.outcome is not None
    ranked = task.outcome.ranked
    ranking = ranked.ranking
    row = int(ranking.positions[step - 1])
    section(f"Why pick {step:,}?")
    found = samples.sample(view, row)
    if found is not None:
        markup.passage(found["prompt"], limit=280)
        markup.passage(found["response"], answer=True, limit=420)
        st.caption(_about(view, row, found["response_tokens"]))
    _buttons(view, row)
    rule = _rule(task, step)
    if rule:
        st.markdown(f"It is there by a rule: **{rule}**.")
    if ranked.pool.features is None:
        return
    turn = int(ranking.round[step - 1])
    since = int(np.argmax(ranking.round == turn)) + 1 if turn > 1 else 1
    explained = explain(ranked.pool.features, ranking.positions, step, since=since)
    st.markdown(_sentence(explained, turn, rounds=int(ranking.round.max(initial=0)) > 1))
    _features(view, ranked.pool.features, explained)
    _earlier(view, explained)


def _about(view: View, row: int, tokens: int | None) -> str:
    """How long the row's response is, and its cluster by its whole name."""
    parts = [display.noun(tokens, "response token")] if tokens is not None else []
    if view.clusters is not None:
        cards = cache.cluster_cards(view)
        names = dict(zip(cards["cluster"].to_pylist(), cards["name"].to_pylist(), strict=True))
        parts.append(f"cluster: {display.md(names.get(int(cache.cluster_of(view)[row])) or 'none', 200)}")
    return " · ".join(parts)


def _buttons(view: View, row: int) -> None:
    assert view.samples is not None
    kept = marks.read(view.store, view.samples)
    with st.container(horizontal=True, vertical_alignment="center"):
        if row in kept.pinned or row in kept.banned:
            st.caption("pinned" if row in kept.pinned else "banned: run again", width="content")
            st.button(
                "Lift", key="lift_one", type="tertiary", on_click=rules_form.mark, args=(view, marks.clear, [row])
            )
        if row not in kept.pinned:
            st.button(
                "Pin",
                key="pin_one",
                icon=":material/push_pin:",
                on_click=rules_form.mark,
                args=(view, marks.pin, [row]),
                help="Always take this row.",
            )
        if row not in kept.banned:
            st.button(
                "Ban",
                key="ban_one",
                icon=":material/block:",
                on_click=rules_form.mark,
                args=(view, marks.ban, [row]),
                help="Never take this row.",
            )
        st.page_link(
            links.SAMPLES, label=f"Row {row:,}", icon=":material/open_in_new:", query_params={"sample": str(row)}
        )


def _rule(task: Task, step: int) -> str:
    """Which rule put the pick there; "" for those that the method chose."""
    assert task.outcome is not None
    names = {"pinned": "pinned", "must_cover": "has a feature to be covered first", "minimum": "the minimum per group"}
    end = 0
    for kind, rows in task.outcome.ranked.ranking.info.get("opening", {}).items():
        end += rows
        if step <= end:
            return names[kind]
    return ""


def without_gain(task: Task) -> range:
    """Places of the picks that a rule put there and the method did not measure."""
    assert task.outcome is not None
    ranking = task.outcome.ranked.ranking
    opening = sum(ranking.info.get("opening", {}).values())
    return range(opening) if opening and not ranking.round[:opening].any() else range(0)


def _sentence(explained: Explanation, turn: int, *, rounds: bool) -> str:
    added, rest = len(explained.added), explained.size - len(explained.added)
    before = explained.step - explained.since
    where = f" in round {turn}" if rounds and turn else ""
    if not explained.size:
        return "No feature of it is above the threshold."
    if not before:
        return f"The first pick{where}: all of its **{display.noun(explained.size, 'feature')}** are new."
    said = f"It has {display.noun(explained.size, 'feature')}; **{added:,}** of them no earlier pick{where} had."
    if rest:
        said += f" The other {rest:,} were there from {display.noun(len(explained.earlier), 'pick')} before it."
    return said


def _features(view: View, sets: FeatureSets, explained: Explanation) -> None:
    """The features that the pick added, those of most rows first; a click opens the feature."""
    if not len(explained.added) or view.features is None:
        return
    ids = explained.added[np.argsort(-sets.counts[explained.added], kind="stable")][:50].tolist()
    names = labels_of(view, ids, view.labels)
    event = st.dataframe(
        [
            {"feature": i, "label": display.clean(names.get(i, ""), 90), "rows in the pool": int(sets.counts[i])}
            for i in ids
        ],
        hide_index=True,
        height=212,
        key=f"why_{explained.position}",
        on_select="rerun",
        selection_mode="single-cell",
        column_config={
            "feature": st.column_config.NumberColumn("Adds", format="%d", width=60),
            "label": st.column_config.TextColumn("Feature"),
            "rows in the pool": st.column_config.NumberColumn("Rows", format="localized", width=60),
        },
        alt="Features that this pick added",
    )
    if event.selection.cells:
        links.open_feature(ids[int(event.selection.cells[0][0])])


def _earlier(view: View, explained: Explanation) -> None:
    """The earlier picks that had its other features, those with most of them first."""
    if not explained.earlier:
        return
    shown = explained.earlier[:_EARLIER]
    table, _ = samples.rows(view, [one.position for one in shown], limit=len(shown))
    prompts = dict(zip(table["sample_id"].to_pylist(), table["prompt"].to_pylist(), strict=True))
    st.dataframe(
        [
            {
                "pick": one.step,
                "features": len(one.features),
                "prompt": display.clean(prompts.get(one.position) or "", 120),
            }
            for one in shown
        ],
        hide_index=True,
        height="content",
        key=f"earlier_{explained.position}",
        column_config={
            "pick": st.column_config.NumberColumn("Pick", format="%d", width=60),
            "features": st.column_config.NumberColumn(
                "Had first", format="%d", width=80, help="Features of this row that the earlier pick had first."
            ),
            "prompt": st.column_config.TextColumn("Prompt of the earlier pick"),
        },
        alt="Earlier picks that had its other features",
    )
