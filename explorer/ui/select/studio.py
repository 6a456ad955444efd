"""The selection studio: the method and its parameters, the budget slider, and what a budget covers."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.errors import ExplorerError
from explorer.figures import dataset, theme
from explorer.figures import selection as figures
from explorer.figures.comparison import Groups
from explorer.registry import ParameterSpec, describe
from explorer.selection.budget import EPOCHS, TOKENS_PER_SECOND, Budget
from explorer.selection.spec import MARKS, SelectionSpec, read_query
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.select import budget as budgets
from explorer.ui.select import keys, method_form, missing_features, reads, rules_form
from explorer.ui.select.budget import Chosen, Costs
from explorer.ui.select.ranking import Outcome, Request, Task
from explorer.ui.widgets import fields, threshold
from explorer.ui.widgets.elements import plot, section

if TYPE_CHECKING:
    from explorer.selection.method import Method

_AUTOMATIC = 100_000  # rows up to which the first ranking is made without being asked
_SENT = 0.04  # seconds for the plot to be sent: what is not sent when another run begins is lost


def open_address() -> None:
    """Set the page to what its address describes, unless the page wrote that address itself."""
    query = dict(st.query_params)
    if query == state.get(keys.ADDRESS):
        return
    values = read_query(query)
    for spec in describe(SelectionSpec):
        if spec.name in MARKS or spec.name == state.THRESHOLD:
            continue  # pins and bans belong to the rows, the threshold to all pages
        if spec.name in query and spec.name not in values:
            links.warn_ignored(spec.name, query[spec.name])
    if "method" in values:
        method_form.put(values["method"], values.get("params", {}))
    specs = [spec for spec in _written() if spec.name in values or ("method" in values and spec.name != "segment")]
    fields.put(specs, values, keys.OPTION)
    if "budget" in values:
        choose_budget(values["budget"])


def choose_budget(budget: Budget) -> None:
    """Put the slider on a budget."""
    state.put(keys.UNIT, budget.unit)
    state.put(f"{keys.BUDGET}_{budget.unit}", replace(budget, epochs=EPOCHS, tokens_per_second=TOKENS_PER_SECOND).text)
    if budget.unit == "time":
        state.put(keys.EPOCHS, budget.epochs)
        state.put(keys.SPEED, budget.tokens_per_second)


def _written() -> list[ParameterSpec]:
    """The options whose widget and address hold the same value: all but those with a form of their own."""
    apart = {"budget", "params", state.THRESHOLD, *MARKS}
    return [spec for spec in describe(SelectionSpec) if spec.name not in apart]


def controls(view: View) -> tuple[Request | None, Method]:
    """Draw the method, its parameters, the counting options and the rules; returns the request that they make."""
    assert view.samples is not None and view.activations is not None  # the page requires both
    method = method_form.choose()
    with st.expander("Parameters", key="parameters"):
        params = method_form.parameters(view, method)
    with st.expander("Counting options", key="what_counts"):
        counting = [spec for spec in _written() if spec.flag and not spec.group]
        options = {spec.name: fields.field(spec, keys.OPTION[spec.name]) for spec in counting}
    with st.expander("Rules", key="rules"):
        rules = rules_form.draw(view)
    if rules is None:
        return None, method
    written, resolved = rules
    if summary := rules_form.summary(resolved):
        st.caption(f"Rules: {display.md(summary, 200)}")
    value = threshold.current(view)
    options["threshold"] = None if math.isclose(value, view.threshold, rel_tol=1e-6) else value
    try:
        spec = SelectionSpec(method.slug, Budget.everything(), params=params, rules=written, **options)
    except ExplorerError as error:
        st.error(display.md(error, 300), icon=":material/error:")
        return None, method
    request = Request(
        workspace=str(view.store.path.resolve()),
        samples=view.samples.id,
        activations=view.activations.id,
        spec=replace(spec, rules=resolved),
        written=spec,
    )
    return request, method


@st.fragment
def result(view: View, request: Request | None, method: Method) -> tuple[Chosen | None, Task | None]:
    """Draw the budget slider and the coverage curve, or the progress of the ranking.

    Moving the slider redraws only this part, so that the plot follows at once, and then requests a run of the whole
    page.
    """
    costs = _costs(view)
    budget = _slider(view, costs)
    outcome = _outcome(view, request, method, costs, budget)
    drawn = state.get(keys.DRAWN)
    state.put(keys.DRAWN, budget.text)
    if drawn is not None and drawn != budget.text:
        time.sleep(_SENT)
        st.rerun()
    return outcome


def _outcome(
    view: View, request: Request | None, method: Method, costs: Costs, budget: Budget
) -> tuple[Chosen | None, Task | None]:
    if request is None:
        st.info("The options do not fit this data: see the message on the left.", icon=":material/rule:")
        return None, None
    _write_address(replace(request.written, budget=budget))
    if not method.nested:
        request = request.at(budget)
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
            state.put(keys.REQUEST, request.at(Budget.everything()))
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
    ranked = outcome.ranked
    chosen = budgets.chosen(budget, ranked.ranking.positions, ranked.pool.response_tokens, costs)
    if budget.unit == "rows" and budget.amount > chosen.rows:
        st.caption(f"The budget is {budget.amount:,.0f} rows; only {chosen.rows:,} can be selected.")
    _coverage(method, outcome, chosen)
    _suggested(view, outcome, chosen, costs)
    return chosen, task


def _only_budget(request: Request) -> bool:
    """Whether the last request differs only in its budget."""
    last = state.get(keys.REQUEST)
    everything = Budget.everything()
    return request.spec.budget != everything and last == request.at(everything)


def _costs(view: View) -> Costs:
    epochs, speed = state.get(keys.EPOCHS) or EPOCHS, state.get(keys.SPEED) or TOKENS_PER_SECOND
    return Costs(cache.training_tokens(view), float(epochs), float(speed))


def _slider(view: View, costs: Costs) -> Budget:
    summary = cache.summary(view)
    left, right = st.columns([4, 5], vertical_alignment="bottom")
    unit: Any = left.segmented_control(
        "Budget in",
        budgets.UNITS,
        default="share",
        format_func=budgets.UNITS.__getitem__,
        required=True,
        key=keys.UNIT,
        persist_state="session",
    )
    offered = budgets.steps(unit, view.rows, int(summary["response_tokens"] or 0), costs.seconds())
    key = f"{keys.BUDGET}_{unit}"
    current = state.get(key)
    if current is not None and current not in offered:
        offered = sorted((*offered, current), key=lambda text: Budget.parse(text).amount)
    text = right.select_slider(
        "Budget",
        offered,
        value=budgets.start(offered),
        format_func=budgets.label,
        key=key,
        persist_state="session",
    )
    if unit == "time":
        left, middle, right = st.columns([2, 2, 5], vertical_alignment="bottom")
        left.number_input("Epochs", min_value=0.1, value=EPOCHS, step=1.0, key=keys.EPOCHS, persist_state="session")
        middle.number_input(
            "Tokens per second",
            min_value=1.0,
            value=TOKENS_PER_SECOND,
            step=1_000.0,
            format="%.0f",
            key=keys.SPEED,
            persist_state="session",
            help="Training speed on your machine.",
        )
        right.caption(
            "Time = tokens of prompt and response × epochs / tokens per second, in tokens of the extraction's model."
        )
        costs = _costs(view)  # with the epochs and the speed that were just drawn
    return costs.budget(text)


def _write_address(spec: SelectionSpec) -> None:
    """Write the state of the page to its address."""
    written = spec.query()
    if dict(st.query_params) != written:
        st.query_params.from_dict(written)
    state.put(keys.ADDRESS, written)


def _note(method: Method, task: Task | None) -> None:
    if task is not None and task.outcome is not None:
        ranked = task.outcome.ranked
        created = f"; also created: {', '.join(ranked.created)}" if ranked.created else ""
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
    nested = outcome.ranked.method.nested  # other methods rank anew for every budget
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
                args=(Budget(suggestion.rows, "rows"),),
            )
    positions = outcome.ranked.ranking.positions[: chosen.rows]
    if len(positions):
        st.caption(
            f"{missing_features.first(view, outcome.ranked.pool.features, positions)} Training on this selection takes "
            f"about {display.seconds(costs.seconds(positions))} at {costs.epochs:g} epochs and "
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
    text = f"**{display.noun(chosen.rows, 'row')}** chosen by {method.title} ({chosen.budget.text}{tokens})"
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
