"""Selections that are kept: named, listed, opened again, renamed, thrown into the bin and brought back."""

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.errors import ExplorerError
from explorer.selection import Rules
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.select import address, keys, rules_form
from explorer.ui.select.budget import Chosen
from explorer.ui.select.ranking import Task
from explorer.ui.widgets.page import section
from explorer.workspace import Artifact


def keep(view: View, task: Task, chosen: Chosen) -> None:
    """Draw the row that keeps the selection on show, under a name."""
    suggestion = f"{task.request.method}, {chosen.text}"
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        left.text_input(
            "Keep this selection as",
            key=keys.NAME,
            placeholder=suggestion,
            max_chars=80,
            help="Kept in the workspace with everything that is needed to make it again; then it can be exported.",
        )
        right.button(
            "Keep",
            type="primary",
            icon=":material/bookmark_add:",
            width="stretch",
            on_click=_keep,
            args=(view, task, chosen, suggestion),
        )


def _keep(view: View, task: Task, chosen: Chosen, suggestion: str) -> None:
    from explorer.pipeline.select import keep as store

    assert task.outcome is not None
    name = (state.get(keys.NAME) or "").strip() or suggestion
    try:
        made = store(view.store, task.outcome.ranked, budget=chosen.text, name=name)
    except ExplorerError as error:
        st.toast(display.md(error, 400), icon=":material/error:")
        return
    state.put(keys.SAVED_RUN, made.artifact.split("/")[-1])
    state.put(keys.NAME, "")
    said = "was kept already" if made.existed else "is kept"
    st.toast(f"{display.md(made.name or name)} {said}: {display.noun(made.rows, 'row')}.", icon=":material/bookmark:")


def draw(view: View) -> Artifact | None:
    """Draw the list of kept selections; returns the one that is chosen."""
    section("Kept selections")
    if not view.selections:
        st.caption("None yet. Keep the one above, then export it for your trainer.")
        _bin(view)
        return None
    runs = list(reversed(view.selections))
    ids = [run.id for run in runs]
    event = st.dataframe(
        [_row(run) for run in runs],
        hide_index=True,
        height="content" if len(runs) <= 8 else 320,
        key=f"kept_{len(runs)}_{ids[0]}",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "name": st.column_config.TextColumn(width=190),
            "method": st.column_config.TextColumn(width=130),
            "budget": st.column_config.TextColumn(width=70),
            "rows": st.column_config.NumberColumn(format="localized", width=60),
            "coverage": st.column_config.NumberColumn(format="percent", width=80),
            "rules": st.column_config.TextColumn(width=190),
            "settings": st.column_config.TextColumn(width=190),
            "took": st.column_config.TextColumn(width=60),
            "made (UTC)": st.column_config.TextColumn(width=130),
        },
        alt="Kept selections, newest first",
    )
    if event.selection.rows:
        state.put(keys.SAVED_RUN, ids[int(event.selection.rows[0])])
    chosen = state.get(keys.SAVED_RUN)
    run = runs[ids.index(chosen)] if chosen in ids else runs[0]
    _actions(view, run)
    return run


def _row(run: Artifact) -> dict[str, Any]:
    parameters, info = run.manifest.parameters, run.manifest.info
    return {
        "name": display.run_name(run.manifest),
        "method": parameters.get("method", ""),
        "budget": str(parameters.get("budget", "")),
        "rows": sum(run.manifest.rows.values()),
        "coverage": info.get("coverage"),
        "rules": rules_form.said(Rules.read(parameters.get("rules", {}))),
        "settings": _settings(run),
        "took": display.seconds(float(info.get("seconds") or 0)),
        "made (UTC)": display.when(run.manifest.created),
    }


def _settings(run: Artifact) -> str:
    """Parameters that are set, threshold and seed."""
    about = run.manifest.parameters
    options = {key: value for key, value in about.get("params", {}).items() if value not in ("", [], None)}
    options |= {key: about[key] for key in ("threshold", "seed") if about.get(key) is not None}
    return display.clean(", ".join(f"{key} {value}" for key, value in options.items()), 200)


def _actions(view: View, run: Artifact) -> None:
    name = display.run_name(run.manifest)
    rules = rules_form.said(Rules.read(run.manifest.parameters.get("rules", {})))
    st.caption(display.md("; ".join(part for part in (_settings(run), rules) if part), 400))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{display.md(name, 60)}**", width="content")
        st.button(
            "Open in the studio",
            icon=":material/replay:",
            on_click=_again,
            args=(run,),
            help="Sets method, parameters, threshold, seed, budget and rules as they were; Run ranks again, with the "
            "pins and bans of now.",
        )
        if view.projection is not None:
            st.page_link(links.MAP, label="On the map", icon=":material/scatter_plot:", query_params=links.map_of(name))
        with st.popover("Rename", icon=":material/edit:"):
            st.text_input("New name", value=name, max_chars=80, key=f"{keys.SAVED_NAME}_{run.id}")
            st.button("Rename", type="primary", on_click=_rename, args=(view, run), key="rename")
        st.button("Move to the bin", icon=":material/delete:", key="bin", on_click=_discard, args=(view, run))
        _bin(view)


def _again(run: Artifact) -> None:
    st.query_params.from_dict(address.of_run(run))
    state.put(keys.ADDRESS, None)


def _rename(view: View, run: Artifact) -> None:
    try:
        view.store.rename(run, state.get(f"{keys.SAVED_NAME}_{run.id}") or "")
    except ExplorerError as error:
        st.toast(display.md(error, 300), icon=":material/error:")


def _discard(view: View, run: Artifact) -> None:
    view.store.discard(run)
    state.forget(keys.SAVED_RUN)
    st.toast(f"{display.md(display.run_name(run.manifest))} is in the bin.", icon=":material/delete:")


def _bin(view: View) -> None:
    assert view.samples is not None
    gone = [run for run in view.store.binned("selections") if run.manifest.inputs.get("samples") == view.samples.id]
    if not gone:
        return
    with st.popover(f"Bin ({len(gone)})", icon=":material/restore_from_trash:", type="tertiary"):
        for run in gone[:12]:
            st.button(
                f"Restore {display.run_name(run.manifest)}",
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
