"""Saved selections: save, list, open again, rename, move to the bin, restore."""

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.errors import ExplorerError
from explorer.selection.methods import METHODS
from explorer.selection.spec import Rules, SelectionSpec
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.select import keys, rules_form
from explorer.ui.select.budget import Chosen
from explorer.ui.select.ranking import Task
from explorer.ui.widgets import columns, table
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import section
from explorer.workspace import Artifact

_COLUMNS = (
    Column("name", "Name", width=190),
    columns.METHOD,
    Column("budget", "Budget", width=70),
    columns.ROWS,
    columns.COVERAGE,
    Column("rules", "Rules", width=165),
    Column("settings", "Settings", width=165),
    Column("seconds", "Time", width=60),
    Column("created", "Created (UTC)", width=125),
)


def save(view: View, task: Task, chosen: Chosen) -> None:
    """Draw the row that saves the selection on the page under a name."""
    suggestion = f"{task.request.spec.method}, {chosen.budget.text}"
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        left.text_input(
            "Save this selection as",
            key=keys.NAME,
            placeholder=suggestion,
            max_chars=80,
            help="Saved in the workspace with everything needed to make it again; then it can be exported.",
        )
        right.button(
            "Save",
            type="primary",
            icon=":material/bookmark_add:",
            width="stretch",
            key="save_selection",
            on_click=_save,
            args=(view, task, chosen, suggestion),
        )


def _save(view: View, task: Task, chosen: Chosen, suggestion: str) -> None:
    from explorer.pipeline.select import keep

    assert task.outcome is not None
    name = (state.get(keys.NAME) or "").strip() or suggestion
    try:
        saved = keep(view.store, task.outcome.ranked, budget=chosen.budget, name=name)
    except ExplorerError as error:
        st.toast(display.md(error, 400), icon=":material/error:")
        return
    state.put(keys.SAVED_RUN, saved.artifact.split("/")[-1])
    state.put(keys.NAME, "")
    outcome = "was saved already" if saved.existed else "is saved"
    rows = display.noun(saved.rows, "row")
    st.toast(f"{display.md(saved.name or name)} {outcome}: {rows}.", icon=":material/bookmark:")


def draw(view: View) -> Artifact | None:
    """Draw the list of saved selections; returns the one that is chosen."""
    section("Saved selections")
    if not view.selections:
        st.caption("None yet. Save the one above to export it for your trainer.")
        _bin(view)
        return None
    runs = list(reversed(view.selections))
    ids = [run.id for run in runs]
    clicked = table.draw(
        [_row(run) for run in runs],
        _COLUMNS,
        height="content" if len(runs) <= 8 else 320,
        key=f"saved_{len(runs)}_{ids[0]}",
        clicks="row",
        alt="Saved selections, newest first",
    )
    if clicked is not None:
        state.put(keys.SAVED_RUN, ids[clicked])
    chosen = state.get(keys.SAVED_RUN)
    run = runs[ids.index(chosen)] if chosen in ids else runs[0]
    _actions(view, run)
    return run


def _row(run: Artifact) -> dict[str, Any]:
    parameters, info = run.manifest.parameters, run.manifest.info
    return {
        "name": display.run_name(run),
        "method": parameters.get("method", ""),
        "budget": str(parameters.get("budget", "")),
        "rows": sum(run.manifest.rows.values()),
        "coverage": info.get("coverage"),
        "rules": rules_form.summary(Rules.read(parameters.get("rules", {}))),
        "settings": _settings(run),
        "seconds": display.seconds(float(info.get("seconds") or 0)),
        "created": display.when(run.manifest.created),
    }


def _settings(run: Artifact) -> str:
    """Parameters that are not empty, threshold and seed."""
    parameters = run.manifest.parameters
    options = {key: value for key, value in parameters.get("params", {}).items() if value not in ("", [], None)}
    options |= {key: parameters[key] for key in ("threshold", "seed") if parameters.get(key) is not None}
    return display.clean(", ".join(f"{key} {value}" for key, value in options.items()), 200)


def _actions(view: View, run: Artifact) -> None:
    name = display.run_name(run)
    rules = rules_form.summary(Rules.read(run.manifest.parameters.get("rules", {})))
    st.caption(display.md("; ".join(part for part in (_settings(run), rules) if part), 400))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{display.md(name, 60)}**", width="content")
        st.button(
            "Open in the studio",
            icon=":material/replay:",
            on_click=_open,
            args=(run,),
            disabled=run.manifest.parameters.get("method") not in METHODS,  # the studio does not offer refinements
            help="Sets method, parameters, threshold, seed, budget and rules as they were; Run ranks again, with "
            "today's pins and bans.",
        )
        if view.projection is not None:
            links.draw_map(run)
        with st.popover("Rename", icon=":material/edit:"):
            st.text_input("New name", value=name, max_chars=80, key=f"{keys.SAVED_NAME}_{run.id}")
            st.button("Rename", type="primary", on_click=_rename, args=(view, run), key="rename")
        st.button("Move to the bin", icon=":material/delete:", key="bin", on_click=_discard, args=(view, run))
        _bin(view)


def _open(run: Artifact) -> None:
    st.query_params.from_dict(SelectionSpec.from_manifest(run.manifest.parameters).query())
    state.put(keys.ADDRESS, None)


def _rename(view: View, run: Artifact) -> None:
    try:
        view.store.rename(run, state.get(f"{keys.SAVED_NAME}_{run.id}") or "")
    except ExplorerError as error:
        st.toast(display.md(error, 300), icon=":material/error:")


def _discard(view: View, run: Artifact) -> None:
    view.store.discard(run)
    state.forget(keys.SAVED_RUN)
    st.toast(f"{display.md(display.run_name(run))} is in the bin.", icon=":material/delete:")


def _bin(view: View) -> None:
    samples = view.require("samples").id
    binned = [run for run in view.store.binned("selections") if run.manifest.inputs.get("samples") == samples]
    if not binned:
        return
    with st.popover(f"Bin ({len(binned)})", icon=":material/restore_from_trash:", type="tertiary"):
        for run in binned[:12]:
            st.button(
                f"Restore {display.run_name(run)}",
                key=f"restore_{run.path.name}",
                on_click=_restore,
                args=(view, run),
                type="tertiary",
            )


def _restore(view: View, run: Artifact) -> None:
    try:
        view.store.restore(run)
    except ExplorerError as error:
        st.toast(display.md(error, 300), icon=":material/error:")
        return
    state.put(keys.SAVED_RUN, run.id)
