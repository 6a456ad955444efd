"""The selection studio: the method and its parameters, the budget slider, and what a budget buys."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.figures import dataset, theme
from explorer.figures import selection as figures
from explorer.figures.comparison import Groups
from explorer.records import SEGMENTS
from explorer.ui import cache, display, state
from explorer.ui.context import View
from explorer.ui.select import address, keys, method_form, missing_features, rules_form
from explorer.ui.select import budget as budgets
from explorer.ui.select.budget import Chosen, Costs
from explorer.ui.select.ranking import Outcome, Request, Task
from explorer.ui.widgets.page import plot, section

if TYPE_CHECKING:
    from explorer.selection import Method

_AUTOMATIC = 100_000  # rows up to which the first ranking is made without being asked
_SENT = 0.04  # seconds for the picture to leave: what is not sent when another run begins is never sent


def open_address() -> None:
    """Set the page to what its address says, where the address is not the one that the page wrote itself."""
    query = dict(st.query_params)
    if query == state.get(keys.ADDRESS):
        return
    found = address.read(query)
    for name in address.NAMES:
        if name in query and name not in found:
            said = f"The address says {name} = {display.clean(query[name], 60)}, which means nothing here: left out."
            st.toast(display.md(said), icon=":material/link_off:", duration="long")
    keys = {
        "method": keys.METHOD,
        "seed": keys.SEED,
        "threshold": state.THRESHOLD,
        "segment": state.SEGMENT,
        "within": keys.RULE_WITHIN,
        "must_cover": keys.RULE_MUST,
        "exclude": keys.RULE_EXCLUDE,
        "min_per_source": keys.RULE_SOURCE,
        "min_per_cluster": keys.RULE_CLUSTER,
    }
    for name, key in keys.items():
        if name in found:
            state.put(key, found[name])
        elif "method" in found and name not in ("threshold", "segment"):
            state.forget(key)
    if "method" in found:
        method_form.put(found["method"], found.get("params", {}))
    if "budget" in found:
        choose_budget(found["budget"])


def choose_budget(text: str) -> None:
    """Put the slider on a budget as `budgets.text` writes it."""
    read = budgets.read(text)
    if read is not None:
        state.put(keys.UNIT, read[0])
        state.put(f"{keys.BUDGET}_{read[0]}", read[1])


def controls(view: View) -> tuple[Request | None, Method]:
    """Draw the method, its parameters, what counts and the rules; returns the request that they make."""
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
        seed = st.number_input("Seed", min_value=0, value=0, step=1, key=keys.SEED, persist_state="session")
    with st.expander("Rules", key="rules"):
        rules = rules_form.draw(view)
    if rules is None:
        return None, method
    if said := rules_form.said(rules):
        st.caption(f"Rules: {display.md(said, 200)}")
    request = Request.of(
        workspace=str(view.store.path.resolve()),
        samples=view.samples.id,
        activations=view.activations.id,
        method=method.slug,
        threshold=float(threshold),
        segment=str(segment),
        seed=int(seed),
        params=params,
        rules=rules.record(),
    )
    return request, method


@st.fragment
def result(view: View, request: Request | None, method: Method) -> tuple[Chosen | None, Task | None]:
    """Draw the budget slider and the coverage curve, or the progress of the ranking.

    A move of the slider draws only this part anew, so that the picture follows the hand; the rest of the page comes
    with the run of the whole page that it asks for then.
    """
    costs = _costs(view)
    unit, value = _slider(view, costs)
    found = _picture(view, request, method, costs, unit, value)
    shown = state.get(keys.SHOWN)
    state.put(keys.SHOWN, (unit, value))
    if shown is not None and shown != (unit, value):
        time.sleep(_SENT)
        st.rerun()
    return found


def _picture(
    view: View, request: Request | None, method: Method, costs: Costs, unit: str, value: float
) -> tuple[Chosen | None, Task | None]:
    if request is None:
        st.info("The rules do not fit the data: see the message under Rules.", icon=":material/rule:")
        return None, None
    _share(view, request, unit, value)
    if not method.nested:
        request = _at_budget(request, unit, value, costs)
    ranker = cache.ranker()
    task = ranker.get(request)
    # The first ranking of a visit, and another budget of a method that has to rank again for it, start by themselves.
    small = view.rows <= _AUTOMATIC
    first = small and task is None and (not state.get(keys.RANKING) or _only_budget(request))
    with st.container(horizontal=True, vertical_alignment="center"):
        again = task is not None and task.outcome is not None
        label = "Run again" if task is None and state.get(keys.RANKING) else "Run"
        pressed = st.button(
            label, type="secondary" if again else "primary", icon=":material/play_arrow:", disabled=again, key="run"
        )
        if pressed or first:
            task = ranker.start(request)
            state.put(keys.RANKING, dataclasses.replace(request, budget=""))
        _note(method, task)
    if task is None:
        st.info(f"Press Run to rank the rows with {method.title} as it is set up now.", icon=":material/play_arrow:")
        return None, None
    if task.running:
        _watch(request)
        return None, task
    if task.outcome is None:
        st.error(display.md(task.error, 600), icon=":material/error:")
        return None, task
    outcome = task.outcome
    positions = outcome.ranked.ranking.positions
    minutes = costs.minutes(positions) if unit == "training time" else None
    chosen = budgets.chosen(unit, value, view.rows, outcome.tokens, len(positions), minutes)
    asked = budgets.read(chosen.text)
    if asked is not None and asked[0] == "rows" and asked[1] > chosen.rows:
        st.caption(f"The budget asks for {asked[1]:,.0f} rows; only {chosen.rows:,} can be taken.")
    _coverage(method, outcome, chosen)
    _suggested(view, outcome, chosen, costs)
    return chosen, task


def _only_budget(request: Request) -> bool:
    """Whether the ranking that was asked for last differs only in its budget."""
    last = state.get(keys.RANKING)
    return bool(request.budget) and last == dataclasses.replace(request, budget="")


def _at_budget(request: Request, unit: str, value: float, costs: Costs) -> Request:
    """Return the request for one budget; training time is turned into tokens at the mean of the dataset."""
    text = budgets.text(unit, value)
    if unit == "training time":
        tokens = value * 60 * costs.tokens_per_second / costs.epochs
        text = str(max(1, int(tokens / max(1.0, float(costs.tokens.mean())))))
    return dataclasses.replace(request, budget=text)


def _costs(view: View) -> Costs:
    lengths = cache.lengths(view)
    tokens = sum(lengths[name].fill_null(0).to_numpy() for name in ("prompt_tokens", "response_tokens"))
    epochs, speed = state.get(keys.EPOCHS) or 3.0, state.get(keys.SPEED) or 5_000.0
    return Costs(np.asarray(tokens, np.int64), float(epochs), float(speed))


def _slider(view: View, costs: Costs) -> tuple[str, float]:
    summary = cache.summary(view)
    left, right = st.columns([4, 5], vertical_alignment="bottom")
    unit = str(
        left.segmented_control(
            "Budget in", budgets.UNITS, default="percent", required=True, key=keys.UNIT, persist_state="session"
        )
    )
    whole = float(costs.tokens.sum()) * costs.epochs / costs.tokens_per_second / 60
    offered = budgets.options(unit, view.rows, int(summary["response_tokens"] or 0), whole)
    key = f"{keys.BUDGET}_{unit}"
    wanted = state.get(key)
    if wanted is not None and wanted not in offered:
        offered = sorted({*offered, float(wanted)})
    value = right.select_slider(
        "Budget",
        offered,
        value=budgets.start(unit, offered),
        format_func=lambda number: budgets.shown(unit, number),
        key=key,
        persist_state="session",
    )
    if unit == "training time":
        left, middle, right = st.columns([2, 2, 5], vertical_alignment="bottom")
        left.number_input("Epochs", min_value=0.1, value=3.0, step=1.0, key=keys.EPOCHS, persist_state="session")
        middle.number_input(
            "Tokens a second",
            min_value=1.0,
            value=5_000.0,
            step=1_000.0,
            format="%.0f",
            key=keys.SPEED,
            persist_state="session",
            help="How fast your trainer goes on your machine.",
        )
        right.caption(
            "Time = tokens of prompt and response × epochs / tokens a second; tokens as the language model of the "
            "extraction counts them."
        )
    return unit, float(value)


def _share(view: View, request: Request, unit: str, value: float) -> None:
    """Write the state of the page to its address."""
    import json

    written = address.write(
        method=request.method,
        budget=budgets.text(unit, value),
        threshold=request.threshold if abs(request.threshold - view.threshold) > 1e-9 else None,
        segment=request.segment,
        params=json.loads(request.params),
        seed=request.seed,
        within=state.get(keys.RULE_WITHIN),
        must_cover=state.get(keys.RULE_MUST),
        exclude=state.get(keys.RULE_EXCLUDE),
        min_per_source=state.get(keys.RULE_SOURCE),
        min_per_cluster=state.get(keys.RULE_CLUSTER),
    )
    if dict(st.query_params) != written:
        st.query_params.from_dict(written)
    state.put(keys.ADDRESS, written)


def _note(method: Method, task: Task | None) -> None:
    if task is not None and task.outcome is not None:
        ranked = task.outcome.ranked
        made = f"; made for it: {', '.join(ranked.made)}" if ranked.made else ""
        st.caption(f"ranked {len(ranked.ranking):,} rows in {display.seconds(ranked.seconds)}{made}", width="content")
        lacking_rows = sum(ranked.ranking.info.get("unfilled", {}).values())
        if lacking_rows:
            st.caption(f"minimums: {display.noun(lacking_rows, 'row')} short, the groups have no more", width="content")
    if not method.nested:
        st.caption("its quotas depend on the budget: another budget is another run", width="content")


@st.fragment(run_every=0.7)
def _watch(request: Request) -> None:
    task = cache.ranker().get(request)
    if task is None or not task.running:
        st.rerun()
        return
    left, right = st.columns([6, 1], vertical_alignment="center")
    left.progress(task.share or 0.0, text=f"{display.md(task.stage)} · {display.seconds(time.time() - task.started)}")
    if right.button("Cancel", key="cancel_ranking"):
        task.stop.set()


def _coverage(method: Method, outcome: Outcome, chosen: Chosen) -> None:
    opening = sum(outcome.ranked.ranking.info.get("opening", {}).values())
    if chosen.rows < opening:
        st.warning(
            f"The rules ask for {display.noun(opening, 'row')}: this budget holds only the first of them.",
            icon=":material/rule:",
        )
    if outcome.curve is None or outcome.bound is None:
        return
    curve, (rows, most) = outcome.curve, outcome.bound
    present = max(1, curve.present)
    found = budgets.suggestions(curve, outcome.ranked.ranking.round) if method.nested else []
    line = figures.Line(method.title, method.slug, curve.covered / present)
    fig = figures.coverage(
        [line],
        budget=chosen.rows,
        bound=(rows, most / present),
        marks=[(one.rows, one.name, one.reason) for one in found],
        height=380,
    )
    plot(fig, key="coverage", alt="Features covered by number of rows selected, budget marked")


def _suggested(view: View, outcome: Outcome, chosen: Chosen, costs: Costs) -> None:
    """Budgets that suggest themselves, as buttons; the first feature that the budget leaves out."""
    if outcome.curve is None or outcome.ranked.pool.features is None:
        return
    nested = outcome.ranked.nested  # the start of another ranking is no budget of its own
    found = budgets.suggestions(outcome.curve, outcome.ranked.ranking.round) if nested else []
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if found:
            st.caption("Suggested budgets", width="content")
        for number, one in enumerate(found):
            st.button(
                f"{one.name} · {display.noun(one.rows, 'row')}",
                key=f"suggested_{number}",
                help=one.reason[0].upper() + one.reason[1:] + ".",
                type="tertiary",
                disabled=one.rows == chosen.rows,
                on_click=choose_budget,
                args=(str(one.rows),),
            )
    positions = outcome.ranked.ranking.positions[: chosen.rows]
    if len(positions):
        st.caption(
            f"{missing_features.first(view, outcome.ranked.pool.features, positions)} Training on this budget takes "
            f"about {_time(float(costs.minutes(positions)[-1]))} at {costs.epochs:g} epochs and "
            f"{display.count(costs.tokens_per_second)} tokens a second."
        )


def _time(minutes: float) -> str:
    return display.seconds(minutes * 60)


def answer(view: View, method: Method, task: Task | None, chosen: Chosen | None) -> str:
    """One sentence: what the budget covers, and how much better any other choice could be."""
    if task is None or task.outcome is None or chosen is None:
        return f"{display.noun(view.rows, 'row')} to choose from. Say what you want, and tune the budget by eye."
    outcome = task.outcome
    tokens = ""
    if outcome.tokens is not None and chosen.rows:
        tokens = f", {display.count(float(outcome.tokens[chosen.rows - 1]))} response tokens"
    text = f"**{display.noun(chosen.rows, 'row')}** chosen by {method.title} ({chosen.text}{tokens})"
    if outcome.curve is None or outcome.bound is None:
        return f"{text}."
    share = outcome.curve.share(chosen.rows)
    rows, most = outcome.bound
    ceiling = float(np.interp(chosen.rows, rows, most)) / max(1, outcome.curve.present)
    reached = min(1.0, share / ceiling) if ceiling else 1.0
    best = (
        f"no other {chosen.rows:,} rows could cover more"
        if reached > 0.9999
        else f"at least {display.share(reached)} of what any {chosen.rows:,} rows could"
    )
    return f"{text} cover **{display.share(share)}** of the {outcome.curve.present:,} features in the pool: {best}."


def profiles(view: View, task: Task, chosen: Chosen) -> None:
    """Gain per pick, lengths and clusters of the picks against the pool."""
    assert task.outcome is not None
    ranking, pool = task.outcome.ranked.ranking, task.outcome.ranked.pool
    picked = ranking.positions[: chosen.rows]
    columns: list[Any] = st.columns(3 if view.clusters is not None else 2, gap="medium")
    with columns[0]:
        section(
            "What did each pick add?",
            "The gain of each pick by the method's own measure; rows that a rule put first have none, unless the "
            "method counts them as picked (SAE-GreedSelect does).",
        )
        plot(figures.gains(ranking.gain, budget=chosen.rows, unit="gain"), key="gains", alt="Gain of each pick")
    with columns[1]:
        section("How long are they?")
        if pool.response_tokens is not None:
            lines = [("selected", theme.ACCENT, pool.response_tokens[picked])]
            fig = dataset.distribution(pool.response_tokens, lines, x="response length (tokens)", legend=True)
            plot(fig, key="pick_lengths", alt="Response lengths of the selection and of all rows")
    if view.clusters is not None:
        with columns[2]:
            section("Where are they?", "Share of each cluster in the pool (bar) and among the picks (dot).")
            found = groups(view)
            dots = [("selected", theme.ACCENT, found.shares(picked))]
            fig = figures.cluster_profile(found.names, found.shares(), dots, limit=7, height=230)
            plot(fig, key="pick_clusters", alt="Clusters of picks and pool")


def groups(view: View) -> Groups:
    """The clusters of the workspace."""
    return Groups.read(cache.cluster_cards(view), cache.cluster_of(view))
