"""Choosing a method by what one wants, and its parameters as a form made from its data class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer.registry import ParameterSpec, describe
from explorer.ui import display, state
from explorer.ui.context import View
from explorer.ui.select import keys

if TYPE_CHECKING:
    from explorer.selection import Method


def choose() -> Method:
    """Return the goal -> method table as one list; returns the method."""
    from explorer.selection import METHODS

    slugs = METHODS.slugs
    with st.container(height=400, border=False):
        chosen = st.radio(
            "What should the rows do for you?",
            slugs,
            format_func=lambda slug: METHODS[slug].goal,
            captions=[METHODS[slug].title for slug in slugs],
            key=keys.METHOD,
            persist_state="session",
        )
    return METHODS[chosen]


def put(slug: str, params: Mapping[str, Any]) -> None:
    """Set the widgets of a method's parameters, as a shared address or a kept selection has them."""
    from explorer.selection import METHODS

    for spec in describe(METHODS[slug].Params):
        key = f"param_{slug}_{spec.name}"
        if spec.name not in params or params[spec.name] == spec.default:
            state.forget(key)
        elif spec.kind in ("ints", "strs") and spec.name != "runs":
            state.put(key, ",".join(map(str, params[spec.name])))
        elif spec.name != "runs":
            state.put(key, params[spec.name])


def parameters(view: View, method: Method) -> dict[str, Any]:
    """Widgets for the parameters of `method`; returns the ones that differ from their default."""
    specs = describe(method.Params)
    if not specs:
        st.caption("This method has no parameters.")
        return {}
    values: dict[str, Any] = {}
    for spec in specs:
        value = _widget(view, spec, f"{method.slug}_{spec.name}")
        if value is not None and value != spec.default and not (value == "" and spec.default in ("", ())):
            values[spec.name] = value
    return values


def _widget(view: View, spec: ParameterSpec, key: str) -> Any:
    label = spec.name.replace("_", " ").capitalize()
    common: dict[str, Any] = {"help": spec.doc or None, "key": f"param_{key}", "persist_state": "session"}
    if spec.kind == "bool":
        return st.toggle(label, value=bool(spec.default), **common)
    if spec.choices:
        options = list(spec.choices)
        place = options.index(spec.default) if spec.default in options else None
        return st.selectbox(label, options, index=place, **common)
    if spec.name == "runs":
        names = {display.run_name(run): run.id for run in view.selections}
        chosen = st.multiselect(label, list(names), **common)
        return tuple(names[name] for name in chosen)
    if spec.kind in ("int", "float"):
        number = int if spec.kind == "int" else float
        return st.number_input(
            label,
            min_value=None if spec.minimum is None else number(spec.minimum),
            max_value=None if spec.maximum is None else number(spec.maximum),
            value=None if spec.default is None else number(spec.default),
            placeholder="automatic" if spec.optional else None,
            **common,
        )
    shown = spec.default if spec.kind == "str" else ",".join(map(str, spec.default or ()))
    hint = {"ints": "numbers, separated by commas", "strs": "names, separated by commas"}.get(spec.kind)
    return st.text_input(label, value=shown or "", placeholder=hint, **common)
