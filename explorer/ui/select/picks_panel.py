"""The picks of a budget as a table, and the explanation of one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.queries import samples
from explorer.queries.features import labels_of
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.select import keys
from explorer.ui.select.budget import Chosen
from explorer.ui.select.ranking import Task
from explorer.ui.widgets import columns, markup, pins, row_table, table
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import section

if TYPE_CHECKING:
    from explorer.features.sets import FeatureSets
    from explorer.selection.explain import Explanation

_PAGE = 12
_FIRST, _LAST = "first", "last"
_EARLIER = 6  # earlier picks that are listed
_COLUMNS = (
    columns.PICK,
    replace(columns.GAIN, help="What the pick added, by the method's own measure; none for most rows of a rule."),
    columns.ROW,
    columns.TOKENS,
    columns.CLUSTER,
    replace(columns.PROMPT, width=None),
)
_ADDED = (replace(columns.FEATURE, title="Adds"), replace(columns.LABEL, title="Feature"), columns.ROWS)
_EARLIER_PICKS = (
    columns.PICK,
    Column("features", "Had first", "id", "Features of this row that the earlier pick had first.", width=80),
    replace(columns.PROMPT, title="Prompt of the earlier pick", width=None),
)


def draw(view: View, task: Task, chosen: Chosen) -> None:
    """Draw the table of picks and the explanation of the one chosen in it."""
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
            key=keys.WHICH,
            label_visibility="collapsed",
            persist_state="session",
        )
    page_key = f"{row_table.PAGE}_picks"
    pages = max(1, -(-chosen.rows // _PAGE))
    if which == _LAST:
        start, end = max(0, chosen.rows - 20), chosen.rows
    else:
        page = min(int(state.get(page_key) or 1), pages)
        start, end = (page - 1) * _PAGE, min(chosen.rows, page * _PAGE)
    ids = ranking.positions[start:end].tolist()
    ruled = without_gain(task)
    texts, _ = samples.rows(view, ids, limit=max(1, len(ids)))
    rows = [
        {
            "pick": start + place + 1,
            "gain": None if start + place in ruled else float(ranking.gain[start + place]),
            "sample_id": row["sample_id"],
            "response_tokens": row["response_tokens"],
            "cluster": display.clean(row["cluster"] or "", 40),
            "prompt": display.clean(row["prompt"] or "", 160),
        }
        for place, row in enumerate(texts.to_pylist())
    ]
    clicked = table.draw(
        rows,
        _COLUMNS,
        height="content" if which == _FIRST else 460,
        key=f"picks_{which}_{start}_{chosen.rows if which == _LAST else ''}",
        clicks="row",
        alt="Picks in order",
    )
    if which == _FIRST and pages > 1:
        st.pagination(pages, key=page_key, persist_state="session")
    st.caption(f"Picks {start + 1:,} to {end:,} of {chosen.rows:,}. Click one to see why it was selected.")
    if clicked is not None:
        state.put(keys.PICK, start + clicked + 1)
    pick = int(state.get(keys.PICK) or 0)
    return pick if start < pick <= end else start + 1


def _why(view: View, task: Task, step: int) -> None:
    from explorer.selection.explain import explain

    assert task.outcome is not None
    ranked = task.outcome.ranked
    ranking = ranked.ranking
    row = int(ranking.positions[step - 1])
    section(f"Why pick {step:,}?")
    sample = samples.sample(view, row)
    if sample is not None:
        markup.passage(sample["prompt"], limit=280)
        markup.passage(sample["response"], answer=True, limit=420)
        st.caption(_details(view, row, sample["response_tokens"]))
    with st.container(horizontal=True, vertical_alignment="center"):
        pins.buttons(view, [row], key="pick")
        links.draw(links.SAMPLES, f"Row {row:,}", ":material/open_in_new:", sample=row)
    rule = _rule(task, step)
    if rule:
        st.markdown(f"Selected by a rule: **{rule}**.")
    if ranked.pool.features is None:
        return
    turn = int(ranking.round[step - 1])
    since = int(np.argmax(ranking.round == turn)) + 1 if turn > 1 else 1
    explained = explain(ranked.pool.features, ranking.positions, step, since=since)
    st.markdown(_sentence(explained, turn, rounds=int(ranking.round.max(initial=0)) > 1))
    _features(view, ranked.pool.features, explained)
    _earlier(view, explained)


def _details(view: View, row: int, tokens: int | None) -> str:
    """The length of the row's response, and the full name of its cluster."""
    parts = [display.noun(tokens, "response token")] if tokens is not None else []
    if view.clusters is not None:
        cards = cache.cluster_cards(view)
        names = dict(zip(cards["cluster"].to_pylist(), cards["name"].to_pylist(), strict=True))
        parts.append(f"cluster: {display.md(names.get(int(cache.cluster_of(view)[row])) or 'none', 200)}")
    return " · ".join(parts)


