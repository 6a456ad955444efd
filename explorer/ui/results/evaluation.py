"""Saved evaluations: quality against training cost, which differences are significant, and each source."""

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.figures import results as figures
from explorer.options.base import argv
from explorer.options.verbs import EvaluateOptions
from explorer.ui import display, jobs, links, shell
from explorer.ui.context import View
from explorer.ui.results import keys, reads
from explorer.ui.shell import header
from explorer.ui.widgets import columns, fields, table
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import choose, plot, section
from explorer.workspace import Artifact

_TITLE = "Does it train better?"
_COLUMNS = (
    columns.METHOD,
    columns.ROWS,
    Column("tokens", "Training tokens", "number"),
    Column("seconds", "Training (s)", "number"),
    Column("loss", "Held-out loss", "number", "Nats per response token: lower is better.", digits=4),
    Column("half", "±", "number", "Half of the 95% interval.", digits=4),
    Column("gain", "Against the baseline (%)", "number", "Reduction of the held-out loss: higher is better.", digits=1),
    Column("interval", "95% interval (%)"),
    Column("p", "p, corrected", "number", "Holm's correction for the number of methods.", digits=3),
    Column("verdict", "Verdict", width=170),
)


def draw(view: View) -> None:
    """Draw the page."""
    evaluations = view.all("evaluations")[::-1]
    if not evaluations:
        header(_TITLE, "No training runs yet. Fine-tune the same base model on saved selections and compare.")
        shell.draw_jobs(view)
        _start(view, open_at_once=True)
        return
    top = st.container()
    chosen = choose(evaluations, "Evaluation", key=keys.EVALUATION, label_of=_label)
    info = chosen.manifest.info
    with top:
        header(_TITLE, answer(info))
    shell.draw_jobs(view)
    entries = info["results"]
    plot(
        figures.cost(entries, info["baseline"] or "the base model"),
        key="results_cost",
        alt="Improvement of the held-out loss over the baseline against training tokens, with 95% intervals",
    )
    st.caption(
        "Bars are 95% intervals over seeds and held-out rows. A filled mark is a statistically significant difference "
        "(p below 0.05 after Holm's correction for the number of methods); an open one is not significant."
    )
    section("Methods", "Loss is in nats per response token; its interval covers seeds and held-out rows.")
    table.draw(_rows(entries), _COLUMNS, key=f"results_table_{chosen.id}", alt="Methods by held-out loss")
    section("By source", "The same improvement for each source of the held-out rows; few rows give wide errors.")
    plot(
        figures.by_source(entries, info["sources"]),
        key="results_sources",
        alt="Improvement over the baseline by source and method",
    )
    _benchmarks(entries)
    _details(view, chosen)
    _start(view, open_at_once=False)


def answer(info: dict[str, Any]) -> str:
    """The answer for this data, made from the numbers."""
    best = info["results"][0]
    against = f"Fine-tuning lowers the held-out loss from {info['base_loss']:.3f} to {best['loss']:.3f} at best."
    return f"{display.md(info['summary'], 400)} {display.md(against)}"


def _label(artifact: Artifact) -> str:
    manifest = artifact.manifest
    methods = display.noun(len(manifest.info["results"]), "method")
    seeds = display.noun(manifest.parameters["seeds"], "seed")
    name = display.clean(manifest.name, 40) or display.when(manifest.created)
    return f"{name}: {methods}, {seeds}, equal {manifest.parameters['match']}"


