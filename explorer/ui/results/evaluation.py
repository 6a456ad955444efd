"""Does it train better? The stored evaluations: quality against training cost, what is real, and each source."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from explorer.figures import results as figures
from explorer.ui import display, jobs, links, state
from explorer.ui.context import View
from explorer.ui.refine import reads as refine_reads
from explorer.ui.widgets import jobs_panel
from explorer.ui.widgets.page import choose, header, plot, section
from explorer.workspace import Artifact

TITLE = "Does it train better?"


def draw(view: View) -> None:
    """Draw the page."""
    known = refine_reads.stored(view, "evaluations")
    if not known:
        header(TITLE, "Nothing was trained yet. Fine-tune the same base model on stored selections, and see.")
        jobs_panel.draw(view)
        _begin(view, open_at_once=True)
        return
    top = st.container()
    chosen = choose(known, "Evaluation", key=state.RESULTS_EVALUATION, called=_called)
    info = chosen.manifest.info
    with top:
        header(TITLE, answer(info))
    jobs_panel.draw(view)
    entries = info["results"]
    plot(
        figures.cost(entries, info["baseline"] or "the base model"),
        key="results_cost",
        alt="Improvement of the held-out loss over the baseline against training tokens, with 95 % intervals",
    )
    st.caption(
        "Bars are 95 % intervals over seeds and held-out rows. A filled mark is a difference that stands (p below "
        "0.05, corrected by Holm for the number of methods); an open one cannot be told apart from the baseline."
    )
    section("The table", "Loss is in nats a response token; its interval counts other seeds and other held-out rows.")
    _table(entries, chosen)
    section("Where it helps", "The same improvement for each source of the held-out rows; few rows say little.")
    plot(
        figures.by_source(entries, info["sources"]),
        key="results_sources",
        alt="Improvement over the baseline by source and method",
    )
    _benchmarks(entries)
    _details(view, chosen)
    _begin(view, open_at_once=False)


def answer(info: dict[str, Any]) -> str:
    """The answer for this data, made from the numbers."""
    best = info["results"][0]
    against = f"Fine-tuning lowers the held-out loss from {info['base_loss']:.3f} to {best['loss']:.3f} at best."
    return f"{display.md(info['summary'], 400)} {display.md(against)}"


def _called(artifact: Artifact) -> str:
    manifest = artifact.manifest
    methods = display.noun(len(manifest.info["results"]), "method")
    seeds = display.noun(manifest.parameters["seeds"], "seed")
    named = display.clean(manifest.name, 40) or display.when(manifest.created)
    return f"{named}: {methods}, {seeds}, equal {manifest.parameters['match']}"


def _table(entries: list[dict[str, Any]], chosen: Artifact) -> None:
    rows = []
    for entry in entries:
        low, high = entry["improvement_low"], entry["improvement_high"]
        half = None if entry["loss_high"] is None else entry["loss_high"] - entry["loss"]
        rows.append(
            {
                "method": display.clean(entry["label"], 40),
                "rows": entry["rows"],
                "tokens": round(entry["tokens"]),
                "seconds": round(entry["seconds"]),
                "loss": entry["loss"],
                "half": half,
                "gain": None if entry["improvement"] is None else 100 * entry["improvement"],
                "interval": "" if low is None else f"{100 * low:+.1f} to {100 * high:+.1f}",
                "p": entry["p_corrected"],
                "verdict": _verdict(entry),
            }
        )
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="–",
        key=f"results_table_{chosen.id}",
        column_config={
            "method": st.column_config.TextColumn("Method", width=190),
            "rows": number("Rows", format="localized"),
            "tokens": number("Training tokens", format="localized"),
            "seconds": number("Training (s)", format="localized"),
            "loss": number("Held-out loss", format="%.4f", help="Nats a response token: lower is better."),
            "half": number("±", format="%.4f", help="Half of the 95 % interval."),
            "gain": number("Against the baseline (%)", format="%+.1f"),
            "interval": st.column_config.TextColumn("95 % interval (%)"),
            "p": number("p, corrected", format="%.3f"),
            "verdict": st.column_config.TextColumn("Verdict", width=170),
        },
        alt="Methods by held-out loss",
    )


def _benchmarks(entries: list[dict[str, Any]]) -> None:
    """Accuracies on the benchmarks, where they were scored: a column each, in the form of the papers' tables."""
    from explorer.evaluate.benchmarks import BENCHMARKS

    scored = [one for one in BENCHMARKS if any(one.slug in entry["benchmarks"] for entry in entries)]
    if not scored:
        return
    section("Benchmarks", "Right answers (%) with half of the 95 % interval, over seeds and items.")
    rows = []
    for entry in entries:
        row = {"Method": display.clean(entry["label"], 40)}
        for one in scored:
            found = entry["benchmarks"].get(one.slug)
            half = "" if not found or found["high"] is None else f" ± {100 * (found['high'] - found['accuracy']):.1f}"
            row[one.title] = f"{100 * found['accuracy']:.1f}{half}" if found else "–"
        rows.append(row)
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="results_benchmarks", alt="Accuracy by benchmark and method")


