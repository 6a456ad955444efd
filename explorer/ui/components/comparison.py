"""Stored selections side by side: coverage, overlap, lengths, clusters, and what only one of them has."""

from __future__ import annotations

from collections import Counter

import numpy as np
import streamlit as st

from explorer.features import browse
from explorer.figures import selection as figures
from explorer.figures import theme
from explorer.ui import cache, links, state, words
from explorer.ui.components import row_table, studio
from explorer.ui.components.page import header, plot, section
from explorer.ui.context import View
from explorer.workspace import Artifact

_TITLE = "What differs between these choices?"
_FIRST = 4  # runs that are shown until the user chooses


def draw(view: View) -> None:
    """Draw the page."""
    if len(view.selections) < 2:
        header(_TITLE, "Two stored selections are needed to compare; there " + _stored(len(view.selections)))
        st.page_link(links.SELECT, label="Make one on the Select page", icon=":material/arrow_forward:")
        return
    top = st.container()
    runs = _choose(view)
    if len(runs) < 2:
        with top:
            header(_TITLE, "Choose two selections or more.")
        return
    with top:
        header(_TITLE, answer(view, runs))
    _coverage(view, runs)
    _profiles(view, runs)
    _only(view, runs)


def _stored(number: int) -> str:
    return "is one so far." if number else "is none yet."


def _choose(view: View) -> list[Artifact]:
    by_id = {run.id: run for run in reversed(view.selections)}
    kept = [run for run in state.get(state.COMPARE_RUNS) or () if run in by_id]
    if state.COMPARE_RUNS in st.session_state:
        state.put(state.COMPARE_RUNS, kept)
    chosen = st.multiselect(
        "Selections",
        list(by_id),
        default=None if state.COMPARE_RUNS in st.session_state else list(by_id)[:_FIRST],
        format_func=lambda key: words.run_name(by_id[key].manifest),
        key=state.COMPARE_RUNS,
        persist_state="session",
    )
    return [by_id[key] for key in chosen]


def _method(run: Artifact) -> str:
    return str(run.manifest.parameters.get("method", ""))


def styles(runs: list[Artifact]) -> list[tuple[str, str, str]]:
    """Name, colour and dash of each run: the method's colour, runs of one method told apart by the dash."""
    seen: Counter[str] = Counter()
    found = []
    for run in runs:
        method = _method(run)
        dash = theme.METHOD_DASHES[seen[method] % len(theme.METHOD_DASHES)]
        seen[method] += 1
        found.append((words.run_name(run.manifest), theme.method_colour(method), dash))
    return found


def answer(view: View, runs: list[Artifact]) -> str:
    """One sentence: who covers most at the size that all reach, and how little they share."""
    sizes = [cache.picks(view, run.id).num_rows for run in runs]
    common = min(sizes)
    shares = [cache.run_curve(view, run.id, view.threshold, "response").share(common) for run in runs]
    best, worst = int(np.argmax(shares)), int(np.argmin(shares))
    names = [words.md(words.run_name(run.manifest), 50) for run in runs]
    sets = [set(cache.picks(view, run.id)["sample_id"].to_pylist()[:common]) for run in runs]
    shared = len(set.intersection(*sets))
    return (
        f"At {common:,} rows, *{names[best]}* covers {words.share(shares[best])} of the features and *{names[worst]}* "
        f"{words.share(shares[worst])}; {words.noun(shared, 'row')} of {common:,} are in all {len(runs)}."
    )


def _coverage(view: View, runs: list[Artifact]) -> None:
    lines = []
    for run, (name, _, dash) in zip(runs, styles(runs), strict=True):
        curve = cache.run_curve(view, run.id, view.threshold, "response")
        lines.append(figures.Line(name, _method(run), curve.covered / max(1, curve.present), dash))
    section(
        "How much do they cover?",
        f"Features above the threshold {view.threshold:g} in the responses of the first rows of each selection.",
    )
    plot(figures.coverage(lines, height=380), key="compare_coverage", alt="Coverage of each selection by rows")


