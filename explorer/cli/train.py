"""Verbs that fine-tune a model: evaluate, refine."""

from __future__ import annotations

from typing import Annotated

import typer

from explorer.cli.options import (
    DeviceOption,
    DtypeOption,
    JsonOption,
    ModelOption,
    ProgressOption,
    SeedOption,
    WorkspaceOption,
    parse_pairs,
)
from explorer.cli.output import aligned, emit, open_store, progress_printer

TrainOption = Annotated[
    list[str] | None,
    typer.Option(
        "--param", help="How to train, key=value: weights, rank, learning_rate, epochs, batch_rows, max_tokens."
    ),
]


def register(app: typer.Typer) -> None:
    """Add this module's verbs to `app`."""
    app.command()(refine)
    app.command()(evaluate)


def refine(
    workspace: WorkspaceOption,
    budget: Annotated[str, typer.Option(help="Rows (1000) or a share (5%).")] = "5%",
    iterations: Annotated[int, typer.Option(help="In how many parts the budget is drawn.")] = 3,
    clusters: Annotated[str, typer.Option(help="A number of clusters, or the id of clusters; default: newest.")] = "",
    scorer: Annotated[str, typer.Option(help="The reward: perplexity, reward-model or llm-judge.")] = "perplexity",
    scorer_param: Annotated[list[str] | None, typer.Option(help="An option of the reward, key=value.")] = None,
    factor: Annotated[
        str, typer.Option(help="heuristic: rewards times heuristic quality; none: the bare reward.")
    ] = "heuristic",
    model: ModelOption = "default",
    max_new_tokens: Annotated[int, typer.Option(help="The model's answers are cut here.")] = 96,
    param: TrainOption = None,
    seed: SeedOption = 0,
    name: Annotated[str, typer.Option(help="A name for the refinement and its selection.")] = "",
    device: DeviceOption = "auto",
    dtype: DtypeOption = "auto",
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Iterative kMQ: move cluster weights by what the model learns. Killed and started again, it goes on."""
    from explorer.pipeline.refine import refine as run

    result = run(
        open_store(workspace),
        budget=budget,
        iterations=iterations,
        clusters=clusters,
        scorer=scorer,
        scorer_params=parse_pairs(scorer_param, option="--scorer-param"),
        factor=factor,
        model=model,
        max_new_tokens=max_new_tokens,
        params=parse_pairs(param),
        seed=seed,
        name=name,
        device=device,
        dtype=dtype,
        progress=progress_printer(progress),
    )
    emit(result, as_json=json)


def evaluate(
    runs: Annotated[list[str], typer.Argument(help="Selections, by id or name; seeds of one method are one arm.")],
    workspace: WorkspaceOption,
    model: ModelOption = "default",
    seeds: Annotated[int, typer.Option(help="Training runs of each selection.")] = 3,
    match: Annotated[str, typer.Option(help="What is equal: rows or tokens.")] = "rows",
    held_out: Annotated[str, typer.Option(help="A share (10%) or number of the rows, or a file of others.")] = "10%",
    held_out_rows: Annotated[int, typer.Option(help="Measure on at most so many rows.")] = 400,
    baseline: Annotated[str, typer.Option(help="Compare with this method or selection.")] = "random",
    benchmarks: Annotated[str, typer.Option(help="A folder with benchmark files; needs lm-eval.")] = "",
    benchmark_items: Annotated[int, typer.Option(help="At most so many items of each benchmark.")] = 200,
    benchmark_tasks: Annotated[str, typer.Option(help="Only these of them: mmlu,ifeval …; default: all found.")] = "",
    param: TrainOption = None,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "auto",
    name: Annotated[str, typer.Option(help="A name for the evaluation.")] = "",
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Fine-tune the model on each selection and compare held-out losses. Killed and started again, it goes on."""
    from explorer.pipeline.evaluate import evaluate as run

    result = run(
        open_store(workspace),
        runs,
        model=model,
        seeds=seeds,
        match=match,
        held_out=held_out,
        held_out_rows=held_out_rows,
        baseline=baseline,
        benchmarks=benchmarks,
        benchmark_items=benchmark_items,
        benchmark_tasks=[part.strip() for part in benchmark_tasks.split(",") if part.strip()],
        params=parse_pairs(param),
        device=device,
        dtype=dtype,
        name=name,
        progress=progress_printer(progress),
    )
    emit(result, as_json=json, lines=lambda: _table(result))


def _table(result: object) -> list[str]:
    """One line an arm: loss, how much lower than the baseline's, and what training cost."""
    rows = []
    for entry in result.results:  # type: ignore[attr-defined]
        gap = "the baseline"
        if entry["improvement"] is not None:
            low, high = entry["improvement_low"], entry["improvement_high"]
            interval = f" ({low:+.1%} to {high:+.1%})" if low is not None else ""
            gap = f"{entry['improvement']:+.1%}{interval}{' *' if entry['real'] else ''}"
        rows.append([entry["label"], entry["loss"], gap, round(entry["tokens"]), round(entry["seconds"])])
    head = ["selection", "held-out loss", "against the baseline (95 %)", "training tokens", "seconds"]
    said = [result.summary, *result.failed, f"kept as {result.artifact}"]  # type: ignore[attr-defined]
    return [*aligned(head, rows), *said]
