"""Two groups of rows side by side: which features each has more often, and where they fire in it."""

from __future__ import annotations

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
from explorer.ui.features import reads as feature_reads
from explorer.ui.widgets import link_table, row_table, token_view
from explorer.ui.widgets.link_table import Column
from explorer.ui.widgets.page import header, plot, section

_COLUMNS = (
    Column("feature", "Feature", "id"),
    Column("label", "Label", most="15rem"),
    Column("rows", "Rows", "number", "Rows of this group that have it."),
    Column("here", "Here", "percent", "Share of this group."),
    Column("there", "There", "percent", "Share of the other group."),
    Column(
        "lift",
        "Lift",
        "number",
        "Here over There, with half a row added to every count: so not exactly Here ÷ There.",
        1,
        "×",
    ),
    Column("z", "z", "number", "Log-odds over their standard error.", digits=1),
)
_TITLE = "What separates these rows from those?"
_SEARCH = "search:"
_SHOWN = 12  # features a side
_PLOTTED = 1500


def draw(view: View) -> None:
    """Draw the page."""
    top = st.container()
    a, b, segment, equal = _choose(view)
    try:
        left, right, found = feature_reads.compared(view, a, b, view.threshold, segment, equal_length=equal)
    except ExplorerError as error:
        with top:
            header(_TITLE, "Choose two groups of rows: selections, clusters, sources, named sets, or a search.")
        st.info(display.md(error, 300), icon=":material/info:")
        return
    sides = [found.strongest(more_in_a=more) for more in (True, False)]
    with top:
        header(_TITLE, _answer(view, left, right, found, sides, equal))
    if not len(sides[0]) and not len(sides[1]):
        return
    _plot(view, left, right, found)
    columns = st.columns(2, gap="large")
    clicked = [
        _table(view, column, name, found, side[:_SHOWN], mine_first=number == 0)
        for number, (column, name, side) in enumerate(zip(columns, (left.name, right.name), sides, strict=True))
    ]
    new = next((feature for feature in clicked if feature is not None), None)
    if new is not None:
        state.put(state.DIFF_FEATURE, (a, b, new))
    kept = state.get(state.DIFF_FEATURE)
    first = int(sides[0][0]) if len(sides[0]) else int(sides[1][0])
    chosen = int(kept[2]) if kept is not None and kept[:2] == (a, b) else first
    _examples(view, chosen, found, left, right, segment)


def _choose(view: View) -> tuple[str, str, str, bool]:
    """Draw the controls; the two keys stand in the address."""
    named = feature_reads.group_choices(view)
    columns = st.columns([3.4, 3.4, 3.6, 2], vertical_alignment="bottom")
    first = next((key for key in named if key != groups.ALL), groups.ALL)
    a = _group(columns[0], "These rows", "a", state.DIFF_A, named, first)
    b = _group(columns[1], "Those rows", "b", state.DIFF_B, {groups.REST: "the rest", **named}, groups.REST)
    segment = columns[2].segmented_control(
        "Where", SEGMENTS, default="response", required=True, key=state.SEGMENT, persist_state="session"
    )
    equal = columns[3].toggle(
        "Equal length",
        key=state.DIFF_LENGTH,
        persist_state="session",
        help="Long responses have more of every feature. This weights the second group's rows to the response lengths "
        "of the first, so that what remains is not length.",
    )
    return a, b, str(segment), equal


def _group(column: Any, title: str, name: str, key: str, named: dict[str, str], default: str) -> str:
    """Draw one group's box; words typed into it that are no group are a search."""
    asked = st.query_params.get(name, default)[: groups.MAX_KEY]
    options = list(named) if asked in named else [*named, asked]

    def changed() -> None:
        value = state.get(key) or default
        st.query_params[name] = value if value in named or ":" in value else f"{_SEARCH}{value}"

    state.put(key, asked)
    column.selectbox(
        title,
        options,
        key=key,
        on_change=changed,
        accept_new_options=True,
        format_func=lambda option: display.clean(named.get(option) or _called(option), 70),
        help="A selection, a cluster, a source, a set that you named, or words to search for.",
    )
    return asked


def _called(key: str) -> str:
    return f"rows with “{key.removeprefix(_SEARCH)}”" if key.startswith(_SEARCH) else key


