"""Number of clusters: curves over k with a suggestion, sizes, stability over seeds, and clustering again."""

from __future__ import annotations

import streamlit as st

from explorer.figures import maps as figures
from explorer.ui import cache, display, jobs, shell
from explorer.ui.context import View
from explorer.ui.map import keys
from explorer.ui.map import reads as map_reads
from explorer.ui.widgets.elements import plot


def draw(view: View) -> None:
    """Draw the section, closed at first; what is not saved with the clusters is computed on demand."""
    if view.clusters is None:
        return
    info = view.clusters.manifest.info
    used = cache.cluster_cards(view).num_rows
    with st.expander(f"Number of clusters: **{used}**", key="choose_k", icon=":material/tune:"):
        left, right = st.columns([3, 2], gap="large")
        choice = None
        with left:
            if info.get("choice") is not None or st.toggle("Compute the curves over k on a sample", key=keys.GRID):
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
            st.markdown(f"Clusters have {display.count(min(sizes))} to {display.noun(max(sizes), 'row')} each.")
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
        k = st.number_input("Clusters", min_value=1, max_value=view.rows, value=used, width=150, key=keys.K)
        if st.button("Cluster again", key="cluster_again", disabled=int(k) == used, icon=":material/play_arrow:"):
            step = ("cluster", "--k", str(int(k)), "-w", str(view.store.path))
            jobs.start(view.store.path, f"Clustering rows into {int(k)}", [step])
            st.rerun()
    shell.draw_jobs(view)
