"""Two groups of rows side by side: the features more common in each, and where they fire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from explorer.errors import ExplorerError
from explorer.features.contrast import Contrast
from explorer.figures import features as figures
from explorer.queries import groups, occurrences
from explorer.queries.features import labels_of
from explorer.queries.groups import Group
from explorer.records import SEGMENTS
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.differences import keys, reads
from explorer.ui.shell import header
from explorer.ui.widgets import columns, link_table, row_table, threshold, token_view
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import plot, section

_LIFT_HELP = "Here divided by There, with half a row added to every count."
_COLUMNS = (
    columns.FEATURE,
    replace(columns.LABEL, most="15rem"),
    replace(columns.ROWS, help="Rows of this group that have it."),
    Column("here", "Here", "percent", "Share of this group."),
    Column("there", "There", "percent", "Share of the other group."),
    replace(columns.LIFT, help=_LIFT_HELP),
    Column("z", "z", "number", "Log-odds over their standard error.", digits=1),
)
_TITLE = "What separates these rows from those?"
_SEARCH = "search:"
_SHOWN = 12  # features per side
_PLOTTED = 1500


def draw(view: View) -> None:
    """Draw the page."""
    top = st.container()
    a, b, segment, equal = _choose(view)
    cut = threshold.current(view)
    try:
        left, right, contrast = reads.compared(view, a, b, cut, segment, equal_length=equal)
    except ExplorerError as error:
        with top:
            header(_TITLE, "Choose two groups: selections, clusters, sources, saved sets, or a search.", counts=view)
        st.info(display.md(error, 300), icon=":material/info:")
        return
    sides = [contrast.strongest(more_in_a=more) for more in (True, False)]
    with top:
        header(_TITLE, _answer(view, left, right, contrast, sides, equal), counts=view)
    if not len(sides[0]) and not len(sides[1]):
        return
    _plot(view, left, right, contrast)
    cells = st.columns(2, gap="large")
    clicked = [
        _table(view, cell, name, contrast, side[:_SHOWN], first=number == 0)
        for number, (cell, name, side) in enumerate(zip(cells, (left.name, right.name), sides, strict=True))
    ]
    new = next((feature for feature in clicked if feature is not None), None)
    if new is not None:
        state.put(keys.FEATURE, (a, b, new))
    last = state.get(keys.FEATURE)
    strongest = int(sides[0][0]) if len(sides[0]) else int(sides[1][0])
    chosen = int(last[2]) if last is not None and last[:2] == (a, b) else strongest
    _examples(view, chosen, contrast, left, right, segment)


def _choose(view: View) -> tuple[str, str, str, bool]:
    """Draw the controls; the two keys are part of the address."""
    named = reads.group_choices(view)
    cells = st.columns([3.4, 3.4, 3.6, 2], vertical_alignment="bottom")
    first = next((key for key in named if key != groups.ALL), groups.ALL)
    a = _group(cells[0], "These rows", "a", keys.A, named, first)
    b = _group(cells[1], "Those rows", "b", keys.B, {groups.REST: "the rest", **named}, groups.REST)
    segment = cells[2].segmented_control(
        "Where", SEGMENTS, default="response", required=True, key=state.SEGMENT, persist_state="session"
    )
    equal = cells[3].toggle(
        "Equal length",
        key=keys.LENGTH,
        persist_state="session",
        help="Long responses have more of every feature. This weights the rows of the second group to the response "
        "lengths of the first, so that length explains none of the difference.",
    )
    return a, b, str(segment), equal


def _group(cell: Any, title: str, name: str, key: str, named: Mapping[str, str], default: str) -> str:
    """Draw the box of one group; words typed into it that name no group are a search."""
    chosen = st.query_params.get(name, default)[: groups.MAX_KEY]
    options = list(named) if chosen in named else [*named, chosen]

    def changed() -> None:
        value = state.get(key) or default
        st.query_params[name] = value if value in named or ":" in value else f"{_SEARCH}{value}"

    state.put(key, chosen)
    cell.selectbox(
        title,
        options,
        key=key,
        on_change=changed,
        accept_new_options=True,
        format_func=lambda option: display.clean(named.get(option) or _name(option), 70),
        help="A selection, a cluster, a source, a saved set, or words to search for.",
    )
    return chosen


def _name(key: str) -> str:
    return f"rows with “{key.removeprefix(_SEARCH)}”" if key.startswith(_SEARCH) else key


def _answer(view: View, left: Group, right: Group, contrast: Contrast, sides: list[np.ndarray], equal: bool) -> str:
    a, b = display.md(left.name, 50), display.md(right.name, 50)
    sizes = f"{display.noun(len(left), 'row')} against {display.noun(len(right), 'row')}"
    if equal:
        sizes = (
            f"at equal length, {display.noun(contrast.size_a, 'row')} against {display.noun(contrast.size_b, 'row')}"
        )
    if contrast.shared:
        sizes += f", {contrast.shared:,} of them in both"
    if not len(sides[0]) and not len(sides[1]):
        return f"No feature differs significantly between *{a}* and *{b}* ({sizes})."
    text = (
        f"**{display.noun(len(sides[0]), 'feature')}** significantly more common in *{a}*, "
        f"**{len(sides[1]):,}** in *{b}* ({sizes}; false discovery rate 5%)."
    )
    if len(sides[0]):
        best = int(sides[0][0])
        label = _labels(view, [best]).get(best, "")
        text += (
            f" Most significant: {display.md(label, 60)}, in {display.share(float(contrast.share_a[best]))} "
            f"against {display.share(float(contrast.share_b[best]))}."
        )
    return text


def _labels(view: View, ids: list[int]) -> dict[int, str]:
    assert view.features is not None
    return labels_of(view, ids, view.labels)


def _plot(view: View, left: Group, right: Group, contrast: Contrast) -> None:
    significant = np.flatnonzero(contrast.significant)
    plotted = significant[np.argsort(-np.abs(contrast.z[significant]), kind="stable")][:_PLOTTED]
    labels = _labels(view, plotted.tolist())
    rows = [
        (int(i), labels.get(int(i), ""), float(contrast.share_a[i]), float(contrast.share_b[i]), float(contrast.z[i]))
        for i in plotted
    ]
    event = plot(
        figures.contrast(rows, (left.name, right.name)),
        key="contrast",
        alt="Share of both groups that have each significant feature",
        on_select="rerun",
        selection_mode="points",
    )
    if event.selection.points:
        links.open_feature(int(event.selection.points[0]["customdata"][0]))


def _table(view: View, cell: Any, name: str, contrast: Contrast, ids: np.ndarray, *, first: bool) -> int | None:
    with cell:
        section(
            f"More in {display.md(name, 40)}",
            f"Most significant first. Lift: {_LIFT_HELP} z: log-odds over their standard error.",
        )
        if not len(ids):
            st.caption("No feature is significantly more common here.")
            return None
        labels = _labels(view, ids.tolist())
        shares = (contrast.share_a, contrast.share_b) if first else (contrast.share_b, contrast.share_a)
        counts = contrast.n_a if first else contrast.n_b
        rows = [
            {
                "feature_id": int(i),
                "label": labels.get(int(i)) or "",
                "rows": int(counts[i]),
                "here": float(shares[0][i]),
                "there": float(shares[1][i]),
                "lift": float(contrast.lift[i] if first else 1 / contrast.lift[i]),
                "z": abs(float(contrast.z[i])),
            }
            for i in ids
        ]
        clicked = link_table.draw(rows, _COLUMNS, key=f"more-in-{'a' if first else 'b'}", alt=f"More in {name}")
        return int(ids[clicked]) if clicked is not None else None


def _examples(view: View, feature: int, contrast: Contrast, left: Group, right: Group, segment: str) -> None:
    assert view.activations is not None
    label = _labels(view, [feature]).get(feature) or f"feature {feature}"
    section(f"Examples of {display.md(label, 80)}", "Click another feature above to see its examples.")
    links.draw(links.FEATURES, f"Open feature {feature:,}", ":material/arrow_forward:", feature=feature)
    for cell, group, count in zip(
        st.columns(2, gap="large"), (left, right), (contrast.n_a[feature], contrast.n_b[feature]), strict=True
    ):
        with cell:
            st.caption(f"{display.md(group.name, 50)}: {display.noun(int(count), 'row')} above the threshold")
            contexts = occurrences.contexts_in(view, feature, group.ids, segment)
            strongest = max([context["max_act"] for context in contexts], default=1.0)
            if contexts:
                token_view.examples(contexts, strongest=strongest, key=f"contexts_{'a' if group is left else 'b'}")
            ids, values = occurrences.rows_in(view, feature, group.ids, segment)
            if ids:
                row_table.draw(
                    view,
                    ids,
                    key=f"diff_rows_{feature}_{group.key}",
                    page_size=5,
                    shown=(columns.ROW, columns.ACTIVATION, replace(columns.PROMPT, width=270), columns.TOKENS),
                    extra={"activation": values},
                )
