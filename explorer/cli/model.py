"""Verbs that run the language model over a dataset: train-sae, extract."""

from __future__ import annotations

from explorer.cli.options import JsonOption, ProgressOption, WorkspaceOption
from explorer.cli.output import emit, open_store, progress_printer
from explorer.options.verbs import ExtractOptions, TrainSaeOptions


def train_sae(
    workspace: WorkspaceOption, options: TrainSaeOptions, json: JsonOption = False, progress: ProgressOption = "auto"
) -> None:
    """Train a TopK SAE on the samples. It is measured on held-out tokens."""
    from explorer.pipeline.train_sae import train_sae as run

    emit(run(open_store(workspace), options, progress=progress_printer(progress)), as_json=json)


def extract(
    workspace: WorkspaceOption, options: ExtractOptions, json: JsonOption = False, progress: ProgressOption = "auto"
) -> None:
    """Run the model and the SAE over every sample. An interrupted run resumes."""
    from explorer.pipeline.extract import extract as run

    emit(run(open_store(workspace), options, progress=progress_printer(progress)), as_json=json)


VERBS = (train_sae, extract)
