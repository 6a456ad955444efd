"""Named things of one kind (methods, formats, scorers …) and their typed, documented parameters.

A thing is registered once in an explicit list; a second one of the same name and an unknown name are both refused.
A parameter set is a frozen dataclass whose fields are made with `param`; the command line (`--param key=value`) and
the app's forms are derived from it.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from explorer.errors import refuse


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
        """Return the thing called `slug`; an unknown slug is refused with the valid ones and the nearest."""
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


@dataclasses.dataclass(frozen=True)
class ParameterSpec:
    """One parameter as a form or an option sees it. `kind` is bool, int, float, str or a tuple of ints/strs."""

    name: str
    kind: str
    default: Any
    doc: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False


def param(
    default: Any,
    doc: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] = (),
) -> Any:
    """Declare a dataclass field with its documentation and allowed range (both ends included)."""
    return dataclasses.field(
        default=default,
        metadata={"doc": doc, "minimum": minimum, "maximum": maximum, "choices": tuple(choices)},
    )


_KINDS = {
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    tuple[int, ...]: "ints",
    tuple[str, ...]: "strs",
}


def describe(cls: type[Any]) -> list[ParameterSpec]:
    """List the parameters of dataclass `cls` in field order."""
    hints = typing.get_type_hints(cls)
    specs = []
    for field in dataclasses.fields(cls):
        hint, optional = _without_none(hints[field.name])
        specs.append(
            ParameterSpec(
                name=field.name,
                kind=_KINDS[hint],
                default=field.default,
                doc=field.metadata.get("doc", ""),
                minimum=field.metadata.get("minimum"),
                maximum=field.metadata.get("maximum"),
                choices=field.metadata.get("choices", ()),
                optional=optional,
            )
        )
    return specs


def build(cls: type[P], values: Mapping[str, Any], *, owner: str) -> P:
    """Make a `cls` from `values` (strings are parsed), refusing unknown names and values out of range.

    `owner` names whose parameters these are in the message, e.g. `method sae-greedselect`.
    """
    specs = {spec.name: spec for spec in describe(cls)}  # type: ignore[arg-type]
    unknown = [name for name in values if name not in specs]
    if unknown:
        refuse(f"{owner} has no parameter {unknown[0]!r}", allowed=list(specs) or "none")
    parsed = {name: _parse(specs[name], value, owner) for name, value in values.items()}
    return cls(**parsed)


def _without_none(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        return inner[0], True
    return hint, False


def _parse(spec: ParameterSpec, value: Any, owner: str) -> Any:
    where = f"{owner}: parameter {spec.name}"
    if spec.optional and (value is None or value in ("", "none")):
        return None
    try:
        parsed = _convert(spec.kind, value)
    except (TypeError, ValueError):
        refuse(f"{where} must be of type {spec.kind}", got=value)
    if spec.choices and parsed not in spec.choices:
        refuse(where, got=value, allowed=spec.choices)
    if isinstance(parsed, float) and not math.isfinite(parsed):
        refuse(f"{where} must be a finite number", got=value)
    if isinstance(parsed, (int, float)) and not isinstance(parsed, bool):
        low, high = spec.minimum, spec.maximum
        if (low is not None and parsed < low) or (high is not None and parsed > high):
            allowed = f"{'-inf' if low is None else low} to {'inf' if high is None else high}"
            refuse(f"{where} out of range", got=value, allowed=allowed)
    return parsed


def _convert(kind: str, value: Any) -> Any:
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
    parts = value.split(",") if isinstance(value, str) else list(value)
    parts = [part for part in parts if part != ""]
    return tuple(int(part) for part in parts) if kind == "ints" else tuple(str(part).strip() for part in parts)
