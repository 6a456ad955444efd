"""Verbs that fine-tune a model: refine, evaluate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explorer.cli.options import JsonOption, NameOption, ProgressOption, WorkspaceOption
from explorer.cli.output import aligned, emit, open_store, progress_printer
from explorer.options.verbs import EvaluateOptions, RefineOptions

if TYPE_CHECKING:
    from explorer.pipeline.evaluate import EvaluateResult


def refine(
    workspace: WorkspaceOption,
    options: RefineOptions,
    name: NameOption = "",
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Refine cluster weights by what the model learns (iterative kMQ). An interrupted run resumes."""
    from explorer.pipeline.refine import refine as run

    emit(run(open_store(workspace), options, name=name, progress=progress_printer(progress)), as_json=json)


def evaluate(
    workspace: WorkspaceOption,
    options: EvaluateOptions,
    name: NameOption = "",
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Fine-tune a model on each selection and compare losses. An interrupted run resumes."""
    from explorer.pipeline.evaluate import evaluate as run

    result = run(open_store(workspace), options, name=name, progress=progress_printer(progress))
    emit(result, as_json=json, lines=lambda: _table(result))


def _table(result: EvaluateResult) -> list[str]:
    """One line per method: loss, improvement over the baseline, and the cost of training; then the summary."""
    rows = []
    for entry in result.results:
        improvement = "the baseline"
        if entry["improvement"] is not None:
            low, high = entry["improvement_low"], entry["improvement_high"]
            interval = f" ({low:+.1%} to {high:+.1%})" if low is not None else ""
            improvement = f"{entry['improvement']:+.1%}{interval}{' *' if entry['real'] else ''}"
        rows.append([entry["label"], entry["loss"], improvement, round(entry["tokens"]), round(entry["seconds"])])
    header = ["selection", "held-out loss", "improvement (95% interval)", "training tokens", "seconds"]
    return [*aligned(header, rows), result.summary, *result.failed, f"saved as {result.artifact}"]


VERBS = (refine, evaluate)
