"""Named things of one kind (methods, formats, scorers …) and their typed, documented parameters.

A thing is registered once in an explicit list; duplicates and unknown names raise. A parameter set is a frozen
dataclass whose fields are made with `param`; command line, forms and addresses are derived from its `describe`.
"""

from __future__ import annotations

import csv
import dataclasses
import difflib
import functools
import io
import math
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from explorer.errors import refuse
from explorer.ranges import from_ranges, to_ranges


class Named(Protocol):
    """Anything with a slug: the same name in registry, command line, workspace and app."""

    @property
    def slug(self) -> str:
        """Its name."""
        ...


class Described(Named, Protocol):
    """A named thing that the app can offer: with a title, a goal and parameters."""

    @property
    def title(self) -> str:
        """Name in the app."""
        ...

    @property
    def goal(self) -> str:
        """One line: when to use it, and what it cannot see."""
        ...

    @property
    def Params(self) -> type[Any]:
        """Frozen dataclass of parameters made with `param`."""
        ...


T = TypeVar("T", bound=Named)
P = TypeVar("P")


class Registry(Generic[T]):
    """An ordered, closed set of named things; `kind` is the noun used in messages."""

    def __init__(self, kind: str, things: Sequence[T]) -> None:
        self.kind = kind
        self._things: dict[str, T] = {}
        for thing in things:
            if thing.slug in self._things:
                raise ValueError(f"two {kind}s are called {thing.slug!r}")
            self._things[thing.slug] = thing

    def __getitem__(self, slug: str) -> T:
        """Return the thing called `slug`; an unknown slug raises an `InputError` that lists the valid ones."""
        if slug in self._things:
            return self._things[slug]
        near = difflib.get_close_matches(slug, self._things, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        refuse(f"unknown {self.kind} {slug!r}{hint}", allowed=self.slugs)

    def __iter__(self) -> Iterator[T]:
        return iter(self._things.values())

    def __contains__(self, slug: object) -> bool:
        return slug in self._things

    def __len__(self) -> int:
        return len(self._things)

    @property
    def slugs(self) -> list[str]:
        """Every name, in the order of the list."""
        return list(self._things)


REQUIRED = dataclasses.MISSING
"""The default of a parameter that must be given."""


@dataclasses.dataclass(frozen=True)
class ParameterSpec:
    """One parameter as a form, an option of the command line or an address sees it.

    Attributes:
        name: The field's name.
        kind: bool, int, float, str, ints, strs, pairs (a mapping), or parsed (a class with `parse` and `text`).
        type: The class of a parsed one.
        default: Its default; `REQUIRED` if it must be given.
        doc: Its help text.
        minimum: Smallest value, itself included.
        maximum: Largest value, itself included.
        choices: The values that are allowed; empty for any.
        optional: Whether None is allowed.
        flag: Its option on the command line; "" if it is an argument.
        key: Where several share an option, what stands before the value: `source` of `--min-per source=20`.
        label: Its name in forms.
        group: The field of the outer class that holds the class of this one; "" if it stands in the class itself.
    """

    name: str
    kind: str
    type: Any
    default: Any
    doc: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    flag: str = ""
    key: str = ""
    label: str = ""
    group: str = ""


def param(
    default: Any,
    doc: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] = (),
    flag: str | None = None,
    label: str = "",
) -> Any:
    """Declare a dataclass field with its documentation and allowed range (both ends included).

    `flag` is its option on the command line: by default the name with dashes, "" for a positional argument, and
    `--min-per source` for `--min-per source=VALUE`. `label` is its name in forms, by default the name in words.
    """
    about = {"doc": doc, "minimum": minimum, "maximum": maximum, "choices": tuple(choices)}
    return dataclasses.field(default=default, metadata=about | {"flag": flag, "label": label})


_KINDS = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    tuple[int, ...]: "ints",
    tuple[str, ...]: "strs",
    Mapping[str, Any]: "pairs",
}


