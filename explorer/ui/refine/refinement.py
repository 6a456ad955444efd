"""Iterative refinement: cluster weights over the iterations, the rewards behind them, and the refined subset."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from explorer.figures import refine as figures
from explorer.options.base import argv
from explorer.options.verbs import RefineOptions
from explorer.selection.spec import SelectionSpec
from explorer.ui import cache, display, jobs, links, shell
from explorer.ui.context import View
from explorer.ui.map import reads as map_reads
from explorer.ui.refine import keys
from explorer.ui.refine import reads as refine_reads
from explorer.ui.refine.reads import Refinement
from explorer.ui.shell import header
from explorer.ui.widgets import columns, fields, table
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import choose, plot, section
from explorer.workspace import Artifact

_TITLE = "Which topics can the model still learn from?"
_FADED = 0.5  # a cluster below this multiple of its starting weight has faded
_EXAMPLES = 12
_EXAMPLE_COLUMNS = (
    Column("reward", "Reward", "number", significant=2, width=70),
    Column("prompt", "Prompt", width=200),
    Column("response", "Answer in the data", width=300),
    Column("answer", "The model's own answer", width=300),
    Column("gold", "Value, data", "number", digits=2, width=80),
    Column("generated", "Value, model", "number", digits=2, width=80),
    Column("factor", "Factor", "number", digits=2, width=60),
)
_AGAINST_COLUMNS = (
    Column("selection", "Selection"),
    columns.ROWS,
    columns.COVERAGE,
    Column("tokens", "Response tokens", "number"),
)


def draw(view: View) -> None:
    """Draw the page."""
    refinements = view.all("refinements")[::-1]
    if not refinements:
        header(
            _TITLE, "No refinement yet. It moves cluster weights by how much better the data answers than the model."
        )
        shell.draw_jobs(view)
        _start(view, open_at_once=True)
        return
    top = st.container()
    chosen = choose(refinements, "Refinement", key=keys.CHOSEN, label_of=_label)
    refinement = refine_reads.refinement(view, chosen)
    with top:
        header(_TITLE, answer(refinement, chosen))
    shell.draw_jobs(view)
    left, right = st.columns([5, 4], gap="large")
    with left:
        section("Cluster weights", "Blue lost weight, orange gained; the scale is in doublings of the start.")
        plot(
            figures.weights(refinement.names, refinement.weights),
            key="refine_weights",
            alt="Weight of each cluster after each iteration, as a multiple of its start",
        )
    with right:
        section("Budget shares")
        plot(
            figures.ribbon(refinement.names, refinement.weights),
            key="refine_ribbon",
            alt="Shares of the weight by iteration",
        )
        section(
            "Rewards",
            "exp(value of the answer in the data - value of the model's own answer); above the dotted line the data's "
            "answer is better.",
        )
        plot(figures.rewards(_rewards(refinement)), key="refine_rewards", alt="Rewards of each iteration's rows")
    _lowest_rewards(refinement)
    _map(view, refinement)
    _against_static(view, chosen)
    _start(view, open_at_once=False)


def answer(refinement: Refinement, chosen: Artifact) -> str:
    """One sentence: how far the weights moved, which cluster lost and which gained most."""
    change = _change(refinement)
    low, high = int(np.argmin(change)), int(np.argmax(change))
    rounds = display.noun(len(refinement.weights) - 1, "iteration")
    failed = sum(chosen.manifest.dropped.values())
    ignored = f" Failed and ignored: {display.noun(failed, 'reward')}." if failed else ""
    lost, gained = display.md(refinement.names[low], 40), display.md(refinement.names[high], 40)
    return (
        f"After {rounds} and {display.noun(chosen.manifest.info['rows'], 'row')}, **{lost}** has {change[low]:.2g} "
        f"times its starting weight and **{gained}** {change[high]:.2g} times; {int((change < _FADED).sum())} of "
        f"{len(change)} clusters lost more than half.{ignored}"
    )


def _change(refinement: Refinement) -> np.ndarray:
    """Final weight of each cluster as a multiple of its start."""
    return refinement.weights[-1] / np.maximum(refinement.weights[0], 1e-12)


def _label(artifact: Artifact) -> str:
    how = artifact.manifest.parameters
    name = display.clean(artifact.manifest.name, 40) or display.when(artifact.manifest.created)
    return f"{name}: {how['budget']}, {display.noun(how['iterations'], 'iteration')}, {how['scorer']}"


def _rewards(refinement: Refinement) -> list[np.ndarray]:
    iteration, reward = refinement.batches["iteration"].to_numpy(), refinement.batches["reward"].to_numpy()
    scored = np.isfinite(reward)
    return [reward[scored & (iteration == number)] for number in range(1, len(refinement.weights))]


def _lowest_rewards(refinement: Refinement) -> None:
    """The clusters that lost most, with the data's answer beside the model's own."""
    section("Lowest rewards", "Rows of a cluster where the model's own answer beats the one in the data most.")
    change = _change(refinement)
    drawn = np.bincount(refinement.batches["cluster"].to_numpy(), minlength=len(change))
    order = [int(i) for i in np.argsort(change, kind="stable") if drawn[i]]
    if not order:
        st.caption("No rows drawn yet.")
        return
    cluster = st.selectbox(
        "Cluster",
        order,
        format_func=lambda i: (
            f"{display.clean(refinement.names[i], 50)}: {change[i]:.2g} times its start, {drawn[i]} rows drawn"
        ),
        key=keys.CLUSTER,
    )
    batches = refinement.batches.filter(refinement.batches["cluster"].to_numpy() == cluster)
    scored = [row for row in batches.sort_by("reward").to_pylist() if np.isfinite(row["reward"] or np.nan)]
    if not scored:
        st.caption("No reward in this cluster succeeded.")
    limits = {"prompt": 200, "response": 400, "answer": 400}
    rows = [row | {name: display.clean(row[name], most) for name, most in limits.items()} for row in scored[:_EXAMPLES]]
    table.draw(rows, _EXAMPLE_COLUMNS, key="refine_fallen", alt="Rows of the cluster with the lowest rewards")


def _map(view: View, refinement: Refinement) -> None:
    if view.projection is None:
        return
    section("Subset on the map")
    rounds = len(refinement.weights) - 1
    last = st.slider("After iteration", 1, rounds, rounds, key=keys.ROUND) if rounds > 1 else 1
    rows = refinement.batches["sample_id"].to_numpy()[refinement.batches["iteration"].to_numpy() <= last]
    x, y = map_reads.places(view, view.projection)
    fig = figures.growth(x, y, map_reads.words(view).to_pylist(), rows)
    plot(fig, key="refine_map", alt=f"Rows drawn up to iteration {last} on the map")


def _against_static(view: View, chosen: Artifact) -> None:
    """The refined subset beside static kMQ at the same budget."""
    section("Compared with static kMQ", "kMQ with the starting weights at the same budget: what refinement changed.")
    budget = chosen.manifest.parameters["budget"]
    refined = next((run for run in view.selections if run.manifest.inputs.get("refinements") == chosen.id), None)
    static = [
        run
        for run in view.selections
        if run.manifest.parameters["method"] == "kmq" and run.manifest.parameters["budget"] == budget
    ]
    if refined is None:
        return
    if not static:
        step = [*argv(SelectionSpec("kmq", budget), str(view.store.path)), "--name", f"kmq {budget}"]
        if st.button(f"Run kMQ at {budget}", icon=":material/play_arrow:", key="refine_static"):
            jobs.start(view.store.path, f"kMQ at {budget}", [step])
            st.rerun()
        return
    pair = {"refined": refined, "static kMQ": static[-1]}
    rows: list[dict[str, Any]] = [
        {"selection": name, **{key: run.manifest.info[key] for key in ("rows", "coverage", "tokens")}}
        for name, run in pair.items()
    ]
    table.draw(rows, _AGAINST_COLUMNS, key="refine_against", alt="The refined selection and static kMQ")
    own, other = (set(cache.picks(view, run)["sample_id"].to_pylist()) for run in pair.values())
    st.markdown(f"They share {display.share(len(own & other) / max(1, len(own | other)))} of the rows in either.")
    if st.button("Compare features", icon=":material/difference:", key="refine_differences"):
        links.open_differences(f"run:{refined.id}", f"run:{static[-1].id}")


def _start(view: View, *, open_at_once: bool) -> None:
    """Draw the form that starts a refinement as a job."""
    with (
        st.expander("Refine", expanded=open_at_once, icon=":material/play_arrow:"),
        st.form("refine"),
    ):
        st.markdown(
            "Each iteration fine-tunes the model on the rows drawn so far and lets it answer the prompts of the new "
            "rows. A cluster whose answers in the data beat the model's own gains weight; one of bad answers loses it."
        )
        specs = fields.named(RefineOptions, "budget", "iterations", "seed", "factor")
        places = st.columns(len(specs))
        values = {
            spec.name: fields.field(spec, f"{keys.OPTION}_{spec.name}", place)
            for spec, place in zip(specs, places, strict=True)
        }
        if st.form_submit_button("Refine", type="primary") and values["budget"]:
            step = argv(RefineOptions(**values), str(view.store.path))
            jobs.start(view.store.path, "Refining cluster weights", [step])
            st.rerun()
