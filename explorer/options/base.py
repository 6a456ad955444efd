"""What the option classes of the verbs share: checks, keywords of a function, and the line for the command line."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from explorer.errors import refuse
from explorer.registry import REQUIRED, ParameterSpec, changed, describe, parse, to_text

O = TypeVar("O", bound="Options")  # noqa: E741 - a type of options
R = TypeVar("R")


class Options:
    """Base of the frozen dataclasses whose fields are the options of a verb, made with `registry.param`.

    Values are converted and checked when an instance is made, so text is as good as the value it stands for.
    """

    verb: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for spec in describe(type(self)):
            if not spec.group:
                object.__setattr__(self, spec.name, parse(spec, getattr(self, spec.name), self.verb))

    @classmethod
    def of(cls: type[O], *values: Any, **options: Any) -> O:
        """Make an instance from options by name, those of an inner class (`SelectionSpec.rules`) among them."""
        specs = {spec.name: spec for spec in describe(cls)}
        names = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
        if unknown := options.keys() - {*specs, *names}:
            refuse(f"{cls.verb} has no option {min(unknown)!r}", allowed=list(specs))
        given = {*names[: len(values)], *options}
        if missing := [spec.name for spec in specs.values() if spec.default is REQUIRED and spec.name not in given]:
            refuse(f"{cls.verb} needs the option {missing[0]}")
        inner: dict[str, dict[str, Any]] = {}
        for name in options.keys() - set(names):
            inner.setdefault(specs[name].group, {})[name] = options.pop(name)
        made = cls(*values, **options)
        groups = {name: dataclasses.replace(getattr(made, name), **fields) for name, fields in inner.items()}
        return dataclasses.replace(made, **groups)  # type: ignore[type-var]


def argv(options: Options, workspace: str) -> list[str]:
    """Return the arguments of `python -m explorer` that do what `options` say; defaults are left out."""
    arguments: list[str] = []
    words: list[str] = []
    for spec, value in changed(options):
        flag = spec.flag
        parts = [to_text((part,)) for part in value] if spec.kind == "strs" else [to_text(value)]
        if not flag:
            arguments += value if spec.kind == "strs" else parts
        elif spec.kind == "bool":
            words.append(flag if value else flag.replace("--", "--no-", 1))
        elif spec.kind == "pairs":
            words += [word for name, part in value.items() for word in (flag, f"{name}={to_text(part)}")]
        else:
            words += [word for part in parts for word in (flag, f"{spec.key}={part}" if spec.key else part)]
    return [options.verb, *arguments, "-w", workspace, *words]


def parse_pairs(texts: Iterable[str] | None, *, option: str) -> dict[str, str]:
    """Turn `key=value` texts into a dictionary."""
    pairs = {}
    for text in texts or ():
        key, sign, value = text.partition("=")
        if not sign or not key:
            refuse(f"{option} must read key=value", got=text)
        pairs[key.strip()] = value
    return pairs


def keywords(cls: type[Options]) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Let a function with a parameter of option class `cls` take the fields of the class as keywords instead.

    `extract(store, model="default")` then is `extract(store, ExtractOptions(model="default"))`; an instance is passed
    on as it is.
    """

    def decorate(function: Callable[..., R]) -> Callable[..., R]:
        parameters = list(inspect.signature(function).parameters.values())
        place = next(i for i, parameter in enumerate(parameters) if parameter.annotation in (cls, cls.__name__))
        options_name = parameters[place].name
        own = {parameter.name for parameter in parameters} - {options_name}

        @functools.wraps(function)
        def with_keywords(*args: Any, **given: Any) -> R:
            others = {name: given.pop(name) for name in list(given) if name in own}
            options = given.pop(options_name, None)
            if options is None and len(args) > place and isinstance(args[place], cls):
                options, args = args[place], args[:place]
            if options is None:
                options, args, given = cls.of(*args[place:], **given), args[:place], {}
            if given:
                refuse(f"{cls.verb} takes an object or keywords, not both", got=", ".join(given))
            return function(*args, **{options_name: options}, **others)

        fields = [_keyword(spec) for spec in describe(cls)]
        spread = sorted([*parameters[:place], *fields, *parameters[place + 1 :]], key=lambda parameter: parameter.kind)
        listed = "\n".join(f"    {spec.name}: {spec.doc}" for spec in describe(cls))
        with_keywords.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n\nOptions:\n{listed}"
        with_keywords.__signature__ = inspect.signature(function).replace(parameters=spread)  # type: ignore[attr-defined]
        return with_keywords

    return decorate


def _keyword(spec: ParameterSpec) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY if spec.flag else inspect.Parameter.POSITIONAL_OR_KEYWORD
    default = inspect.Parameter.empty if spec.default is REQUIRED else spec.default
    return inspect.Parameter(spec.name, kind, default=default)
