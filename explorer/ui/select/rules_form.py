"""Rules of a selection: where to choose from, minimums, required and excluded features, pins and bans."""

from __future__ import annotations

import streamlit as st

from explorer.errors import ExplorerError
from explorer.pipeline.rules import marked, rules_of
from explorer.selection import Rules
from explorer.selection.rules import from_ranges
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.select import keys
from explorer.ui.widgets import pins
from explorer.workspace import marks

_LISTS = (keys.RULE_MUST, keys.RULE_EXCLUDE)


def draw(view: View) -> Rules | None:
    """Draw the form; returns the rules with the user's marks in them, or None where they do not fit the data."""
    assert view.samples is not None
    parts = _parts(view)
    chosen = state.get(keys.RULE_WITHIN)
    if chosen and chosen.startswith("ids:"):
        parts[chosen] = "the rows of the saved selection's rule"
    if chosen not in parts:
        if chosen:
            links.warn_ignored("within", chosen)
        state.forget(keys.RULE_WITHIN)
    within = st.selectbox(
        "Choose from",
        list(parts),
        format_func=parts.__getitem__,
        key=keys.RULE_WITHIN,
        persist_state="session",
        help="A lasso on the map, a source or a cluster: only its rows are selected, besides pinned ones.",
    )
    left, right = st.columns(2)
    source = left.number_input(
        "Minimum per source",
        min_value=0,
        value=0,
        step=5,
        key=keys.RULE_SOURCE,
        persist_state="session",
        help="Rows of every source.",
    )
    cluster = right.number_input(
        "Minimum per cluster",
        min_value=0,
        value=0,
        step=5,
        key=keys.RULE_CLUSTER,
        persist_state="session",
        help="Rows of every cluster.",
        disabled=view.clusters is None,
    )
    st.text_input(
        "Required features",
        key=keys.RULE_MUST,
        persist_state="session",
        placeholder="numbers, like 12,400",
        help="The fewest rows that have them open the selection. “Missing features” below adds features here.",
    )
    st.text_input(
        "Excluded features",
        key=keys.RULE_EXCLUDE,
        persist_state="session",
        placeholder="numbers, like 7,8",
        help="The method ignores them; coverage still counts all features.",
    )
    _pins(view)
    try:
        rules = rules_of(
            view,
            within=within,
            must_cover=state.get(keys.RULE_MUST) or "",
            exclude=state.get(keys.RULE_EXCLUDE) or "",
            min_per=(f"source={source}", f"cluster={cluster}"),
        )
        return marked(view, rules)
    except ExplorerError as error:
        st.error(display.md(error, 300), icon=":material/error:")
        return None


def summary(rules: Rules) -> str:
    """Return the rules in a few words, "" for none."""
    parts = [
        display.noun(len(rules.pin), "pin") if rules.pin else "",
        display.noun(len(rules.ban), "ban") if rules.ban else "",
        f"from {display.noun(len(rules.within), 'row')}" if rules.within is not None else "",
        display.noun(len(rules.must_cover), "required feature") if rules.must_cover else "",
        display.noun(len(rules.exclude), "excluded feature") if rules.exclude else "",
        f"≥ {rules.min_per_source} per source" if rules.min_per_source else "",
        f"≥ {rules.min_per_cluster} per cluster" if rules.min_per_cluster else "",
    ]
    return ", ".join(part for part in parts if part)


def add_feature(key: str, feature: int) -> None:
    """Put a feature on one of the two lists (`RULE_MUST`, `RULE_EXCLUDE`), and off the other one. For callbacks."""
    for listed in _LISTS:
        try:
            ids = list(from_ranges(state.get(listed))) if state.get(listed) else []
        except ExplorerError:
            ids = []  # the page has shown the error; the button starts the list afresh
        ids = [number for number in ids if number != feature] + ([feature] if listed == key else [])
        state.put(listed, ",".join(map(str, ids)))


def _parts(view: View) -> dict[str, str]:
    """The parts of the dataset to choose from: name by key, as `select --within` takes it."""
    parts = {"": f"all {display.noun(view.rows, 'row')}"}
    for name, ids in pins.read(view).sets.items():
        parts[f"set:{name}"] = f"{display.clean(name, 40)} ({display.noun(len(ids), 'row')})"
    sources = cache.summary(view)["by_source"]
    if len(sources) > 1:
        for name, rows in sources:
            parts[f"source:{name}"] = f"source {display.clean(name, 40)} ({display.noun(rows, 'row')})"
    if view.clusters is not None:
        cards = cache.cluster_cards(view)
        for number, name, size in zip(*(cards[key].to_pylist() for key in ("cluster", "name", "size")), strict=True):
            parts[f"cluster:{number}"] = f"cluster {display.clean(name, 40)} ({display.noun(size, 'row')})"
    return parts


def _pins(view: View) -> None:
    marked_rows = pins.read(view)
    if not marked_rows.pinned and not marked_rows.banned:
        st.caption("No pinned or banned rows. The explanation of a pick below has the buttons.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        pinned, banned = len(marked_rows.pinned), len(marked_rows.banned)
        st.caption(f"{display.noun(pinned, 'row')} pinned, {display.noun(banned, 'row')} banned", width="content")
        ids = [*marked_rows.pinned, *marked_rows.banned]
        st.button("Clear all", type="tertiary", on_click=pins.mark, args=(view, marks.clear, ids), key="clear_marks")
    for name, rows in (("pinned", marked_rows.pinned), ("banned", marked_rows.banned)):
        if rows:
            st.caption(f"{name}: {', '.join(map(str, rows[:12]))}{' …' if len(rows) > 12 else ''}")
