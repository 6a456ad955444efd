"""The selection studio: the method and its parameters, the budget slider, and what a budget covers."""

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
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.select import address, keys, method_form, missing_features, reads, rules_form
from explorer.ui.select import budget as budgets
from explorer.ui.select.budget import Chosen, Costs
from explorer.ui.select.ranking import Outcome, Request, Task
from explorer.ui.widgets import threshold
from explorer.ui.widgets.elements import plot, section

if TYPE_CHECKING:
    from explorer.selection import Method

_AUTOMATIC = 100_000  # rows up to which the first ranking is made without being asked
_SENT = 0.04  # seconds for the plot to be sent: what is not sent when another run begins is lost


def open_address() -> None:
    """Set the page to what its address describes, unless the page wrote that address itself."""
    query = dict(st.query_params)
    if query == state.get(keys.ADDRESS):
        return
    values = address.read(query)
    for name in address.NAMES:
        if name in query and name not in values and name != state.THRESHOLD:
            links.warn_ignored(name, query[name])
    widgets = {
        "method": keys.METHOD,
        "seed": keys.SEED,
        "segment": state.SEGMENT,
        "within": keys.RULE_WITHIN,
        "must_cover": keys.RULE_MUST,
        "exclude": keys.RULE_EXCLUDE,
        "min_per_source": keys.RULE_SOURCE,
        "min_per_cluster": keys.RULE_CLUSTER,
    }
    for name, key in widgets.items():
        if name in values:
            state.put(key, values[name])
        elif "method" in values and name != "segment":
            state.forget(key)
    if "method" in values:
        method_form.put(values["method"], values.get("params", {}))
    if "budget" in values:
        choose_budget(values["budget"])


def choose_budget(text: str) -> None:
    """Put the slider on a budget as `budgets.text` writes it."""
    read = budgets.read(text)
    if read is not None:
        state.put(keys.UNIT, read[0])
        state.put(f"{keys.BUDGET}_{read[0]}", read[1])


def controls(view: View) -> tuple[Request | None, Method]:
    """Draw the method, its parameters, the counting options and the rules; returns the request that they make."""
    assert view.samples is not None and view.activations is not None  # the page requires both
    method = method_form.choose()
    with st.expander("Parameters", key="parameters"):
        params = method_form.parameters(view, method)
    with st.expander("Counting options", key="what_counts"):
        segment = st.segmented_control(
            "Count features of the",
            SEGMENTS,
            default="response",
            required=True,
            key=state.SEGMENT,
            persist_state="session",
        )
        seed = st.number_input("Seed", min_value=0, value=0, step=1, key=keys.SEED, persist_state="session")
    with st.expander("Rules", key="rules"):
        rules = rules_form.draw(view)
    if rules is None:
        return None, method
    if summary := rules_form.summary(rules):
        st.caption(f"Rules: {display.md(summary, 200)}")
    request = Request.of(
        workspace=str(view.store.path.resolve()),
        samples=view.samples.id,
        activations=view.activations.id,
        method=method.slug,
        threshold=threshold.current(view),
        segment=str(segment),
        seed=int(seed),
        params=params,
        rules=rules.record(),
    )
    return request, method


@st.fragment
def result(view: View, request: Request | None, method: Method) -> tuple[Chosen | None, Task | None]:
    """Draw the budget slider and the coverage curve, or the progress of the ranking.

    Moving the slider redraws only this part, so that the plot follows at once, and then requests a run of the whole
    page.
    """
    costs = _costs(view)
    unit, value = _slider(view, costs)
    outcome = _outcome(view, request, method, costs, unit, value)
    drawn = state.get(keys.DRAWN)
    state.put(keys.DRAWN, (unit, value))
    if drawn is not None and drawn != (unit, value):
        time.sleep(_SENT)
        st.rerun()
    return outcome


def _outcome(
    view: View, request: Request | None, method: Method, costs: Costs, unit: str, value: float
) -> tuple[Chosen | None, Task | None]:
    if request is None:
        st.info("The rules do not fit this data: see the message under Rules.", icon=":material/rule:")
        return None, None
    _write_address(view, request, unit, value)
    if not method.nested:
        request = _at_budget(request, unit, value, costs)
    ranker = reads.ranker()
    task = ranker.get(request)
    # The first ranking of a visit starts by itself, and so does another budget of a method that re-ranks for it.
    small = view.rows <= _AUTOMATIC
    first = small and task is None and (not state.get(keys.REQUEST) or _only_budget(request))
    with st.container(horizontal=True, vertical_alignment="center"):
        again = task is not None and task.outcome is not None
        label = "Run again" if task is None and state.get(keys.REQUEST) else "Run"
        pressed = st.button(
            label, type="secondary" if again else "primary", icon=":material/play_arrow:", disabled=again, key="run"
        )
        if pressed or first:
            task = ranker.start(request)
            state.put(keys.REQUEST, dataclasses.replace(request, budget=""))
        _note(method, task)
    if task is None:
        st.info(f"Press Run to rank the rows with {method.title} and these settings.", icon=":material/play_arrow:")
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
    wanted = budgets.read(chosen.text)
    if wanted is not None and wanted[0] == "rows" and wanted[1] > chosen.rows:
        st.caption(f"The budget is {wanted[1]:,.0f} rows; only {chosen.rows:,} can be selected.")
    _coverage(method, outcome, chosen)
    _suggested(view, outcome, chosen, costs)
    return chosen, task


def _only_budget(request: Request) -> bool:
    """Whether the last request differs only in its budget."""
    last = state.get(keys.REQUEST)
    return bool(request.budget) and last == dataclasses.replace(request, budget="")


