"""Typer options made from option classes, and the ones that verbs share: workspace, JSON output, progress."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import typer

from explorer.errors import refuse
from explorer.options.base import Options, parse_pairs
from explorer.registry import REQUIRED, ParameterSpec, describe, param, parse, to_text

WorkspaceOption = Annotated[str, typer.Option("-w", "--workspace", help="The workspace folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
ProgressOption = Annotated[
    Literal["auto", "json", "plain", "none"],
    typer.Option("--progress", help="Progress on standard error: one updated line, JSON lines, plain lines, or none."),
]
NameOption = Annotated[str, typer.Option(help="A name for the result.")]


@dataclasses.dataclass(frozen=True)
class ReportOptions(Options):
    """Whether a report is written, and where."""

    verb = "report"
    report: str = param("", "Also write plots, tables and a summary to this HTML file; it opens without a network.")
    overwrite: bool = param(False, "Replace an existing report.")


def spread(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of `function`: a parameter whose type is an option class becomes one option per field."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    classes: dict[str, type[Options]] = {}
    options: list[inspect.Parameter] = []
    for parameter in parameters:
        annotation = parameter.annotation
        if inspect.isclass(annotation) and issubclass(annotation, Options):
            classes[parameter.name] = annotation
            options += [_option(name, specs) for name, specs in _by_option(annotation).items()]
        else:
            options.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    def command(**values: Any) -> None:
        built = {name: cls.of(**_take(values, cls)) for name, cls in classes.items()}
        function(**values, **built)

    command.__name__, command.__doc__ = function.__name__, function.__doc__
    command.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    return command


def _by_option(cls: type[Options]) -> dict[str, list[ParameterSpec]]:
    """The fields of an option class by the parameter of the command that sets them."""
    by_option: dict[str, list[ParameterSpec]] = {}
    for spec in describe(cls):
        name = spec.flag.strip("-").replace("-", "_") if spec.key else spec.name
        by_option.setdefault(name, []).append(spec)
    return by_option


def _option(name: str, specs: Sequence[ParameterSpec]) -> inspect.Parameter:
    """One parameter of a command, as Typer reads it."""
    spec = specs[0]
    flag = spec.flag
    if not flag:
        info: Any = typer.Argument(help=spec.doc)
    elif spec.key:
        keys = " ".join(f"{spec.doc.rstrip('.')} ({spec.key}=N)." for spec in specs)
        info = typer.Option(flag, help=f"{keys} Repeatable.")
    else:
        switch = spec.kind == "bool" and spec.default is not False
        flags = f"{flag}/{flag.replace('--', '--no-', 1)}" if switch else flag
        info = typer.Option(flags, help=spec.doc, min=spec.minimum, max=spec.maximum)
    listed = bool(spec.key) or spec.kind in ("strs", "pairs")
    plain: Any = {"bool": bool, "int": int, "float": float}.get(spec.kind, str)
    type_: Any = list[str] if listed else Literal[spec.choices] if spec.choices else plain
    default = spec.default
    if default is REQUIRED:
        default = inspect.Parameter.empty
    elif listed:
        default = None
    elif default is not None and spec.kind in ("ints", "parsed"):
        default = to_text(default)
    optional = default is None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[type_ | None if optional else type_, info],
    )


def _take(values: dict[str, Any], cls: type[Options]) -> dict[str, Any]:
    """Take the options of `cls` out of the values of a command, by field."""
    taken: dict[str, Any] = {}
    for name, specs in _by_option(cls).items():
        value, spec = values.pop(name), specs[0]
        if spec.key:
            by_key = {spec.key: spec.name for spec in specs}
            pairs = parse_pairs(value, option=spec.flag)
            if unknown := pairs.keys() - by_key.keys():
                refuse(f"{spec.flag} has no {min(unknown)!r}", allowed=[f"{key}=N" for key in by_key])
            taken |= {by_key[key]: text for key, text in pairs.items()}
        elif spec.kind == "pairs":
            taken[name] = parse_pairs(value, option=spec.flag)
        elif spec.kind == "strs" and spec.flag:
            taken[name] = tuple(part for text in value or () for part in parse(spec, text, cls.verb))
        else:
            taken[name] = value
    return taken
