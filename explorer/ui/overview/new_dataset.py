"""Bring in a dataset: a file, a folder or a Hub id; how it will be read is shown before anything is."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from explorer.errors import ExplorerError
from explorer.ui import context, display, jobs, state
from explorer.ui.overview import next_step
from explorer.ui.widgets import markup, model_form
from explorer.ui.widgets.page import section
from explorer.workspace import Store


def home() -> Path:
    """Where new workspaces are made: EXPLORER_HOME, or `sae-data-explorer` in the user's folder."""
    return Path(os.environ.get("EXPLORER_HOME") or Path.home() / "sae-data-explorer")


def draw(*, open_at_once: bool) -> None:
    """Draw the form; on the overview of a filled workspace it is folded away."""
    section("Bring in a dataset")
    box = st.container(border=True) if open_at_once else st.expander("From a file, a folder or a Hugging Face id")
    with box:
        _form()


def _form() -> None:
    left, right = st.columns(2, gap="large")
    uploaded = left.file_uploader(
        "Upload a file", type=["json", "jsonl", "csv", "parquet", "gz", "zst", "tsv"], key=state.INGEST_UPLOAD
    )
    right.text_input(
        "or name a file, a folder or a Hugging Face dataset id",
        key=state.INGEST_PATH,
        placeholder="/data/alpaca.json or tatsu-lab/alpaca",
    )
    named = str(state.get(state.INGEST_PATH) or "").strip()
    if uploaded is None and not named:
        st.caption("JSON, JSONL, CSV and Parquet; Alpaca, ShareGPT, OpenAI messages, or columns that you name.")
        return
    if uploaded is not None and named:
        st.warning("The uploaded file is read, not the path: take one of them away.", icon=":material/info:")
    source = str(_kept(uploaded)) if uploaded is not None else named
    try:
        planned = _plan(source)
    except ExplorerError as error:
        said = str(error) if uploaded is None else str(error).replace(source, uploaded.name)
        st.error(display.md(said, 600), icon=":material/error:")
        return
    if planned is not None:
        _start(source, planned)


def _kept(uploaded: UploadedFile) -> Path:
    """Return the uploaded file on disk, written once, under a name made safe."""
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
    """Show how `source` would be read and let it be corrected; returns the plan with format and mapping asked for."""
    from explorer.ingest.formats import NAMES
    from explorer.ingest.plan import plan

    formats = ["auto", *(name for name in NAMES if name != "auto")]
    asked = st.segmented_control("Format", formats, default="auto", required=True, key=state.INGEST_FORMAT)
    mapping: dict[str, str] = {}
    if asked == "columns":
        columns = list(plan(source).files[0].detection.columns)
        cells = st.columns(3)
        for cell, role, needed in zip(cells, ("prompt", "response", "system"), (True, True, False), strict=True):
            chosen = cell.selectbox(role, columns, index=None, key=f"ingest_map_{role}", placeholder="choose a column")
            if chosen:
                mapping[role] = chosen
            elif needed:
                st.caption(f"Choose the column that holds the {role}.")
                return None
    planned = plan(source, format=asked, mapping=mapping or None)
    for file in planned.files[:5]:
        found = file.detection
        mapped = ", ".join(f"{role} ← {column}" for role, column in found.mapping.items())
        st.markdown(
            f":material/check: **{display.md(file.origin.name)}** is read as **{display.md(found.format)}** "
            f"({display.md(mapped)}): {display.md(found.evidence, 300)}"
        )
    for name, reason in list(planned.left_out.items())[:5]:
        st.caption(f"Left out: {display.md(name)} ({display.md(reason)})")
    preview = planned.files[0].detection.preview[:1]
    for sample in preview:
        st.caption("The first row as the model will see it")
        markup.passage(sample.prompt, limit=600)
        markup.passage(sample.response, answer=True, limit=600)
    return planned, asked, mapping


def _target(stem: str) -> Path:
    """Where the new workspace is to be: where the app was started, if nothing is there, else a folder of its own."""
    return context.path() if context.is_new() else home() / stem


def _start(source: str, planned: tuple[Any, str, dict[str, str]]) -> None:
    _, asked, mapping = planned
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(source).name.split(".")[0]).strip("-") or "dataset"
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    folder = left.text_input("New workspace", value=str(_target(stem)), key=f"{state.INGEST_TARGET}_{stem}")
    pressed = right.button("Ingest and read", type="primary", icon=":material/play_arrow:", width="stretch")
    options = model_form.draw(state.INGEST_TARGET)
    st.caption("Ingest, extract, describe features, embed, cluster, map, score: as one job in the background.")
    if not pressed or options is None:
        return
    try:
        store = Store.create(folder.strip(), name=Path(folder.strip()).name)
    except ExplorerError as error:
        st.error(display.md(error, 400), icon=":material/error:")
        return
    ingest = ["ingest", source, "-w", str(store.path)]
    if asked != "auto":
        ingest += ["--format", asked]
    if mapping:
        ingest += ["--map", ",".join(f"{role}={column}" for role, column in mapping.items())]
    rest = next_step.lines([verb for _, verb in next_step.STEPS], store.path, options)
    jobs.start(store.path, f"Bringing in {display.clean(stem, 60)}", [ingest, *rest])
    state.choose_workspace(str(store.path))
    context.remember(str(store.path))
    st.rerun()
