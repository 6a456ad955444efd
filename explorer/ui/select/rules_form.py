"""Rules of a selection: where to choose from, minimums, required and excluded features, pins and bans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from explorer.errors import ExplorerError
from explorer.pipeline.rules import resolved_rules
from explorer.ranges import from_ranges
from explorer.registry import ParameterSpec, describe
from explorer.selection.spec import MARKS, Rules
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.select import keys
from explorer.ui.widgets import fields, pins
from explorer.workspace import marks

_LISTS = ("must_cover", "exclude")


def draw(view: View) -> tuple[Rules, Rules] | None:
    """Draw the form.

    Returns the rules as they are written here, and with the rows that they name and the user's marks in them; None
    where they do not fit the data.
    """
    specs = [spec for spec in describe(Rules) if spec.name not in MARKS]
    written: dict[str, Any] = {"within": _within(view)}
    room = {spec.name: place for spec, place in zip(_numbers(specs), st.columns(len(_numbers(specs))), strict=True)}
    for spec in specs:
        if spec.name != "within":
            no_clusters = spec.name == "min_per_cluster" and view.clusters is None
            place = room.get(spec.name)
            written[spec.name] = fields.field(spec, keys.OPTION[spec.name], place, disabled=no_clusters)
    _pins(view)
    try:
        rules = Rules(**written)
        return rules, resolved_rules(view, rules, with_marks=True)
    except ExplorerError as error:
        st.error(display.md(error, 300), icon=":material/error:")
        return None


def _numbers(specs: Sequence[ParameterSpec]) -> list[ParameterSpec]:
    return [spec for spec in specs if spec.kind == "int"]


def _within(view: View) -> str:
    """Draw the choice of a part of the data; returns its key, as `select --within` takes it."""
    key = keys.OPTION["within"]
    parts = _parts(view)
    chosen = state.get(key)
    if chosen and chosen.startswith("ids:"):
        parts[chosen] = "the rows of the saved selection's rule"
    if chosen not in parts:
        if chosen:
            links.warn_ignored("within", chosen)
        state.forget(key)
    return st.selectbox(
        "Choose from",
        list(parts),
        format_func=parts.__getitem__,
        key=key,
        persist_state="session",
        help="A lasso on the map, a source or a cluster: only its rows are selected, besides pinned ones.",
    )


def summary(rules: Rules) -> str:
    """Return the rules in a few words, "" for none."""
    parts = [
        display.noun(len(rules.pin), "pin") if rules.pin else "",
        display.noun(len(rules.ban), "ban") if rules.ban else "",
        f"from {display.noun(len(rules.rows), 'row')}" if rules.rows is not None else "",
        display.noun(len(rules.must_cover), "required feature") if rules.must_cover else "",
        display.noun(len(rules.exclude), "excluded feature") if rules.exclude else "",
        f"≥ {rules.min_per_source} per source" if rules.min_per_source else "",
        f"≥ {rules.min_per_cluster} per cluster" if rules.min_per_cluster else "",
    ]
    return ", ".join(part for part in parts if part)


def add_feature(name: str, feature: int) -> None:
    """Put a feature on one of the two lists (`must_cover`, `exclude`), and off the other one. For callbacks."""
    for listed in _LISTS:
        key = keys.OPTION[listed]
        try:
            ids = list(from_ranges(state.get(key))) if state.get(key) else []
        except ExplorerError:
            ids = []  # the page has shown the error; the button starts the list afresh
        ids = [number for number in ids if number != feature] + ([feature] if listed == name else [])
        state.put(key, ",".join(map(str, ids)))


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
