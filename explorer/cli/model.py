"""Verbs that run the language model over a dataset: train-sae, extract."""

from __future__ import annotations

import typer

from explorer.cli.options import JsonOption, ProgressOption, WorkspaceOption, spread
from explorer.cli.output import emit, open_store, progress_printer
from explorer.options.verbs import ExtractOptions, TrainSaeOptions


def register(app: typer.Typer) -> None:
    """Add this module's verbs to `app`."""
    app.command("train-sae")(spread(train_sae))
    app.command()(spread(extract))


def train_sae(
    workspace: WorkspaceOption, options: TrainSaeOptions, json: JsonOption = False, progress: ProgressOption = "auto"
) -> None:
    """Train a TopK SAE on the samples and measure it on held-out tokens."""
    from explorer.pipeline.train_sae import train_sae as run

    emit(run(open_store(workspace), options, progress=progress_printer(progress)), as_json=json)


def extract(
    workspace: WorkspaceOption, options: ExtractOptions, json: JsonOption = False, progress: ProgressOption = "auto"
) -> None:
    """Run the model and the SAE over every sample. An interrupted run resumes."""
    from explorer.pipeline.extract import extract as run

    emit(run(open_store(workspace), options, progress=progress_printer(progress)), as_json=json)