@functools.cache
def describe(cls: type[Any]) -> tuple[ParameterSpec, ...]:
    """List the parameters of dataclass `cls` in field order; a field that is a dataclass stands for its own fields."""
    hints = typing.get_type_hints(cls)
    specs: list[ParameterSpec] = []
    for field in dataclasses.fields(cls):
        hint, optional = _without_none(hints[field.name])
        if dataclasses.is_dataclass(hint) and not hasattr(hint, "parse"):
            specs += [dataclasses.replace(spec, group=field.name) for spec in describe(hint)]  # type: ignore[arg-type]
            continue
        about = dict(field.metadata)
        flag, label = about.pop("flag", None), about.pop("label", "")
        flag, _, key = (f"--{field.name.replace('_', '-')}" if flag is None else flag).partition(" ")
        specs.append(
            ParameterSpec(
                name=field.name,
                kind=_KINDS.get(hint, "parsed"),
                type=hint,
                default=field.default,
                optional=optional,
                flag=flag,
                key=key,
                label=label or field.name.replace("_", " ").capitalize(),
                **{"doc": "", **about},
            )
        )
    return tuple(specs)


def build(cls: type[P], values: Mapping[str, Any], *, owner: str) -> P:
    """Make a `cls` from `values` (strings are parsed); unknown names and values out of range raise an `InputError`.

    `owner` names whose parameters these are in the message, e.g. `method sae-greedselect`.
    """
    specs = {spec.name: spec for spec in describe(cls)}  # type: ignore[arg-type]
    unknown = [name for name in values if name not in specs]
    if unknown:
        refuse(f"{owner} has no parameter {unknown[0]!r}", allowed=list(specs) or "none")
    return cls(**{name: parse(specs[name], value, owner) for name, value in values.items()})


def changed(values: Any) -> list[tuple[ParameterSpec, Any]]:
    """The parameters of a dataclass instance that differ from their defaults, with their values, in field order."""
    pairs = []
    for spec in describe(type(values)):
        value = getattr(getattr(values, spec.group) if spec.group else values, spec.name)
        if value != spec.default:
            pairs.append((spec, value))
    return pairs


def to_text(value: Any) -> str:
    """Write a value so that `parse` reads it back."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, (tuple, list)):
        return to_ranges(value) if value and all(isinstance(part, int) for part in value) else _join(value)
    return getattr(value, "text", None) or str(value)


def parse(spec: ParameterSpec, value: Any, owner: str) -> Any:
    """Convert `value` (text, or a value of the right type) to the parameter's type and check its range."""
    where = f"{owner}: {spec.name}"
    if spec.optional and (value is None or value in ("", "none")):
        return None
    try:
        parsed = _convert(spec, value)
    except (TypeError, ValueError, AttributeError):
        refuse(f"{where} must be {_TYPES[spec.kind]}", got=value)
    if spec.choices and parsed not in spec.choices:
        refuse(f"{where} must be one of {', '.join(spec.choices)}", got=value)
    if isinstance(parsed, float) and not math.isfinite(parsed):
        refuse(f"{where} must be a finite number", got=value)
    if isinstance(parsed, (int, float)) and not isinstance(parsed, bool):
        low, high = spec.minimum, spec.maximum
        if (low is not None and parsed < low) or (high is not None and parsed > high):
            refuse(f"{where} must be {_range(low, high)}", got=value)
    return parsed


_TYPES = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "ints": "a list of whole numbers",
    "strs": "a list of names",
    "pairs": "a mapping",
    "parsed": "readable",
}


def _range(low: float | None, high: float | None) -> str:
    if high is None:
        return f"at least {low}"
    return f"at most {high}" if low is None else f"{low} to {high}"


def _without_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        return inner[0], True
    return hint, False


def _convert(spec: ParameterSpec, value: Any) -> Any:
    kind = spec.kind
    if kind == "parsed":
        return spec.type.parse(value)
    if kind == "pairs":
        return dict(value)
    if kind == "bool":
        if isinstance(value, bool):
            return value
        lowered = str(value).lower()
        if lowered in ("true", "yes", "1", "on"):
            return True
        if lowered in ("false", "no", "0", "off"):
            return False
        raise ValueError(value)
    if kind == "int":
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise ValueError(value)
        return int(value)
    if kind == "float":
        return float(value)
    if kind == "str":
        return str(value)
    if kind == "ints":
        if isinstance(value, str):
            return from_ranges(value) if value.strip() else ()
        return tuple(int(number) for number in value)
    if isinstance(value, Mapping):
        return tuple(f"{key}={inner}" for key, inner in value.items())
    parts = next(csv.reader([value], skipinitialspace=True), []) if isinstance(value, str) else value
    return tuple(str(part).strip() for part in parts if part != "")


def _join(parts: Sequence[str]) -> str:
    """Join names by commas; one that holds a comma is put in quotes."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(parts)
    return line.getvalue()
