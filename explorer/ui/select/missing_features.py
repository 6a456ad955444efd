"""What is missing? Features of the pool that no pick has, the most common first, with examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.queries import samples
from explorer.queries.features import labels_of
from explorer.queries.occurrences import evidence
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.select import rules_form
from explorer.ui.widgets import markup, token_view
from explorer.ui.widgets.page import section

if TYPE_CHECKING:
    from explorer.features.sets import FeatureSets

_SHOWN = 12


def draw(view: View, sets: FeatureSets, picked: np.ndarray) -> None:
    """Draw the list of missing features and, beside it, rows that have the chosen one."""
    from explorer.selection.explain import missing

    ids = missing(sets, picked)
    section("What is missing?", "Features above the threshold in some row of the pool and in none of the picks.")
    if not len(ids):
        st.caption("Nothing: every feature of the pool is in at least one pick.")
        return
    st.caption(
        f"{display.noun(len(ids), 'feature')} of the pool {'is' if len(ids) == 1 else 'are'} in no pick; "
        "those of most rows first. Click one for rows that have it."
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
    said = f"feature {feature}" + (f", *{display.md(name, 60)}*" if name else "")
    rows = int(sets.counts[feature])
    return f"Most common feature not covered: {said}, in {display.noun(rows, 'row')} ({display.share(rows / sets.n)})."


def _list(view: View, sets: FeatureSets, ids: list[int]) -> int:
    names = labels_of(view, ids, view.labels) if view.features else {}
    event = st.dataframe(
        [
            {
                "feature": i,
                "label": display.clean(names.get(i, ""), 90),
                "rows": int(sets.counts[i]),
                "share": float(sets.counts[i] / sets.n),
            }
            for i in ids
        ],
        hide_index=True,
        height="content",
        key=f"lacking_{ids[0]}_{len(ids)}",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "feature": st.column_config.NumberColumn("Feature", format="%d", width=70),
            "label": st.column_config.TextColumn("Label"),
            "rows": st.column_config.NumberColumn("Rows", format="localized", width=70, help="Rows of the pool."),
            "share": st.column_config.NumberColumn("Of the pool", format="percent", width=90),
        },
        alt="Features that no pick has",
    )
    if event.selection.rows:
        state.put(state.SELECT_LACKING, ids[int(event.selection.rows[0])])
    wanted = state.get(state.SELECT_LACKING)
    return int(wanted) if wanted in ids else ids[0]


def _examples(view: View, sets: FeatureSets, feature: int) -> None:
    from explorer.selection.explain import owners

    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            links.FEATURES,
            label=f"Feature {feature}",
            icon=":material/open_in_new:",
            query_params={"feature": str(feature)},
        )
        st.button(
            "Must be covered",
            icon=":material/add_task:",
            on_click=rules_form.add_feature,
            args=(state.RULE_MUST, feature),
            key="must_cover",
        )
        st.button(
            "Never counts",
            icon=":material/do_not_disturb_on:",
            on_click=rules_form.add_feature,
            args=(state.RULE_EXCLUDE, feature),
            key="never_counts",
        )
    assert view.activations is not None
    seen = evidence(view, feature, "top")[:3]
    if seen:
        strongest = max(float(one["max_act"]) for one in seen)
        token_view.examples(seen, strongest=strongest, key=f"lacking_examples_{feature}")
        return
    rows = owners(sets, feature, 3).tolist()
    table, _ = samples.rows(view, rows, limit=3)
    for prompt, response in zip(table["prompt"].to_pylist(), table["response"].to_pylist(), strict=True):
        markup.passage(prompt or "", limit=160)
        markup.passage(response or "", answer=True, limit=200)
