"""Rules of a selection: where to choose from, minimums, features that must or must not count, pins and bans."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from explorer.errors import ExplorerError
from explorer.pipeline.rules import marked, rules_of
from explorer.selection import Rules
from explorer.selection.rules import from_ranges
from explorer.ui import cache, display, state
from explorer.ui.context import View
from explorer.workspace import marks

_LISTS = (state.RULE_MUST, state.RULE_EXCLUDE)


def draw(view: View) -> Rules | None:
    """Draw the form; returns the rules with the user's marks in them, None (said on the page) where they do not fit."""
    assert view.samples is not None
    places = _places(view)
    wanted = state.get(state.RULE_WITHIN)
    if wanted and wanted.startswith("ids:"):
        places[wanted] = "the rows of the kept selection's rule"
    if wanted not in places:
        if wanted:
            said = f"{display.clean(wanted, 60)} is not in this workspace: all rows are chosen from."
            st.toast(display.md(said), icon=":material/link_off:", duration="long")
        state.forget(state.RULE_WITHIN)
    within = st.selectbox(
        "Choose from",
        list(places),
        format_func=places.__getitem__,
        key=state.RULE_WITHIN,
        persist_state="session",
        help="A lasso on the map, a source, a cluster: only its rows are taken, besides pinned ones.",
    )
    left, right = st.columns(2)
    source = left.number_input(
        "At least, per source",
        min_value=0,
        value=0,
        step=5,
        key=state.RULE_SOURCE,
        persist_state="session",
        help="Rows of every source.",
    )
    cluster = right.number_input(
        "At least, per cluster",
        min_value=0,
        value=0,
        step=5,
        key=state.RULE_CLUSTER,
        persist_state="session",
        help="Rows of every cluster.",
        disabled=view.clusters is None,
    )
    st.text_input(
        "Features to be covered first",
        key=state.RULE_MUST,
        persist_state="session",
        placeholder="numbers, like 12,400",
        help="The fewest rows that have them open the selection. “What is missing?” below puts features here.",
    )
    st.text_input(
        "Features that never count",
        key=state.RULE_EXCLUDE,
        persist_state="session",
        placeholder="numbers, like 7,8",
        help="The method does not see them; coverage is still counted over all features.",
    )
    _marked(view)
    try:
        rules = rules_of(
            view,
            within=within,
            must_cover=state.get(state.RULE_MUST) or "",
            exclude=state.get(state.RULE_EXCLUDE) or "",
            min_per=(f"source={source}", f"cluster={cluster}"),
        )
        return marked(view, rules)
    except ExplorerError as error:
        st.error(display.md(error, 300), icon=":material/error:")
        return None


def said(rules: Rules) -> str:
    """Return the rules in a few words, "" for none."""
    parts = [
        display.noun(len(rules.pin), "pin") if rules.pin else "",
        display.noun(len(rules.ban), "ban") if rules.ban else "",
        f"from {display.noun(len(rules.within), 'row')}" if rules.within is not None else "",
        f"{display.noun(len(rules.must_cover), 'feature')} to cover" if rules.must_cover else "",
        f"{display.noun(len(rules.exclude), 'feature')} left out" if rules.exclude else "",
        f"≥ {rules.min_per_source} per source" if rules.min_per_source else "",
        f"≥ {rules.min_per_cluster} per cluster" if rules.min_per_cluster else "",
    ]
    return ", ".join(part for part in parts if part)


def add_feature(key: str, feature: int) -> None:
    """Put a feature on one of the two lists (`RULE_MUST`, `RULE_EXCLUDE`), and off the other one. For callbacks."""
    for one in _LISTS:
        try:
            ids = list(from_ranges(state.get(one))) if state.get(one) else []
        except ExplorerError:
            ids = []  # what is there is said to be unreadable on the page; a press of the button starts it afresh
        ids = [number for number in ids if number != feature] + ([feature] if one == key else [])
        state.put(one, ",".join(map(str, ids)))


def mark(view: View, change: Callable[..., object], ids: Sequence[int]) -> None:
    """Pin, ban or clear rows (`marks.pin`, `marks.ban`, `marks.clear`). For callbacks."""
    assert view.samples is not None
    try:
        change(view.store, view.samples, ids)
    except ExplorerError as error:
        st.toast(display.md(error, 300), icon=":material/error:")


def _places(view: View) -> dict[str, str]:
    """The parts of the dataset that can be chosen from: key as `select --within` takes it, and its name."""
    assert view.samples is not None
    found = {"": f"all {display.noun(view.rows, 'row')}"}
    for name, ids in marks.read(view.store, view.samples).sets.items():
        found[f"set:{name}"] = f"{display.clean(name, 40)} ({display.noun(len(ids), 'row')})"
    sources = cache.summary(view)["by_source"]
    if len(sources) > 1:
        for name, rows in sources:
            found[f"source:{name}"] = f"source {display.clean(name, 40)} ({display.noun(rows, 'row')})"
    if view.clusters is not None:
        cards = cache.cluster_cards(view)
        for number, name, size in zip(*(cards[key].to_pylist() for key in ("cluster", "name", "size")), strict=True):
            found[f"cluster:{number}"] = f"cluster {display.clean(name, 40)} ({display.noun(size, 'row')})"
    return found


def _marked(view: View) -> None:
    assert view.samples is not None
    found = marks.read(view.store, view.samples)
    if not found.pinned and not found.banned:
        st.caption("No row is pinned or banned. “Why this one?” below has the buttons.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{display.noun(len(found.pinned), 'row')} pinned, {display.noun(len(found.banned), 'row')} banned",
            width="content",
        )
        ids = [*found.pinned, *found.banned]
        st.button("Lift all", type="tertiary", on_click=mark, args=(view, marks.clear, ids), key="lift_marks")
    for name, rows in (("pinned", found.pinned), ("banned", found.banned)):
        if rows:
            st.caption(f"{name}: {', '.join(map(str, rows[:12]))}{' …' if len(rows) > 12 else ''}")
