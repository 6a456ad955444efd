"""Selections that are kept: named, listed, downloaded in every export format, thrown into the bin."""

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.errors import ExplorerError
from explorer.ui import cache, downloads, state, words
from explorer.ui.budget import Chosen
from explorer.ui.components.page import section
from explorer.ui.context import View
from explorer.ui.ranking import Request, Task
from explorer.workspace import Artifact


def keep(view: View, request: Request, task: Task | None, chosen: Chosen | None) -> None:
    """Draw the row that keeps the selection on show, under a name."""
    if task is None or task.outcome is None or chosen is None:
        return
    with st.container(border=True):
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        suggestion = f"{request.method}, {chosen.text}"
        left.text_input(
            "Keep this selection as",
            key=state.SELECT_NAME,
            placeholder=suggestion,
            max_chars=80,
            help="Kept in the workspace with everything that is needed to make it again.",
        )
        right.button(
            "Keep",
            type="primary",
            icon=":material/bookmark_add:",
            width="stretch",
            on_click=_keep,
            args=(view, request, chosen, suggestion),
        )


def _keep(view: View, request: Request, chosen: Chosen, suggestion: str) -> None:
    import json

    from explorer.pipeline.select import select

    try:
        made = select(
            view.store,
            request.method,
            budget=chosen.text,
            threshold=request.threshold,
            segment=request.segment,
            seed=request.seed,
            name=(state.get(state.SELECT_NAME) or "").strip() or suggestion,
            params=json.loads(request.params),
        )
    except ExplorerError as error:
        st.toast(words.md(error, 400), icon=":material/error:")
        return
    state.put(state.EXPORT_RUN, made.artifact.split("/")[-1])
    state.put(state.SELECT_NAME, "")
    said = "was kept already" if made.existed else "is kept"
    st.toast(f"{words.md(made.name or suggestion)} {said}: {words.noun(made.rows, 'row')}.", icon=":material/bookmark:")


def draw(view: View) -> None:
    """Draw the list of kept selections and the download of one of them."""
    section("Kept selections")
    if not view.selections:
        st.caption("None yet. Keep the one above, then download it for your trainer.")
        return
    runs = list(reversed(view.selections))
    st.dataframe(
        [_row(run) for run in runs],
        hide_index=True,
        height="content" if len(runs) <= 8 else 320,
        column_config={
            "coverage": st.column_config.NumberColumn("coverage", format="percent", width=90),
            "rows": st.column_config.NumberColumn("rows", format="localized", width=80),
            "name": st.column_config.TextColumn("name", width="large"),
        },
        alt="Kept selections, newest first",
    )
    _download(view, runs)


def _row(run: Artifact) -> dict[str, Any]:
    parameters, info = run.manifest.parameters, run.manifest.info
    return {
        "name": words.run_name(run.manifest),
        "method": parameters.get("method", ""),
        "budget": str(parameters.get("budget", "")),
        "rows": sum(run.manifest.rows.values()),
        "coverage": info.get("coverage"),
        "threshold": parameters.get("threshold"),
        "seed": parameters.get("seed"),
        "took": words.seconds(float(info.get("seconds") or 0)),
        "made (UTC)": words.when(run.manifest.created),
    }


def _download(view: View, runs: list[Artifact]) -> None:
    from explorer.exports.formats import EXPORTS

    by_id = {run.id: run for run in runs}
    if state.get(state.EXPORT_RUN) not in by_id:
        state.put(state.EXPORT_RUN, runs[0].id)
    with st.container(border=True):
        one, two, three = st.columns([3, 2, 3], vertical_alignment="bottom")
        chosen = one.selectbox(
            "Selection", list(by_id), format_func=lambda key: words.run_name(by_id[key].manifest), key=state.EXPORT_RUN
        )
        titles = {**{how.slug: how.title for how in EXPORTS}, "bundle": "Bundle for a trainer (zip)"}
        export_format = two.selectbox(
            "Format",
            list(titles),
            format_func=lambda slug: titles[slug],
            key=state.EXPORT_FORMAT,
            persist_state="session",
        )
        takes = export_format == "bundle" or EXPORTS[export_format].takes_extras
        extras = three.multiselect(
            "Extra columns",
            ["rank", "gain", "cluster", "score"],
            key=state.EXPORT_EXTRAS,
            disabled=not takes,
            placeholder="none: the rows as they came in" if takes else "this format has no place for them",
        )
        run = by_id[chosen]
        stem = (
            "".join(c if c.isalnum() or c in "-_" else "-" for c in words.run_name(run.manifest)).strip("-") or run.id
        )
        wanted = tuple(extras) if takes else ()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                f"Download {words.noun(sum(run.manifest.rows.values()), 'row')}",
                data=lambda: cache.exported(str(view.store.path), chosen, export_format, wanted),
                file_name=downloads.download_name(stem, export_format),
                icon=":material/download:",
                type="primary",
                on_click="ignore",
                key="download",
            )
            with st.popover(
                "Look at the first rows",
                type="tertiary",
                icon=":material/visibility:",
                on_change="rerun",
                key="preview",
            ) as shown:
                if shown.open:
                    _preview(view, run, export_format, wanted)
            with st.popover("Delete", type="tertiary", icon=":material/delete:"):
                st.caption("It goes to the bin of the workspace (.bin) and can be moved back by hand.")
                st.button("Move to the bin", key="bin", on_click=_discard, args=(view, run))


def _preview(view: View, run: Artifact, export_format: str, extras: tuple[str, ...]) -> None:
    from explorer.exports.write import preview

    if export_format == "bundle":
        st.caption("Data, row numbers, dataset_info.json entry, dataset card and recipe in one folder.")
        return
    try:
        text = preview(view.store, run, format=export_format, extras=extras)
    except ExplorerError as error:
        st.error(words.md(error, 400), icon=":material/error:")
        return
    st.code(text[:4_000], language=None, wrap_lines=True)


def _discard(view: View, run: Artifact) -> None:
    view.store.discard(run)
    state.forget(state.EXPORT_RUN, state.MAP_RUN)
    st.toast(f"{words.md(words.run_name(run.manifest))} is in the bin.", icon=":material/delete:")
