"""Two selections, each with the rows that only it has, readable side by side; and the way to what they differ in."""

from __future__ import annotations

import streamlit as st

from explorer.queries import samples
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.widgets import markup
from explorer.ui.widgets.page import section
from explorer.workspace import Artifact

_PAGE = 3  # rows of each side at a time


@st.fragment
def draw(view: View, runs: list[Artifact]) -> None:
    """Draw the choice of two selections, and the rows that only one of them has."""
    section("What does only one of two have?")
    by_id = {run.id: run for run in runs}
    names = {key: display.run_name(run.manifest) for key, run in by_id.items()}
    for key in (state.COMPARE_A, state.COMPARE_B):
        if state.get(key) not in by_id:
            state.forget(key)
    left, right = st.columns(2, gap="large")
    a = str(left.selectbox("A", list(by_id), format_func=names.__getitem__, key=state.COMPARE_A))
    b = str(right.selectbox("B", list(by_id), index=1, format_func=names.__getitem__, key=state.COMPARE_B))
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Which features differ?", icon=":material/difference:", disabled=a == b, key="features_differ"):
            links.open_differences(f"run:{a}", f"run:{b}")
        if view.projection is not None:
            for key, letter in ((a, "A"), (b, "B")):
                if st.button(f"{letter} on the map", icon=":material/scatter_plot:", key=f"map_{letter}"):
                    st.switch_page(links.MAP, query_params=links.map_of(names[key]))
    if a == b:
        st.caption("Choose two different selections.")
        return
    left, right = st.columns(2, gap="large")
    rows = {key: cache.picks(view, key)["sample_id"].to_pylist() for key in (a, b)}
    shared = set(rows[a]) & set(rows[b])
    only = {key: [row for row in rows[key] if row not in shared] for key in (a, b)}
    most = max(len(ids) for ids in only.values())
    page = min(int(state.get(state.COMPARE_PAGE) or 1), max(1, -(-most // _PAGE)))
    for column, key in zip((left, right), (a, b), strict=True):
        with column:
            _side(view, only[key][(page - 1) * _PAGE : page * _PAGE], len(only[key]), len(rows[key]))
    if most > _PAGE:
        st.pagination(-(-most // _PAGE), key=state.COMPARE_PAGE)


def _side(view: View, ids: list[int], alone: int, every: int) -> None:
    st.caption(f"{display.noun(alone, 'row')} of {every:,} that the other one does not have, in pick order")
    table, _ = samples.rows(view, ids, limit=max(1, len(ids)))
    for row in table.to_pylist() if ids else ():
        with st.container(border=True):
            markup.passage(row["prompt"] or "", limit=220)
            markup.passage(row["response"] or "", answer=True, limit=240)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.page_link(
                    links.SAMPLES,
                    label=f"Row {row['sample_id']:,}",
                    icon=":material/open_in_new:",
                    query_params={"sample": str(row["sample_id"])},
                )
                about = [display.noun(row["response_tokens"], "token"), display.md(row["cluster"] or "", 40)]
                st.caption(" · ".join(part for part in about if part), width="content")