def _verdict(entry: dict[str, Any]) -> str:
    if entry["improvement"] is None:
        return "the baseline"
    if not entry["real"]:
        return "not to be told apart"
    return "better" if entry["improvement"] > 0 else "worse"


def _details(view: View, chosen: Artifact) -> None:
    manifest, info = chosen.manifest, chosen.manifest.info
    with st.expander("How it was trained and measured"):
        held, how = info["held_out"], manifest.parameters["params"]
        size = (
            f"{display.count(info['rows'])} rows"
            if info["rows"]
            else f"{display.count(info['tokens'])} response tokens"
        )
        passes = display.noun(how["epochs"], "pass", "passes")
        weights = f"LoRA of rank {how['rank']}" if how["weights"] == "lora" else "every weight"
        st.markdown(
            f"{display.md(manifest.parameters['model'])}, every selection cut to {size}; {passes}, {weights}, "
            f"learning rate {how['learning_rate']:g}, {display.noun(how['batch_rows'], 'row')} a step, "
            f"at most {display.noun(how['max_tokens'], 'token')} a row; "
            f"{display.noun(manifest.parameters['seeds'], 'seed')}. Held out: {display.noun(held['rows'], 'row')} from "
            f"{display.md(held['from'])}, in no training set."
        )
        for problem in info["failed"]:
            st.warning(display.md(problem, 300))
        curves = refine_reads.training_curves(view, chosen)
        named = {entry["arm"]: (entry["label"], entry["method"]) for entry in info["results"]}
        shown = {named[arm][0]: (named[arm][1], losses) for arm, losses in curves.items() if arm in named}
        plot(figures.training(shown), key="results_training", alt="Training loss by optimiser step")


def _begin(view: View, *, open_at_once: bool) -> None:
    """Start an evaluation as a job."""
    by_id = {run.id: run for run in reversed(view.selections)}
    with st.expander("Train on selections and compare", expanded=open_at_once, icon=":material/play_arrow:"):
        if len(by_id) < 2:
            st.write("Two stored selections are needed: one of them random, as the yardstick.")
            st.page_link(links.SELECT, label="Make one on the Select page", icon=":material/arrow_forward:")
            return
        with st.form("evaluate"):
            runs = st.multiselect(
                "Selections",
                list(by_id),
                default=list(by_id),
                format_func=lambda key: display.run_name(by_id[key].manifest),
                key=state.RESULTS_RUNS,
                help="Those that differ in their seed only count as one method.",
            )
            methods = list(dict.fromkeys(str(run.manifest.parameters["method"]) for run in by_id.values()))
            left, middle, right = st.columns(3)
            at = methods.index("random") if "random" in methods else 0
            baseline = left.selectbox("Compare with", methods, index=at, key=state.RESULTS_BASELINE)
            match = middle.segmented_control("Equal", ["rows", "tokens"], default="rows", key=state.RESULTS_MATCH)
            seeds = right.number_input("Seeds", 1, 20, 3, key=state.RESULTS_SEEDS)
            if st.form_submit_button("Train and compare", type="primary") and runs:
                step = ("evaluate", *runs, "-w", str(view.store.path), "--seeds", str(int(seeds)))
                step = (*step, "--match", match or "rows", "--baseline", baseline)
                jobs.start(view.store.path, f"Training on {display.noun(len(runs), 'selection')}", [step])
                st.rerun()
        st.caption(
            "A tenth of the rows is held out of every selection. Without a GPU a training run takes a minute or more; "
            "finished runs are kept, so it can be cancelled and resumed."
        )
