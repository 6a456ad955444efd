"""Export of a saved selection: preview, download, write to this machine, push to the Hub."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from explorer.errors import ExplorerError
from explorer.exports.bundle import FORMATS
from explorer.ui import display
from explorer.ui.context import View
from explorer.ui.select import downloads, keys, reads
from explorer.ui.widgets.elements import section
from explorer.workspace import Artifact

_DOWNLOAD = 64 << 20  # bytes: a download is held in memory; larger exports are written to a path
_BUNDLE = "bundle"


def draw(view: View, run: Artifact) -> None:
    """Draw the format, extra columns, preview and destinations for `run`."""
    from explorer.exports.formats import EXPORTS

    section(f"Export “{display.md(display.run_name(run), 60)}”")
    left, right = st.columns([5, 8], gap="large")
    with left:
        titles = {_BUNDLE: "Bundle for a trainer", **{how.slug: how.title for how in EXPORTS}}
        chosen = st.selectbox(
            "Format",
            [*list(titles)[1:], _BUNDLE],
            format_func=titles.__getitem__,
            key=keys.EXPORT_FORMAT,
            persist_state="session",
        )
        takes_extras = chosen == _BUNDLE or EXPORTS[chosen].takes_extras
        extras = st.multiselect(
            "Extra columns",
            ["rank", "gain", "cluster", "score"],
            key=keys.EXPORT_EXTRAS,
            persist_state="session",
            disabled=not takes_extras,
            placeholder="none: the rows as imported" if takes_extras else "not available in this format",
        )
        more = tuple(extras) if takes_extras else ()
        _destinations(view, run, chosen, more)
    with right:
        _preview(view, run, chosen, more)


def _destinations(view: View, run: Artifact, chosen: str, extras: tuple[str, ...]) -> None:
    stem = "".join(c if c.isalnum() or c in "-_" else "-" for c in display.run_name(run)).strip("-") or run.id
    name = downloads.download_name(stem, chosen)
    size = reads.export_size(view, run)
    with st.container(horizontal=True, vertical_alignment="center"):
        if size <= _DOWNLOAD:
            st.download_button(
                f"Download {display.noun(sum(run.manifest.rows.values()), 'row')}",
                data=lambda: reads.exported(view, run, chosen, extras),
                file_name=name,
                icon=":material/download:",
                type="primary",
                on_click="ignore",
                key="download",
            )
        with st.popover("Write to a path", icon=":material/save:"):
            st.caption("On the machine that runs the app; any size, with the recipe beside it.")
            path = st.text_input("Path", key=keys.EXPORT_PATH, placeholder=f"/data/{stem}")
            if st.button("Write", type="primary", key="write_export", disabled=not path):
                _write(view, run, chosen, extras, str(path))
        with st.popover("Push to the Hub", icon=":material/cloud_upload:"):
            _hub(view, run, chosen, extras)
    if size > _DOWNLOAD:
        st.info(
            f"This export has about {size / 2**20:,.0f} MiB; a browser download is limited to {_DOWNLOAD >> 20} MiB. "
            "Write it to a path instead, or use `python -m explorer export`.",
            icon=":material/info:",
        )


def _write(view: View, run: Artifact, chosen: str, extras: tuple[str, ...], path: str) -> None:
    from explorer.exports.bundle import bundle
    from explorer.pipeline.export import export

    try:
        with st.spinner("Writing …"):
            if chosen == _BUNDLE:
                target, rows = bundle(view.store, run, Path(path).expanduser(), extras=extras).path, run.manifest.rows
                written = display.noun(sum(rows.values()), "row")
            else:
                result = export(view.store, run.id, format=chosen, out=path, extras=extras)
                target, written = Path(result.path), display.noun(result.rows, "row")
    except ExplorerError as error:
        st.error(display.md(error, 400), icon=":material/error:")
        return
    st.success(f"Wrote {written} to `{display.clean(target, 200).replace('`', ' ')}`", icon=":material/check:")


def _hub(view: View, run: Artifact, chosen: str, extras: tuple[str, ...]) -> None:
    from explorer.pipeline.export import push

    st.caption("The bundle (data, row numbers, card, recipe) as a dataset repository. Run `hf auth login` first.")
    repo = st.text_input("Repository", key=keys.EXPORT_REPO, placeholder="user/name")
    private = st.toggle("Private", value=True, key=keys.EXPORT_PRIVATE)
    if st.button("Push", type="primary", key="push", disabled=not repo):
        try:
            with st.spinner("Uploading …"):
                shape = chosen if chosen in FORMATS else FORMATS[0]
                pushed = push(view.store, run.id, str(repo), format=shape, extras=extras, private=private)
        except ExplorerError as error:
            st.error(display.md(error, 400), icon=":material/error:")
            return
        st.success(
            f"Pushed {display.noun(pushed.rows, 'row')} to {display.md(pushed.url, 200)}", icon=":material/check:"
        )


def _preview(view: View, run: Artifact, chosen: str, extras: tuple[str, ...]) -> None:
    from explorer.exports.write import preview

    if chosen == _BUNDLE:
        st.caption("One folder with the data in Alpaca format and")
        st.markdown(
            "- `indices.json`: zero-based rows of the source, in pick order\n"
            "- `dataset_info.json`: the entry for LLaMA-Factory (`dataset_dir` is this folder)\n"
            "- `README.md`: the dataset card, read by `datasets.load_dataset`\n"
            "- `recipe.yaml`: makes the same selection again (`python -m explorer run recipe.yaml -w WS`)"
        )
        return
    st.caption("First rows of the export")
    try:
        text = preview(view.store, run, format=chosen, extras=extras, rows=2)
    except ExplorerError as error:
        st.error(display.md(error, 400), icon=":material/error:")
        return
    st.code(text[:1_600] + (" …" if len(text) > 1_600 else ""), language=None, wrap_lines=True, height=260)
