"""Form fields made from the parameters of a data class: one widget each, by its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from explorer.registry import ParameterSpec, describe, to_text
from explorer.ui import state

_BESIDE = 3  # choices, at most, that are shown side by side


def named(cls: type, *names: str) -> list[ParameterSpec]:
    """The parameters of `cls` that have these names, in this order."""
    specs = {spec.name: spec for spec in describe(cls)}
    return [specs[name] for name in names]


def field(spec: ParameterSpec, key: str, place: DeltaGenerator | None = None, **more: Any) -> Any:
    """Draw the widget of one parameter in `place`; returns its value. `more` goes to the widget as it is."""
    draw: Any = place or st
    common: dict[str, Any] = {"help": spec.doc or None, "key": key, "persist_state": "session", **more}
    if spec.kind == "bool":
        return draw.toggle(spec.label, value=bool(spec.default), **common)
    if spec.choices and len(spec.choices) <= _BESIDE:
        return draw.segmented_control(spec.label, spec.choices, default=spec.default, required=True, **common)
    if spec.choices:
        index = spec.choices.index(spec.default) if spec.default in spec.choices else None
        return draw.selectbox(spec.label, spec.choices, index=index, **common)
    if spec.kind in ("int", "float"):
        number = int if spec.kind == "int" else float
        return draw.number_input(
            spec.label,
            min_value=None if spec.minimum is None else number(spec.minimum),
            max_value=None if spec.maximum is None else number(spec.maximum),
            value=None if spec.default is None else number(spec.default),
            placeholder="automatic" if spec.optional else None,
            **common,
        )
    hint = {"ints": "numbers, like 3,7,10-20", "strs": "names, separated by commas"}.get(spec.kind)
    return draw.text_input(spec.label, value=to_text(spec.default or ""), placeholder=hint, **common)


def put(specs: Sequence[ParameterSpec], values: Mapping[str, Any], keys: Mapping[str, str]) -> None:
    """Set the widgets of `specs` to `values`, by their `keys`; those without a value start from their default again."""
    for spec in specs:
        if values.get(spec.name, spec.default) == spec.default:
            state.forget(keys[spec.name])
        else:
            value = values[spec.name]
            state.put(keys[spec.name], to_text(value) if spec.kind in ("ints", "strs") else value)