def _rule(task: Task, step: int) -> str:
    """The rule that selected the pick; "" where the method did."""
    assert task.outcome is not None
    names = {"pinned": "pinned", "must_cover": "covers a required feature", "minimum": "minimum per group"}
    end = 0
    for kind, rows in task.outcome.ranked.ranking.info.get("opening", {}).items():
        end += rows
        if step <= end:
            return names[kind]
    return ""


def without_gain(task: Task) -> range:
    """Places of the picks that a rule selected and the method did not measure."""
    assert task.outcome is not None
    ranking = task.outcome.ranked.ranking
    opening = sum(ranking.info.get("opening", {}).values())
    return range(opening) if opening and not ranking.round[:opening].any() else range(0)


def _sentence(explained: Explanation, turn: int, *, rounds: bool) -> str:
    added, rest = len(explained.added), explained.size - len(explained.added)
    before = explained.step - explained.since
    where = f" in round {turn}" if rounds and turn else ""
    if not explained.size:
        return "It has no feature above the threshold."
    if not before:
        return f"The first pick{where}: all of its **{display.noun(explained.size, 'feature')}** are new."
    text = f"It has {display.noun(explained.size, 'feature')}; **{added:,}** of them are in no earlier pick{where}."
    if rest:
        text += f" The other {rest:,} came with {display.noun(len(explained.earlier), 'earlier pick')}."
    return text


def _features(view: View, sets: FeatureSets, explained: Explanation) -> None:
    """The features that the pick added, most common first; a click opens the feature."""
    if not len(explained.added) or view.features is None:
        return
    ids = explained.added[np.argsort(-sets.counts[explained.added], kind="stable")][:50].tolist()
    names = labels_of(view, ids, view.labels)
    rows = [
        {"feature_id": feature, "label": display.clean(names.get(feature, ""), 90), "rows": int(sets.counts[feature])}
        for feature in ids
    ]
    alt = "Features that this pick added"
    clicked = table.draw(rows, _ADDED, height=212, key=f"why_{explained.position}", clicks="cell", alt=alt)
    if clicked is not None:
        links.open_feature(ids[clicked])


def _earlier(view: View, explained: Explanation) -> None:
    """The earlier picks that have its other features, those with most of them first."""
    if not explained.earlier:
        return
    earlier = explained.earlier[:_EARLIER]
    texts, _ = samples.rows(view, [pick.position for pick in earlier], limit=len(earlier))
    prompts = dict(zip(texts["sample_id"].to_pylist(), texts["prompt"].to_pylist(), strict=True))
    rows = [
        {
            "pick": pick.step,
            "features": len(pick.features),
            "prompt": display.clean(prompts.get(pick.position) or "", 120),
        }
        for pick in earlier
    ]
    table.draw(rows, _EARLIER_PICKS, key=f"earlier_{explained.position}", alt="Earlier picks with its other features")