def _profiles(view: View, runs: list[Artifact]) -> None:
    names = [name for name, _, _ in styles(runs)]
    picked = [cache.picks(view, run.id)["sample_id"].to_numpy() for run in runs]
    columns = st.columns(3 if view.clusters is not None else 2, gap="medium")
    with columns[0]:
        section("How much do they share?", "Share of the row's selection that is also in the column's.")
        sets = [set(ids.tolist()) for ids in picked]
        shared = np.array([[len(a & b) / max(1, len(a)) for b in sets] for a in sets])
        plot(figures.overlap(names, shared, height=max(300, 120 + 40 * len(runs))), key="overlap", alt="Overlap matrix")
    with columns[1]:
        section("How long are their rows?")
        tokens = cache.lengths(view)["response_tokens"].to_numpy(zero_copy_only=False)
        lines = [(name, colour, tokens[ids]) for (name, colour, _), ids in zip(styles(runs), picked, strict=True)]
        plot(
            figures.length_profile(tokens, lines, legend=False, height=300),
            key="compare_lengths",
            alt="Lengths by selection",
        )
    if view.clusters is not None:
        with columns[2]:
            section("Where are they?", "Share of each cluster in the pool (bar) and in each selection (dots).")
            groups = [studio.cluster_shares(view, ids) for ids in picked]
            dots = [(name, colour, mine) for (name, colour, _), (_, _, mine) in zip(styles(runs), groups, strict=True)]
            fig = figures.cluster_profile(groups[0][0], groups[0][1], dots, limit=8, legend=False, height=300)
            plot(fig, key="compare_clusters", alt="Clusters by selection")


@st.fragment
def _only(view: View, runs: list[Artifact]) -> None:
    section("What does only one of them have?")
    by_id = {run.id: run for run in runs}
    chosen = st.segmented_control(
        "Only in",
        list(by_id),
        format_func=lambda key: words.md(words.run_name(by_id[key].manifest), 40),
        default=runs[0].id,
        required=True,
        key=state.COMPARE_ONLY,
    )
    mine = cache.picks(view, str(chosen))["sample_id"].to_pylist()
    others = {i for key in by_id if key != chosen for i in cache.picks(view, key)["sample_id"].to_pylist()}
    rows = [i for i in mine if i not in others]
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.caption(f"{words.noun(len(rows), 'row')} of {len(mine):,} are in no other of the selections shown.")
        if rows:
            row_table.draw(
                view,
                rows,
                key=f"only_{chosen}",
                page_size=10,
                columns=("sample_id", "prompt", "response_tokens", "cluster"),
            )
    with right:
        _features(view, mine, sorted(others))


def _features(view: View, mine: list[int], others: list[int]) -> None:
    """Features that the chosen selection covers and no other one does, the most common of the pool first."""
    from explorer.selection.metrics import covered_features

    sets = cache.feature_sets(view, view.threshold, "response")
    only = covered_features(sets, np.array(mine, np.int64)) & ~covered_features(sets, np.array(others, np.int64))
    ids = np.flatnonzero(only)
    ids = ids[np.argsort(-sets.counts[ids], kind="stable")]
    st.caption(f"{words.noun(len(ids), 'feature')} that only it covers, the most common first.")
    if not len(ids) or view.features is None:
        return
    shown = ids[:10].tolist()
    names = browse.labels_of(view.store, view.features, shown, view.labels)
    event = st.dataframe(
        [
            {"feature": i, "label": words.clean(names.get(i, ""), 80), "rows in the pool": int(sets.counts[i])}
            for i in shown
        ],
        hide_index=True,
        height="content",
        key=f"only_features_{mine[:1]}_{len(ids)}",
        on_select="rerun",
        selection_mode="single-cell",
        column_config={"feature": st.column_config.NumberColumn("feature", format="%d", width=70)},
        alt="Features that only this selection covers",
    )
    if event.selection.cells:
        links.open_feature(shown[int(event.selection.cells[0][0])])