def _at_budget(request: Request, unit: str, value: float, costs: Costs) -> Request:
    """Return the request for one budget; training time becomes rows of average length."""
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
            "Tokens per second",
            min_value=1.0,
            value=5_000.0,
            step=1_000.0,
            format="%.0f",
            key=keys.SPEED,
            persist_state="session",
            help="Training speed on your machine.",
        )
        right.caption(
            "Time = tokens of prompt and response × epochs / tokens per second, in tokens of the extraction's model."
        )
    return unit, float(value)


def _write_address(view: View, request: Request, unit: str, value: float) -> None:
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
        created = f"; also created: {', '.join(ranked.made)}" if ranked.made else ""
        seconds = display.seconds(ranked.seconds)
        st.caption(f"Ranked {len(ranked.ranking):,} rows in {seconds}{created}.", width="content")
        short = sum(ranked.ranking.info.get("unfilled", {}).values())
        if short:
            st.caption(f"Minimums not met by {display.noun(short, 'row')}: the groups are too small.", width="content")
    if not method.nested:
        st.caption("Quotas depend on the budget; changing it re-runs.", width="content")


@st.fragment(run_every=0.7)
def _watch(request: Request) -> None:
    task = reads.ranker().get(request)
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
            f"The rules require {display.noun(opening, 'row')}; this budget has room for only the first of them.",
            icon=":material/rule:",
        )
    if outcome.curve is None or outcome.bound is None:
        return
    curve, (rows, most) = outcome.curve, outcome.bound
    present = max(1, curve.present)
    suggestions = budgets.suggestions(curve, outcome.ranked.ranking.round) if method.nested else []
    line = figures.Line(method.title, method.slug, curve.covered / present)
    fig = figures.coverage(
        [line],
        budget=chosen.rows,
        bound=(rows, most / present),
        marks=[(suggestion.rows, suggestion.name, suggestion.reason) for suggestion in suggestions],
        height=380,
    )
    plot(fig, key="coverage", alt="Features covered by number of rows selected, budget marked")


def _suggested(view: View, outcome: Outcome, chosen: Chosen, costs: Costs) -> None:
    """Suggested budgets as buttons, the most common feature that is not covered, and the training time."""
    if outcome.curve is None or outcome.ranked.pool.features is None:
        return
    nested = outcome.ranked.nested  # other methods rank anew for every budget
    suggestions = budgets.suggestions(outcome.curve, outcome.ranked.ranking.round) if nested else []
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if suggestions:
            st.caption("Suggested budgets", width="content")
        for number, suggestion in enumerate(suggestions):
            st.button(
                f"{suggestion.name} · {display.noun(suggestion.rows, 'row')}",
                key=f"suggested_{number}",
                help=suggestion.reason[0].upper() + suggestion.reason[1:] + ".",
                type="tertiary",
                disabled=suggestion.rows == chosen.rows,
                on_click=choose_budget,
                args=(str(suggestion.rows),),
            )
    positions = outcome.ranked.ranking.positions[: chosen.rows]
    if len(positions):
        st.caption(
            f"{missing_features.first(view, outcome.ranked.pool.features, positions)} Training on this selection takes "
            f"about {display.seconds(60 * float(costs.minutes(positions)[-1]))} at {costs.epochs:g} epochs and "
            f"{display.count(costs.tokens_per_second)} tokens per second."
        )


def answer(view: View, method: Method, task: Task | None, chosen: Chosen | None) -> str:
    """One sentence: what the budget covers, and how far that is from the optimum."""
    if task is None or task.outcome is None or chosen is None:
        return f"{display.noun(view.rows, 'row')} to choose from. Pick a goal and a budget."
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
    rows = display.noun(chosen.rows, "row")
    bound = f"≥ {display.share(reached)} of the optimum for {rows} (lower bound)"
    quality = bound if reached < 0.9999 else f"the optimum for {rows}"
    return f"{text} cover **{display.share(share)}** of the {outcome.curve.present:,} features in the pool: {quality}."


def profiles(view: View, task: Task, chosen: Chosen) -> None:
    """Gain per pick, lengths and clusters of the picks against the pool."""
    assert task.outcome is not None
    ranking, pool = task.outcome.ranked.ranking, task.outcome.ranked.pool
    picked = ranking.positions[: chosen.rows]
    columns: list[Any] = st.columns(3 if view.clusters is not None else 2, gap="medium")
    with columns[0]:
        section(
            "Gain per pick",
            "What each pick added, by the method's own measure. Rows that a rule puts first have a gain only if the "
            "method counts them as picked (SAE-GreedSelect does).",
        )
        plot(figures.gains(ranking.gain, budget=chosen.rows, unit="gain"), key="gains", alt="Gain of each pick")
    with columns[1]:
        section("Response length")
        if pool.response_tokens is not None:
            lines = [("selected", theme.ACCENT, pool.response_tokens[picked])]
            fig = dataset.distribution(pool.response_tokens, lines, x="response length (tokens)", legend=True)
            plot(fig, key="pick_lengths", alt="Response lengths of the selection and of all rows")
    if view.clusters is not None:
        with columns[2]:
            section("Clusters", "Share of each cluster in the pool (bar) and among the picks (dot).")
            clusters = groups(view)
            dots = [("selected", theme.ACCENT, clusters.shares(picked))]
            fig = figures.cluster_profile(clusters.names, clusters.shares(), dots, limit=7, height=230)
            plot(fig, key="pick_clusters", alt="Clusters of picks and pool")


def groups(view: View) -> Groups:
    """The clusters of the workspace."""
    return Groups.read(cache.cluster_cards(view), cache.cluster_of(view))
