"""Options that several verbs have: one name, one meaning, one help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import typer

WorkspaceOption = Annotated[str, typer.Option("-w", "--workspace", help="The workspace folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
ProgressOption = Annotated[
    Literal["auto", "json", "plain", "none"],
    typer.Option("--progress", help="Progress on standard error: one line kept up to date, JSON lines, lines, none."),
]
ModelOption = Annotated[str, typer.Option(help="default, a Hub id, a folder, or a .gguf file.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
DtypeOption = Annotated[str, typer.Option(help="auto, bfloat16, float16 or float32.")]
SeedOption = Annotated[int, typer.Option(help="Seed of everything random.")]
ThresholdOption = Annotated[float | None, typer.Option(help="Activation above which a feature counts.")]
SegmentOption = Annotated[str, typer.Option(help="response, prompt or all.")]
EmbeddingOption = Annotated[str, typer.Option(help="Id of an embedding; the newest is taken where none is named.")]
ReportOption = Annotated[
    str,
    typer.Option(
        "--report", help="Also write plots, tables and sentences to this HTML file; it opens without a network."
    ),
]
OverwriteReportOption = Annotated[bool, typer.Option("--overwrite", help="Replace an existing report.")]
ParamOption = Annotated[
    list[str] | None, typer.Option("--param", help="A parameter of the method, key=value; may be given again.")
]


def parse_pairs(values: Sequence[str] | None, *, option: str = "--param") -> dict[str, str]:
    """Turn `key=value` options into a dictionary."""
    from explorer.errors import refuse

    pairs = {}
    for value in values or ():
        key, sign, text = value.partition("=")
        if not sign or not key:
            refuse(f"{option} must read key=value", got=value)
        pairs[key.strip()] = text
    return pairs
