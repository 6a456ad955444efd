"""The selection studio: the method and its parameters, the budget slider, and what a budget buys."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from explorer.figures import selection as figures
from explorer.figures import theme
from explorer.records import SEGMENTS
from explorer.ui import budget as budgets
from explorer.ui import cache, state, words
from explorer.ui.budget import Chosen
from explorer.ui.components import method_form, row_table
from explorer.ui.components.page import plot, section
from explorer.ui.context import View
from explorer.ui.ranking import Outcome, Request, Task

if TYPE_CHECKING:
    from explorer.selection import Method

_AUTOMATIC = 100_000  # rows up to which the first ranking is made without being asked


def controls(view: View) -> tuple[Request, Method]:
    """Return the method, its parameters and what counts; returns the request that they make."""
    assert view.samples is not None and view.activations is not None  # the page requires both
    method = method_form.choose()
    with st.expander("Parameters", key="parameters"):
        params = method_form.parameters(view, method)
    with st.expander("What counts", key="what_counts"):
        threshold = st.number_input(
            "Threshold",
            min_value=0.0,
            value=float(view.threshold),
            step=0.5,
            key=state.THRESHOLD,
            persist_state="session",
            help="A feature counts as present where its activation is above it.",
        )
        segment = st.segmented_control(
            "Features of the", SEGMENTS, default="response", required=True, key=state.SEGMENT, persist_state="session"
        )
        seed = st.number_input("Seed", min_value=0, value=0, step=1, key=state.SELECT_SEED, persist_state="session")
    request = Request.of(
        workspace=str(view.store.path.resolve()),
        samples=view.samples.id,
        activations=view.activations.id,
        method=method.slug,
        threshold=float(threshold),
        segment=str(segment),
        seed=int(seed),
        params=params,
    )
    return request, method


def result(view: View, request: Request, method: Method) -> tuple[Chosen | None, Task | None]:
    """Return the budget slider and the coverage curve, or the progress of the ranking."""
    total = int(cache.summary(view)["response_tokens"] or 0)
    unit, value = _slider(view.rows, total)
    if not method.nested:
        request = dataclasses.replace(request, budget=budgets.text(unit, value))
    ranker = cache.ranker()
    task = ranker.get(request)
    first = task is None and not state.get(state.SELECT_RANKING) and view.rows <= _AUTOMATIC
    with st.container(horizontal=True, vertical_alignment="center"):
        again = task is not None and task.outcome is not None
        if (
            st.button("Run", type="secondary" if again else "primary", icon=":material/play_arrow:", disabled=again)
            or first
        ):
            task = ranker.start(request)
            state.put(state.SELECT_RANKING, "started")
        _note(method, task)
    if task is None:
        st.info(f"Press Run to rank the rows with {method.title}.", icon=":material/play_arrow:")
        return None, None
    if task.running:
        _watch(request)
        return None, task
    if task.outcome is None:
        st.error(words.md(task.error, 600), icon=":material/error:")
        return None, task
    outcome = task.outcome
    chosen = budgets.chosen(unit, value, view.rows, outcome.tokens, len(outcome.ranked.ranking))
    _coverage(method, outcome, chosen)
    return chosen, task


def _slider(samples: int, tokens: int) -> tuple[str, float]:
    left, right = st.columns([2, 5], vertical_alignment="bottom")
    unit = left.segmented_control(
        "Budget in", budgets.UNITS, default="percent", required=True, key=state.SELECT_UNIT, bind="query-params"
    )
    offered = budgets.options(str(unit), samples, tokens)
    value = right.select_slider(
        "Budget",
        offered,
        value=budgets.start(str(unit), offered),
        format_func=lambda number: budgets.shown(str(unit), number),
        key=f"{state.SELECT_BUDGET}_{unit}",
        persist_state="session",
    )
    return str(unit), float(value)


def _note(method: Method, task: Task | None) -> None:
    if task is not None and task.outcome is not None:
        ranked = task.outcome.ranked
        made = f"; made for it: {', '.join(ranked.made)}" if ranked.made else ""
        st.caption(f"ranked {len(ranked.ranking):,} rows in {words.seconds(ranked.seconds)}{made}", width="content")
    if not method.nested:
        st.caption("its quotas depend on the budget: another budget is another run", width="content")


@st.fragment(run_every=0.7)
def _watch(request: Request) -> None:
    task = cache.ranker().get(request)
    if task is None or not task.running:
        st.rerun()
        return
    import time

    left, right = st.columns([6, 1], vertical_alignment="center")
    left.progress(task.share or 0.0, text=f"{words.md(task.stage)} · {words.seconds(time.time() - task.started)}")
    if right.button("Cancel", key="cancel_ranking"):
        task.stop.set()


def _coverage(method: Method, outcome: Outcome, chosen: Chosen) -> None:
    if outcome.curve is None or outcome.bound is None:
        return
    curve, (rows, most) = outcome.curve, outcome.bound
    present = max(1, curve.present)
    marks: dict[int, list[str]] = {}
    for share in (0.9, 0.95, 0.99):
        if at := curve.rows_for(share):
            marks.setdefault(at, []).append(f"{share:.0%}")
    rounds = outcome.ranked.ranking.round
    if len(rounds) and rounds.max() > 1:
        end = int(np.argmax(rounds > 1))
        near = next((at for at in marks if 0.93 < at / max(1, end) < 1.08), end)
        marks.setdefault(near, []).append("end of round 1")
    line = figures.Line(method.title, method.slug, curve.covered / present)
    fig = figures.coverage(
        [line],
        budget=chosen.rows,
        bound=(rows, most / present),
        marks=[(at, ", ".join(said)) for at, said in marks.items()],
        height=370,
    )
    plot(fig, key="coverage", alt="Features covered by number of rows selected, budget marked")


def answer(view: View, method: Method, task: Task | None, chosen: Chosen | None) -> str:
    """One sentence: what the budget covers, and how much better any other choice could be."""
    if task is None or task.outcome is None or chosen is None:
        return f"{words.noun(view.rows, 'row')} to choose from. Say what you want, and tune the budget by eye."
    outcome = task.outcome
    tokens = ""
    if outcome.tokens is not None and chosen.rows:
        tokens = f", {words.count(float(outcome.tokens[chosen.rows - 1]))} response tokens"
    text = f"**{words.noun(chosen.rows, 'row')}** chosen by {method.title} ({chosen.text}{tokens})"
    if outcome.curve is None or outcome.bound is None:
        return f"{text}."
    share = outcome.curve.share(chosen.rows)
    rows, most = outcome.bound
    ceiling = float(np.interp(chosen.rows, rows, most)) / max(1, outcome.curve.present)
    reached = min(1.0, share / ceiling) if ceiling else 1.0
    best = (
        f"no other {chosen.rows:,} rows could cover more"
        if reached > 0.9999
        else f"at least {words.share(reached)} of what any {chosen.rows:,} rows could"
    )
    return f"{text} cover **{words.share(share)}** of the {outcome.curve.present:,} features in the pool: {best}."


def evidence(view: View, task: Task | None, chosen: Chosen | None) -> None:
    """Under the curve: gain per pick, lengths and clusters of the picks against the pool, and the picks themselves."""
    if task is None or task.outcome is None or chosen is None:
        return
    outcome = task.outcome
    ranking, pool = outcome.ranked.ranking, outcome.ranked.pool
    picked = ranking.positions[: chosen.rows]
    columns = st.columns(3 if view.clusters is not None else 2, gap="medium")
    with columns[0]:
        section("What did each pick add?", "The gain of each pick by the method's own measure.")
        plot(figures.gains(ranking.gain, budget=chosen.rows, unit="gain"), key="gains", alt="Gain of each pick")
    with columns[1]:
        section("How long are they?")
        if pool.response_tokens is not None:
            lines = [("selected", theme.ACCENT, pool.response_tokens[picked])]
            plot(
                figures.length_profile(pool.response_tokens, lines), key="pick_lengths", alt="Lengths of picks and pool"
            )
    if view.clusters is not None:
        with columns[2]:
            section("Where are they?", "Share of each cluster in the pool (bar) and among the picks (dot).")
            names, every, mine = cluster_shares(view, picked)
            fig = figures.cluster_profile(names, every, [("selected", theme.ACCENT, mine)], limit=7, height=230)
            plot(fig, key="pick_clusters", alt="Clusters of picks and pool")
    section(f"The {words.noun(chosen.rows, 'pick')}, in order")
    row_table.draw(
        view,
        picked.tolist(),
        key="picks",
        page_size=10,
        columns=("rank", "gain", "sample_id", "prompt", "response", "response_tokens", "cluster"),
        extra={"rank": list(range(1, chosen.rows + 1)), "gain": ranking.gain[: chosen.rows].tolist()},
    )


def cluster_shares(view: View, picked: np.ndarray) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the clusters, the share of each in the pool, and its share among `picked`."""
    cards = cache.cluster_cards(view)
    numbers = np.array(cards["cluster"].to_pylist())
    cluster = cache.cluster_of(view)
    size = max(1, int(numbers.max()) + 1)
    every = np.bincount(cluster, minlength=size)[numbers] / max(1, len(cluster))
    mine = np.bincount(cluster[picked], minlength=size)[numbers] / max(1, len(picked))
    return [str(name) for name in cards["name"].to_pylist()], every, mine