def _answer(view: View, left: Group, right: Group, found: Contrast, sides: list[np.ndarray], equal: bool) -> str:
    a, b = display.md(left.name, 50), display.md(right.name, 50)
    sizes = f"{display.noun(len(left), 'row')} against {display.noun(len(right), 'row')}"
    if equal:
        sizes = f"at equal length, {display.noun(found.size_a, 'row')} against {display.noun(found.size_b, 'row')}"
    if found.shared:
        sizes += f", {found.shared:,} of them in both"
    if not len(sides[0]) and not len(sides[1]):
        return f"No feature separates *{a}* from *{b}* more clearly than chance would ({sizes})."
    text = (
        f"**{display.noun(len(sides[0]), 'feature')}** more common in *{a}*, **{len(sides[1]):,}** in *{b}* "
        f"({sizes}; 5 % of them expected to be chance)."
    )
    if len(sides[0]):
        best = int(sides[0][0])
        label = _labels(view, [best]).get(best, "")
        text += (
            f" The clearest: {display.md(label, 60)}, in {display.share(float(found.share_a[best]))} "
            f"against {display.share(float(found.share_b[best]))}."
        )
    return text


def _labels(view: View, ids: list[int]) -> dict[int, str]:
    assert view.features is not None
    return labels_of(view, ids, view.labels)


def _plot(view: View, left: Group, right: Group, found: Contrast) -> None:
    there = np.flatnonzero(found.sure)
    there = there[np.argsort(-np.abs(found.z[there]), kind="stable")][:_PLOTTED]
    labels = _labels(view, there.tolist())
    rows = [
        (int(i), labels.get(int(i), ""), float(found.share_a[i]), float(found.share_b[i]), float(found.z[i]))
        for i in there
    ]
    event = plot(
        figures.contrast(rows, (left.name, right.name)),
        key="contrast",
        alt="Share of both groups that have each feature that separates them",
        on_select="rerun",
        selection_mode="points",
    )
    if event.selection.points:
        links.open_feature(int(event.selection.points[0]["customdata"][0]))


def _table(view: View, column: Any, name: str, found: Contrast, ids: np.ndarray, *, mine_first: bool) -> int | None:
    with column:
        section(
            f"More in {display.md(name, 40)}",
            "Clearest first. Lift: its share here over its share there, half a row added to every count. "
            "z: log-odds over their standard error.",
        )
        if not len(ids):
            st.caption("No feature is surely more common here.")
            return None
        labels = _labels(view, ids.tolist())
        shares = (found.share_a, found.share_b) if mine_first else (found.share_b, found.share_a)
        counts = found.n_a if mine_first else found.n_b
        rows = [
            {
                "feature": int(i),
                "label": labels.get(int(i)) or "",
                "rows": int(counts[i]),
                "here": float(shares[0][i]),
                "there": float(shares[1][i]),
                "lift": float(found.lift[i] if mine_first else 1 / found.lift[i]),
                "z": abs(float(found.z[i])),
            }
            for i in ids
        ]
        clicked = link_table.draw(rows, _COLUMNS, key=f"more-in-{'a' if mine_first else 'b'}", alt=f"More in {name}")
        return int(ids[clicked]) if clicked is not None else None


def _examples(view: View, feature: int, found: Contrast, left: Group, right: Group, segment: str) -> None:
    assert view.activations is not None
    label = _labels(view, [feature]).get(feature) or f"feature {feature}"
    section(f"Where does it fire: {display.md(label, 80)}", "Click another feature above to see that one.")
    st.page_link(
        links.FEATURES,
        label=f"Open feature {feature:,}",
        icon=":material/arrow_forward:",
        query_params={"feature": str(feature)},
    )
    for column, group, count in zip(
        st.columns(2, gap="large"), (left, right), (found.n_a[feature], found.n_b[feature]), strict=True
    ):
        with column:
            st.caption(f"{display.md(group.name, 50)}: {display.noun(int(count), 'row')} above the threshold")
            shown = occurrences.contexts_in(view, feature, group.ids, segment)
            strongest = max([one["max_act"] for one in shown], default=1.0)
            if shown:
                token_view.examples(shown, strongest=strongest, key=f"contexts_{'a' if group is left else 'b'}")
            ids, values = occurrences.rows_in(view, feature, group.ids, segment)
            if ids:
                row_table.draw(
                    view,
                    ids,
                    key=f"diff_rows_{feature}_{group.key}",
                    page_size=5,
                    columns=("sample_id", "activation", "prompt", "response_tokens"),
                    extra={"activation": values},
                )
