"""How many clusters? The curves over k with the suggestion, sizes, stability over seeds, and another k."""

from __future__ import annotations

import streamlit as st

from explorer.figures import maps as figures
from explorer.ui import cache, display, jobs, state
from explorer.ui.context import View
from explorer.ui.map import reads as map_reads
from explorer.ui.widgets import jobs_panel
from explorer.ui.widgets.page import plot


def draw(view: View) -> None:
    """Draw the section, closed at first; what the clusters do not hold is worked out when it is asked for."""
    if view.clusters is None:
        return
    info = view.clusters.manifest.info
    used = cache.cluster_cards(view).num_rows
    with st.expander(f"How many clusters? **{used}** are in use", key="choose_k", icon=":material/tune:"):
        left, right = st.columns([3, 2], gap="large")
        choice = None
        with left:
            if info.get("choice") is not None or st.toggle(
                "Work out the curves over k on a sample", key=state.MAP_GRID
            ):
                choice = map_reads.curves_over_k(view)
                fig = figures.choose_k(
                    choice["ks"], choice["silhouette"], choice["inertia"], suggested=choice["suggested"], used=used
                )
                plot(fig, key="choose_k_curves", alt="Silhouette and inertia by number of clusters")
        with right:
            if choice is not None:
                why = display.md(choice["why"], 400)
                st.markdown(f"**Suggested: {choice['suggested']}.** {why[:1].upper()}{why[1:]}.")
            sizes = cache.cluster_cards(view)["size"].to_pylist()
            st.markdown(
                f"The {used} in use hold {display.count(min(sizes))} to {display.noun(max(sizes), 'row')} each."
            )
            _stability(view)
            _again(view, used)


def _stability(view: View) -> None:
    assert view.clusters is not None
    stability = view.clusters.manifest.info["stability"]
    st.markdown(
        f"Stability over seeds: **{stability['mean']:.2f}** mean adjusted Rand index (1 identical, 0 chance; lowest "
        f"pair {stability['low']:.2f}, {len(stability['seeds'])} seeds, at most 5,000 rows)."
    )


def _again(view: View, used: int) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        k = st.number_input(
            "Cluster again into", min_value=1, max_value=view.rows, value=used, width=150, key=state.MAP_K
        )
        if st.button("Run", key="cluster_again", disabled=int(k) == used, icon=":material/play_arrow:"):
            step = ("cluster", "--k", str(int(k)), "-w", str(view.store.path))
            jobs.start(view.store.path, f"Grouping the rows into {int(k)} clusters", [step])
            st.rerun()
    jobs_panel.draw(view)
