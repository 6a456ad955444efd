"""Missing features: those of the pool that no pick has, most common first, with examples."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.queries import samples
from explorer.queries.features import labels_of
from explorer.queries.occurrences import evidence
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.select import keys, rules_form
from explorer.ui.widgets import columns, markup, table, token_view
from explorer.ui.widgets.elements import section

if TYPE_CHECKING:
    from explorer.features.sets import FeatureSets

_SHOWN = 12
_COLUMNS = (
    columns.FEATURE,
    columns.LABEL,
    replace(columns.ROWS, help="Rows of the pool."),
    replace(columns.SHARE, title="Of the pool", width=90),
)


def draw(view: View, sets: FeatureSets, picked: np.ndarray) -> None:
    """Draw the list of missing features and, beside it, rows that have the chosen one."""
    from explorer.selection.explain import missing

    ids = missing(sets, picked)
    section("Missing features", "Features above the threshold in some row of the pool and in none of the picks.")
    if not len(ids):
        st.caption("None: every feature of the pool is in at least one pick.")
        return
    st.caption(
        f"{display.noun(len(ids), 'feature')} of the pool {'is' if len(ids) == 1 else 'are'} in no pick; "
        "most common first. Click one to see rows that have it."
    )
    left, right = st.columns([11, 9], gap="large")
    with left:
        feature = _list(view, sets, ids[:_SHOWN].tolist())
    with right:
        _examples(view, sets, feature)


def first(view: View, sets: FeatureSets, picked: np.ndarray) -> str:
    """One line: the most common feature that no pick has; "" where none is missing."""
    from explorer.selection.explain import missing

    ids = missing(sets, picked)
    if not len(ids):
        return "Every feature of the pool is covered."
    feature = int(ids[0])
    name = labels_of(view, [feature], view.labels).get(feature) if view.features else ""
    described = f"feature {feature}" + (f", *{display.md(name, 60)}*" if name else "")
    rows, share = int(sets.counts[feature]), display.share(float(sets.counts[feature] / sets.n))
    return f"Most common feature not covered: {described}, in {display.noun(rows, 'row')} ({share})."


def _list(view: View, sets: FeatureSets, ids: list[int]) -> int:
    names = labels_of(view, ids, view.labels) if view.features else {}
    rows = [
        {
            "feature_id": feature,
            "label": display.clean(names.get(feature, ""), 90),
            "rows": int(sets.counts[feature]),
            "share": float(sets.counts[feature] / sets.n),
        }
        for feature in ids
    ]
    clicked = table.draw(
        rows, _COLUMNS, key=f"missing_{ids[0]}_{len(ids)}", clicks="row", alt="Features that no pick has"
    )
    if clicked is not None:
        state.put(keys.MISSING, ids[clicked])
    chosen = state.get(keys.MISSING)
    return int(chosen) if chosen in ids else ids[0]


def _examples(view: View, sets: FeatureSets, feature: int) -> None:
    from explorer.selection.explain import owners

    with st.container(horizontal=True, vertical_alignment="center"):
        links.draw(links.FEATURES, f"Feature {feature}", ":material/open_in_new:", feature=feature)
        st.button(
            "Must cover",
            icon=":material/add_task:",
            on_click=rules_form.add_feature,
            args=("must_cover", feature),
            key="must_cover",
        )
        st.button(
            "Exclude",
            icon=":material/do_not_disturb_on:",
            on_click=rules_form.add_feature,
            args=("exclude", feature),
            key="never_counts",
        )
    assert view.activations is not None
    contexts = evidence(view, feature, "top")[:3]
    if contexts:
        strongest = max(float(context["max_act"]) for context in contexts)
        token_view.examples(contexts, strongest=strongest, key=f"missing_examples_{feature}")
        return
    rows = owners(sets, feature, 3).tolist()
    table, _ = samples.rows(view, rows, limit=3)
    for prompt, response in zip(table["prompt"].to_pylist(), table["response"].to_pylist(), strict=True):
        markup.passage(prompt or "", limit=160)
        markup.passage(response or "", answer=True, limit=200)
