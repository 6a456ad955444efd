"""Two selections side by side: the rows that only one of them has."""

from __future__ import annotations

import streamlit as st

from explorer.queries import samples
from explorer.ui import cache, display, links, state
from explorer.ui.compare import keys
from explorer.ui.context import View
from explorer.ui.widgets import markup
from explorer.ui.widgets.elements import section
from explorer.workspace import Artifact

_PAGE = 3  # rows of each side at a time


@st.fragment
def draw(view: View, runs: list[Artifact]) -> None:
    """Draw the choice of two selections and the rows that only one of them has."""
    section("Rows in only one of two")
    by_id = {run.id: run for run in runs}
    names = {key: display.run_name(run) for key, run in by_id.items()}
    for key in (keys.A, keys.B):
        if state.get(key) not in by_id:
            state.forget(key)
    left, right = st.columns(2, gap="large")
    a = str(left.selectbox("A", list(by_id), format_func=names.__getitem__, key=keys.A))
    b = str(right.selectbox("B", list(by_id), index=1, format_func=names.__getitem__, key=keys.B))
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Compare features", icon=":material/difference:", disabled=a == b, key="features_differ"):
            links.open_differences(f"run:{a}", f"run:{b}")
        if view.projection is not None:
            for key, letter in ((a, "A"), (b, "B")):
                if st.button(f"Show {letter} on the map", icon=":material/scatter_plot:", key=f"map_{letter}"):
                    links.open_map(by_id[key])
    if a == b:
        st.caption("Choose two different selections.")
        return
    left, right = st.columns(2, gap="large")
    rows = {key: cache.picks(view, by_id[key])["sample_id"].to_pylist() for key in (a, b)}
    shared = set(rows[a]) & set(rows[b])
    only = {key: [row for row in rows[key] if row not in shared] for key in (a, b)}
    longest = max(len(ids) for ids in only.values())
    page = min(int(state.get(keys.PAGE) or 1), max(1, -(-longest // _PAGE)))
    for column, key in zip((left, right), (a, b), strict=True):
        with column:
            _side(view, only[key][(page - 1) * _PAGE : page * _PAGE], len(only[key]), of=len(rows[key]))
    if longest > _PAGE:
        st.pagination(-(-longest // _PAGE), key=keys.PAGE)


def _side(view: View, ids: list[int], only_here: int, *, of: int) -> None:
    st.caption(f"{display.noun(only_here, 'row')} of {of:,} not in the other selection, in pick order")
    table, _ = samples.rows(view, ids, limit=max(1, len(ids)))
    for row in table.to_pylist() if ids else ():
        with st.container(border=True):
            markup.passage(row["prompt"] or "", limit=220)
            markup.passage(row["response"] or "", answer=True, limit=240)
            with st.container(horizontal=True, vertical_alignment="center"):
                number = row["sample_id"]
                links.draw(links.SAMPLES, f"Row {number:,}", ":material/open_in_new:", sample=number)
                details = [display.noun(row["response_tokens"], "token"), display.md(row["cluster"] or "", 40)]
                st.caption(" · ".join(part for part in details if part), width="content")