def _rows(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for entry in entries:
        low, high, gain = entry["improvement_low"], entry["improvement_high"], entry["improvement"]
        rows.append(
            {
                "method": display.clean(entry["label"], 40),
                "rows": entry["rows"],
                "tokens": round(entry["tokens"]),
                "seconds": round(entry["seconds"]),
                "loss": entry["loss"],
                "half": None if entry["loss_high"] is None else entry["loss_high"] - entry["loss"],
                "gain": None if gain is None else 100 * gain,
                "interval": "" if low is None else f"{100 * low:+.1f} to {100 * high:+.1f}",
                "p": entry["p_corrected"],
                "verdict": _verdict(entry),
            }
        )
    return rows


def _benchmarks(entries: list[dict[str, Any]]) -> None:
    """Draw accuracies on the benchmarks that were scored, one column each, as papers print them."""
    from explorer.evaluate.benchmarks import BENCHMARKS

    scored = [benchmark for benchmark in BENCHMARKS if any(benchmark.slug in entry["benchmarks"] for entry in entries)]
    if not scored:
        return
    section("Benchmarks", "Accuracy (%) with half of the 95% interval, over seeds and items.")
    rows = []
    for entry in entries:
        row = {"method": display.clean(entry["label"], 40)}
        for benchmark in scored:
            score = entry["benchmarks"].get(benchmark.slug)
            half = "" if not score or score["high"] is None else f" ± {100 * (score['high'] - score['accuracy']):.1f}"
            row[benchmark.slug] = f"{100 * score['accuracy']:.1f}{half}" if score else "–"
        rows.append(row)
    scores = [Column(benchmark.slug, benchmark.title) for benchmark in scored]
    table.draw(rows, [columns.METHOD, *scores], key="results_benchmarks", alt="Accuracy by benchmark and method")


def _verdict(entry: dict[str, Any]) -> str:
    if entry["improvement"] is None:
        return "baseline"
    if not entry["real"]:
        return "not significant"
    return "better" if entry["improvement"] > 0 else "worse"


def _details(view: View, chosen: Artifact) -> None:
    manifest, info = chosen.manifest, chosen.manifest.info
    with st.expander("Training and evaluation details"):
        held_out, how = info["held_out"], manifest.parameters["params"]
        size = (
            f"{display.count(info['rows'])} rows"
            if info["rows"]
            else f"{display.count(info['tokens'])} response tokens"
        )
        passes = display.noun(how["epochs"], "epoch")
        weights = f"LoRA of rank {how['rank']}" if how["weights"] == "lora" else "all weights"
        st.markdown(
            f"{display.md(manifest.parameters['model'])}, every selection cut to {size}; {passes}, {weights}, "
            f"learning rate {how['learning_rate']:g}, {display.noun(how['batch_rows'], 'row')} per step, "
            f"at most {display.noun(how['max_tokens'], 'token')} per row; "
            f"{display.noun(manifest.parameters['seeds'], 'seed')}. Held out of every training set: "
            f"{display.noun(held_out['rows'], 'row')} from {display.md(held_out['from'])}."
        )
        for problem in info["failed"]:
            st.warning(display.md(problem, 300))
        curves = reads.training_curves(view, chosen)
        named = {entry["arm"]: (entry["label"], entry["method"]) for entry in info["results"]}
        shown = {named[arm][0]: (named[arm][1], losses) for arm, losses in curves.items() if arm in named}
        plot(figures.training(shown), key="results_training", alt="Training loss by optimiser step")


def _start(view: View, *, open_at_once: bool) -> None:
    """Draw the form that starts an evaluation as a job."""
    by_id = {run.id: run for run in reversed(view.selections)}
    with st.expander("Train on selections and compare", expanded=open_at_once, icon=":material/play_arrow:"):
        if len(by_id) < 2:
            st.write("Needs two saved selections; make one of them random, as the baseline.")
            links.draw(links.SELECT, "Make one on the Select page", ":material/arrow_forward:")
            return
        with st.form("evaluate"):
            runs = st.multiselect(
                "Selections",
                list(by_id),
                default=list(by_id),
                format_func=lambda key: display.run_name(by_id[key]),
                key=keys.RUNS,
                help="Selections that differ only in their seed count as one method.",
            )
            methods = list(dict.fromkeys(str(run.manifest.parameters["method"]) for run in by_id.values()))
            left, middle, right = st.columns(3)
            at = methods.index("random") if "random" in methods else 0
            baseline = left.selectbox("Compare with", methods, index=at, key=keys.BASELINE)
            match, seeds = (
                fields.field(spec, f"{keys.OPTION}_{spec.name}", place)
                for spec, place in zip(fields.named(EvaluateOptions, "match", "seeds"), (middle, right), strict=True)
            )
            if st.form_submit_button("Train and compare", type="primary") and runs:
                options = EvaluateOptions(tuple(runs), baseline=baseline, match=match, seeds=seeds)
                step = argv(options, str(view.store.path))
                jobs.start(view.store.path, f"Training on {display.noun(len(runs), 'selection')}", [step])
                st.rerun()
        st.caption(
            "A tenth of the rows is held out of every selection. Without a GPU a training run takes a minute or more; "
            "finished runs are saved, so the job can be cancelled and resumed."
        )
