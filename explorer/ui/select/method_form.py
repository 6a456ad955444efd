"""The choice of a method by goal, and the form of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from explorer.registry import ParameterSpec, describe
from explorer.ui import display
from explorer.ui.context import View
from explorer.ui.select import keys
from explorer.ui.widgets import fields

if TYPE_CHECKING:
    from explorer.selection.method import Method


def choose() -> Method:
    """Draw the methods by their goals; returns the chosen one."""
    from explorer.selection.methods import METHODS

    slugs = METHODS.slugs
    with st.container(height=400, border=False):
        chosen = st.radio(
            "What should the rows do for you?",
            slugs,
            format_func=lambda slug: METHODS[slug].goal,
            captions=[METHODS[slug].title for slug in slugs],
            key=keys.OPTION["method"],
            persist_state="session",
        )
    return METHODS[chosen]


def put(slug: str, params: Mapping[str, Any]) -> None:
    """Set the widgets of a method's parameters, as a shared address or a saved selection has them."""
    from explorer.selection.methods import METHODS

    specs = [spec for spec in describe(METHODS[slug].Params) if spec.name != "runs"]
    fields.put(specs, params, {spec.name: _key(slug, spec) for spec in specs})


def parameters(view: View, method: Method) -> dict[str, Any]:
    """Draw widgets for the parameters of `method`; returns their values."""
    specs = describe(method.Params)
    if not specs:
        st.caption("This method has no parameters.")
    values = {}
    for spec in specs:
        key = _key(method.slug, spec)
        values[spec.name] = _runs(view, spec, key) if spec.name == "runs" else fields.field(spec, key)
    return {name: value for name, value in values.items() if value is not None}


def _key(slug: str, spec: ParameterSpec) -> str:
    return f"param_{slug}_{spec.name}"


def _runs(view: View, spec: ParameterSpec, key: str) -> tuple[str, ...]:
    """Draw the choice of saved selections; returns their ids."""
    ids = {display.run_name(run): run.id for run in view.selections}
    names = st.multiselect(spec.label, list(ids), help=spec.doc or None, key=key, persist_state="session")
    return tuple(ids[name] for name in names)
