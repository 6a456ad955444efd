"""Iterative refinement: weights per cluster over the iterations, what moved them, and the subset that came of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from explorer.figures import refine as figures
from explorer.ui import cache, display, jobs, links, state
from explorer.ui.context import View
from explorer.ui.map import reads as map_reads
from explorer.ui.refine import reads as refine_reads
from explorer.ui.refine.reads import Refinement
from explorer.ui.widgets import jobs_panel
from explorer.ui.widgets.page import choose, header, plot, section
from explorer.workspace import Artifact

TITLE = "Which topics can the model still learn from?"
FELL = 0.5  # a cluster below this multiple of its starting weight counts as fallen
_EXAMPLES = 4


def draw(view: View) -> None:
    """Draw the page."""
    known = refine_reads.stored(view, "refinements")
    if not known:
        header(TITLE, "No refinement yet: cluster weights that follow how much better the data answers than the model.")
        jobs_panel.draw(view)
        _begin(view, open_at_once=True)
        return
    top = st.container()
    chosen = choose(known, "Refinement", key=state.REFINE_CHOSEN, called=_called)
    found = refine_reads.refinement(view, chosen)
    with top:
        header(TITLE, answer(found, chosen))
    jobs_panel.draw(view)
    left, right = st.columns([5, 4], gap="large")
    with left:
        section("Weight of each cluster", "Blue lost weight, orange gained; the scale is in doublings of the start.")
        plot(
            figures.weights(found.names, found.weights),
            key="refine_weights",
            alt="Weight of each cluster after each iteration, as a multiple of its start",
        )
    with right:
        section("Who shares the budget")
        plot(figures.ribbon(found.names, found.weights), key="refine_ribbon", alt="Shares of the weight by iteration")
        section(
            "Rewards",
            "exp(value of the data's answer - value of the model's own); above the dotted line the data is better.",
        )
        plot(figures.rewards(_rewards(found)), key="refine_rewards", alt="Rewards of each iteration's rows")
    _fallen(found)
    _map(view, found)
    _against_static(view, chosen)
    _begin(view, open_at_once=False)


def answer(found: Refinement, chosen: Artifact) -> str:
    """How far the weights moved, which cluster lost and which gained most, in one sentence."""
    change = found.weights[-1] / np.maximum(found.weights[0], 1e-12)
    low, high = int(np.argmin(change)), int(np.argmax(change))
    rounds = display.noun(len(found.weights) - 1, "iteration")
    failed = sum(chosen.manifest.dropped.values())
    count = "counts" if failed == 1 else "count"
    missed = f" {display.noun(failed, 'reward')} could not be made and {count} for nothing." if failed else ""
    lost, won = display.md(found.names[low], 40), display.md(found.names[high], 40)
    return (
        f"After {rounds} and {display.noun(chosen.manifest.info['rows'], 'row')}, **{lost}** has {change[low]:.2g} "
        f"times its starting weight and **{won}** {change[high]:.2g} times; {int((change < FELL).sum())} of "
        f"{len(change)} clusters lost more than half.{missed}"
    )


def _called(artifact: Artifact) -> str:
    how = artifact.manifest.parameters
    named = display.clean(artifact.manifest.name, 40) or display.when(artifact.manifest.created)
    return f"{named}: {how['budget']}, {display.noun(how['iterations'], 'iteration')}, {how['scorer']}"


def _rewards(found: Refinement) -> list[np.ndarray]:
    iteration, reward = found.batches["iteration"].to_numpy(), found.batches["reward"].to_numpy()
    good = np.isfinite(reward)
    return [reward[good & (iteration == number)] for number in range(1, len(found.weights))]


def _fallen(found: Refinement) -> None:
    """The clusters that lost most, and why: rows with the data's answer beside the model's own."""
    section("What fell out, and why", "The rows with the lowest rewards of the cluster that you choose.")
    change = found.weights[-1] / np.maximum(found.weights[0], 1e-12)
    drawn = np.bincount(found.batches["cluster"].to_numpy(), minlength=len(change))
    order = [int(i) for i in np.argsort(change, kind="stable") if drawn[i]]
    if not order:
        st.caption("No cluster has a row yet.")
        return
    cluster = st.selectbox(
        "Cluster",
        order,
        format_func=lambda i: (
            f"{display.clean(found.names[i], 50)}: {change[i]:.2g} times its start, {drawn[i]} rows drawn"
        ),
        key=state.REFINE_CLUSTER,
    )
    rows = found.batches.filter(found.batches["cluster"].to_numpy() == cluster).to_pandas()
    scored = rows[rows["reward"].notna()].sort_values("reward")
    if scored.empty:
        st.caption("No reward could be made in this cluster.")
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(
            {
                "reward": scored["reward"],
                "prompt": [display.clean(text, 200) for text in scored["prompt"]],
                "response": [display.clean(text, 400) for text in scored["response"]],
                "answer": [display.clean(text, 400) for text in scored["answer"]],
                "gold": scored["gold"],
                "generated": scored["generated"],
                "factor": scored["factor"],
            }
        ).head(_EXAMPLES * 3),
        hide_index=True,
        key="refine_fallen",
        column_config={
            "reward": number("Reward", format="%.2g", width=70),
            "prompt": st.column_config.TextColumn("Prompt", width=220),
            "response": st.column_config.TextColumn("Answer in the data", width=330),
            "answer": st.column_config.TextColumn("The model's own answer", width=330),
            "gold": number("Value, data", format="%.2f", width=80),
            "generated": number("Value, model", format="%.2f", width=80),
            "factor": number("Factor", format="%.2f", width=60),
        },
        alt="Rows of the cluster with the lowest rewards",
    )


def _map(view: View, found: Refinement) -> None:
    if view.projection is None:
        return
    section("The growing subset on the map")
    rounds = len(found.weights) - 1
    last = st.slider("After iteration", 1, rounds, rounds, key=state.REFINE_ROUND) if rounds > 1 else 1
    taken = found.batches["sample_id"].to_numpy()[found.batches["iteration"].to_numpy() <= last]
    x, y = map_reads.places(view, view.projection)
    fig = figures.growth(x, y, map_reads.words(view).to_pylist(), taken)
    plot(fig, key="refine_map", alt=f"Rows taken up to iteration {last} on the map")


def _against_static(view: View, chosen: Artifact) -> None:
    """The refined subset beside static kMQ at the same budget."""
    section("Against static kMQ", "kMQ with the starting weights at the same budget: what refinement changed.")
    budget = chosen.manifest.parameters["budget"]
    refined = next((r for r in view.selections if r.manifest.inputs.get("refinements") == chosen.id), None)
    static = [
        run
        for run in view.selections
        if run.manifest.parameters["method"] == "kmq" and run.manifest.parameters["budget"] == budget
    ]
    if refined is None:
        return
    if not static:
        step = ("select", "kmq", "-w", str(view.store.path), "--budget", budget, "--name", f"kmq {budget}")
        if st.button(f"Make kMQ at {budget}", icon=":material/play_arrow:", key="refine_static"):
            jobs.start(view.store.path, f"kMQ at {budget}", [step])
            st.rerun()
        return
    own = set(cache.picks(view, refined.id)["sample_id"].to_pylist())
    other = set(cache.picks(view, static[-1].id)["sample_id"].to_pylist())
    rows = []
    for name, run in (("refined", refined), ("static kMQ", static[-1])):
        info = run.manifest.info
        rows.append({"": name, "rows": info["rows"], "coverage": info["coverage"], "tokens": info["tokens"]})
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="refine_against",
        width="content",
        column_config={
            "rows": st.column_config.NumberColumn("Rows", format="localized"),
            "coverage": st.column_config.NumberColumn("Features covered", format="percent"),
            "tokens": st.column_config.NumberColumn("Response tokens", format="localized"),
        },
        alt="The refined selection and static kMQ",
    )
    st.markdown(
        f"They share {display.share(len(own & other) / max(1, len(own | other)))} of the rows that either took."
    )
    if st.button("What separates them?", icon=":material/difference:", key="refine_differences"):
        links.open_differences(f"run:{refined.id}", f"run:{static[-1].id}")


def _begin(view: View, *, open_at_once: bool) -> None:
    """Start a refinement as a job."""
    with (
        st.expander("Refine", expanded=open_at_once, icon=":material/play_arrow:"),
        st.form("refine"),
    ):
        st.markdown(
            "In each iteration the model is fine-tuned on what is taken so far and answers the new rows' prompts. "
            "A cluster whose answers in the data beat the model's own gains weight; one of bad answers fades out."
        )
        a, b, c = st.columns(3)
        budget = a.text_input("Budget", "5%", help="Rows (1000) or a share (5%).", key=state.REFINE_BUDGET)
        iterations = b.number_input("Iterations", 1, 20, 3, key=state.REFINE_ITERATIONS)
        seed = c.number_input("Seed", 0, 10_000, 0, key=state.REFINE_SEED)
        factor = st.checkbox(
            "Multiply rewards by the heuristic quality of the answer",
            value=True,
            help="A repetitive answer is a likely one: perplexity alone can favour it.",
            key=state.REFINE_FACTOR,
        )
        if st.form_submit_button("Refine", type="primary") and budget:
            step = ("refine", "-w", str(view.store.path), "--budget", budget, "--iterations", str(int(iterations)))
            step = (*step, "--seed", str(int(seed)), "--factor", "heuristic" if factor else "none")
            jobs.start(view.store.path, "Refining", [step])
            st.rerun()
