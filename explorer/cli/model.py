"""Verbs that run the language model: train-sae, extract."""

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
)
from explorer.cli.output import emit, open_store, progress_printer


def register(app: typer.Typer) -> None:
    """Add this module's verbs to `app`."""
    app.command("train-sae")(train_sae)
    app.command()(extract)


def train_sae(
    workspace: WorkspaceOption,
    out: Annotated[str, typer.Option(help="The new folder for the SAE.")],
    model: ModelOption = "default",
    layer: Annotated[int, typer.Option(help="Train on the residual stream after this layer.")] = 20,
    width: Annotated[int, typer.Option(help="Number of features.")] = 4096,
    k: Annotated[int, typer.Option(help="Active features per token.")] = 32,
    tokens: Annotated[int, typer.Option(help="Tokens to train on.")] = 5_000_000,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "auto",
    seed: SeedOption = 0,
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Train a TopK SAE on the workspace's samples and report its figures on held-out tokens."""
    from explorer.pipeline.train_sae import train_sae as run

    result = run(
        open_store(workspace),
        out=out,
        model=model,
        layer=layer,
        width=width,
        k=k,
        tokens=tokens,
        device=device,
        dtype=dtype,
        seed=seed,
        progress=progress_printer(progress),
    )
    emit(result, as_json=json)


def extract(
    workspace: WorkspaceOption,
    model: ModelOption = "default",
    sae: Annotated[str, typer.Option(help="default, a folder in sae-lens format, or release/sae_id.")] = "default",
    layer: Annotated[int | None, typer.Option(help="Only where the SAE does not say which layer it reads.")] = None,
    max_tokens: Annotated[int, typer.Option(help="Cut longer samples here.")] = 1024,
    batch_tokens: Annotated[int | None, typer.Option(help="Padded tokens per batch; by default what fits.")] = None,
    device: DeviceOption = "auto",
    dtype: DtypeOption = "auto",
    engine: Annotated[str, typer.Option(help="Where the work runs: local.")] = "local",
    json: JsonOption = False,
    progress: ProgressOption = "auto",
) -> None:
    """Run the model and the SAE over every sample. Killed and started again, it goes on where it was."""
    from explorer.pipeline.extract import extract as run

    result = run(
        open_store(workspace),
        model=model,
        sae=sae,
        layer=layer,
        max_tokens=max_tokens,
        batch_tokens=batch_tokens,
        device=device,
        dtype=dtype,
        engine=engine,
        progress=progress_printer(progress),
    )
    emit(result, as_json=json)
