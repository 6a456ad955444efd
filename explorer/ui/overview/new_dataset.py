"""Import a dataset: a file, a folder or a Hub id, with a preview of how it will be read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from explorer.errors import ExplorerError
from explorer.options.base import argv
from explorer.options.verbs import IngestOptions
from explorer.ui import context, display, jobs, state
from explorer.ui.overview import keys, next_step
from explorer.ui.widgets import markup, model_form
from explorer.ui.widgets.elements import section
from explorer.workspace import Store


def home() -> Path:
    """Folder of new workspaces: EXPLORER_HOME, or `sae-data-explorer` in the user's folder."""
    return Path(os.environ.get("EXPLORER_HOME") or Path.home() / "sae-data-explorer")


def draw(*, open_at_once: bool) -> None:
    """Draw the form; on the overview of a filled workspace it is folded away."""
    section("Import a dataset")
    box = st.container(border=True) if open_at_once else st.expander("From a file, a folder or a Hugging Face id")
    with box:
        _form()


def _form() -> None:
    left, right = st.columns(2, gap="large")
    uploaded = left.file_uploader(
        "Upload a file", type=["json", "jsonl", "csv", "parquet", "gz", "zst", "tsv"], key=keys.UPLOAD
    )
    right.text_input(
        "or name a file, a folder or a Hugging Face dataset id",
        key=keys.PATH,
        placeholder="/data/alpaca.json or tatsu-lab/alpaca",
    )
    named = str(state.get(keys.PATH) or "").strip()
    if uploaded is None and not named:
        st.caption("JSON, JSONL, CSV or Parquet; Alpaca, ShareGPT, OpenAI messages, or columns that you choose.")
        return
    if uploaded is not None and named:
        st.warning("The uploaded file is used, not the path: remove one of them.", icon=":material/info:")
    source = str(_saved(uploaded)) if uploaded is not None else named
    try:
        planned = _plan(source)
    except ExplorerError as error:
        text = str(error) if uploaded is None else str(error).replace(source, uploaded.name)
        st.error(display.md(text, 600), icon=":material/error:")
        return
    if planned is not None:
        _start(source, planned)


def _saved(uploaded: UploadedFile) -> Path:
    """Save the uploaded file, once and under a safe name; returns its path."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", uploaded.name).lstrip(".") or "upload.json"
    target = home() / ".uploads" / f"{uploaded.file_id}" / safe
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        with open(part, "wb") as file:
            uploaded.seek(0)
            while block := uploaded.read(1 << 22):
                file.write(block)
        os.replace(part, target)
    return target


def _plan(source: str) -> tuple[Any, str, dict[str, str]] | None:
    """Preview how `source` will be read; returns the plan, and the format and mapping that the user chose."""
    from explorer.ingest.formats import NAMES
    from explorer.ingest.plan import plan

    formats = ["auto", *(name for name in NAMES if name != "auto")]
    chosen_format = st.segmented_control("Format", formats, default="auto", required=True, key=keys.FORMAT)
    mapping: dict[str, str] = {}
    if chosen_format == "columns":
        columns = list(plan(source).files[0].detection.columns)
        cells = st.columns(3)
        for cell, role, needed in zip(cells, ("prompt", "response", "system"), (True, True, False), strict=True):
            column = cell.selectbox(role, columns, index=None, key=f"{keys.MAP}_{role}", placeholder="choose a column")
            if column:
                mapping[role] = column
            elif needed:
                st.caption(f"Choose the column that holds the {role}.")
                return None
    planned = plan(source, format=chosen_format, mapping=mapping or None)
    for file in planned.files[:5]:
        detection = file.detection
        mapped = ", ".join(f"{role} ← {column}" for role, column in detection.mapping.items())
        st.markdown(
            f":material/check: **{display.md(file.origin.name)}** is read as **{display.md(detection.format)}** "
            f"({display.md(mapped)}): {display.md(detection.evidence, 300)}"
        )
    for name, reason in list(planned.left_out.items())[:5]:
        st.caption(f"Ignored: {display.md(name)} ({display.md(reason)})")
    preview = planned.files[0].detection.preview[:1]
    for sample in preview:
        st.caption("First row, as the model will see it")
        markup.passage(sample.prompt, limit=600)
        markup.passage(sample.response, answer=True, limit=600)
    return planned, chosen_format, mapping


def _target(stem: str) -> Path:
    """Folder of the new workspace: where the app was started, if that is empty, else one named after the source."""
    return context.path() if context.is_new() else home() / stem


def _start(source: str, planned: tuple[Any, str, dict[str, str]]) -> None:
    _, chosen_format, mapping = planned
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(source).name.split(".")[0]).strip("-") or "dataset"
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    folder = left.text_input("New workspace", value=str(_target(stem)), key=f"{keys.TARGET}_{stem}")
    pressed = right.button("Import and process", type="primary", icon=":material/play_arrow:", width="stretch")
    options = model_form.draw(keys.TARGET)
    st.caption(f"One background job: importing, then {', '.join(kind.doing for kind in next_step.STEPS)}.")
    if not pressed or options is None:
        return
    try:
        store = Store.create(folder.strip(), name=Path(folder.strip()).name)
    except ExplorerError as error:
        st.error(display.md(error, 400), icon=":material/error:")
        return
    roles = tuple(f"{role}={column}" for role, column in mapping.items())
    ingest = argv(IngestOptions(source, chosen_format, roles), str(store.path))
    rest = next_step.lines(next_step.STEPS, store.path, options)
    jobs.start(store.path, f"Importing {display.clean(stem, 60)}", [ingest, *rest])
    context.choose(str(store.path))
    st.rerun()
