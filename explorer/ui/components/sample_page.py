"""One row: its prompt and response, its features, and which selections hold it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from explorer.features import browse
from explorer.records import SEGMENTS
from explorer.ui import links, state, words
from explorer.ui.components import markup
from explorer.ui.components.page import header, section
from explorer.ui.context import View


def draw(view: View, sample_id: int) -> None:
    """Draw the page of one row, or say that there is none."""
    found = browse.sample(view.store, sample_id)
    if found is None:
        header("There is no such row", f"This workspace has rows 0 to {view.rows - 1:,}.")
        st.page_link(links.SAMPLES, label="All rows", icon=":material/arrow_back:")
        return
    header(f"What is in row {sample_id:,}?", _answer(found))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(links.SAMPLES, label="All rows", icon=":material/arrow_back:")
        _step("Previous", ":material/chevron_left:", sample_id - 1, view.rows)
        _step("Next", ":material/chevron_right:", sample_id + 1, view.rows)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _text(found)
    with right:
        _features(view, sample_id)
        _selections(view, sample_id)


def _answer(found: dict[str, Any]) -> str:
    parts = []
    if found["response_tokens"] is not None:
        parts.append(f"a response of **{words.noun(found['response_tokens'], 'token')}**")
    else:
        parts.append(f"a response of **{words.noun(found['response_chars'], 'character')}**")
    if found["source"]:
        parts.append(f"from {words.md(found['source'], 40)}")
    parts.append(f"line {found['source_row']:,} of the source")
    if found["duplicate_of"] is not None:
        parts.append(f"an exact duplicate of row {found['duplicate_of']:,}")
    if found["truncated"]:
        parts.append("cut at the token limit")
    text = ", ".join(parts)
    return text[0].upper() + text[1:] + "."


def _step(label: str, icon: str, target: int, rows: int) -> None:
    there = 0 <= target < rows
    params = {"sample": str(target)} if there else None
    st.page_link(links.SAMPLES, label=label, icon=icon, query_params=params, disabled=not there)


def _text(found: dict[str, Any]) -> None:
    turns = found["turns"] or []
    if found["system"]:
        section("System")
        markup.passage(found["system"])
    if len([turn for turn in turns if turn["role"] != "system"]) > 2:
        section("Conversation")
        for turn in turns:
            if turn["role"] != "system":
                st.caption(words.md(turn["role"]))
                markup.passage(turn["content"], answer=turn["role"] == "assistant")
    else:
        section("Prompt")
        markup.passage(found["prompt"])
        section("Response")
        markup.passage(found["response"], answer=True)
    with st.expander("Source row, unchanged"):
        st.code(found["raw"], language="json", wrap_lines=True)


def _features(view: View, sample_id: int) -> None:
    if view.activations is None or view.features is None:
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Its features", anchor=False, width="content")
        segment = st.segmented_control(
            "Segment",
            SEGMENTS,
            default="response",
            required=True,
            key=state.SAMPLE_SEGMENT,
            label_visibility="collapsed",
            persist_state="session",
        )
    table = browse.sample_features(
        view.store, view.activations, view.features, sample_id, view.threshold, segment, view.labels
    )
    if not table.num_rows:
        st.caption(f"No feature is above the threshold {view.threshold:g} in the {segment}.")
        return
    strongest = max(table["max_act"].to_pylist())
    event = st.dataframe(
        table,
        hide_index=True,
        height=420,
        on_select="rerun",
        selection_mode="single-cell",
        key=f"sample_features_{sample_id}_{segment}",
        alt="Features of this row, strongest first",
        column_order=["feature_id", "label", "max_act", "n_tokens", "share"],
        column_config={
            "feature_id": st.column_config.NumberColumn("Feature", format="%d", width=62),
            "label": st.column_config.TextColumn("Label"),
            "max_act": st.column_config.ProgressColumn(
                "Activation", format="%.2f", min_value=0, max_value=float(strongest), width=110
            ),
            "n_tokens": st.column_config.NumberColumn("Tokens", format="%d", width=70, help="Tokens it is active on."),
            "share": st.column_config.NumberColumn(
                "In data", format="percent", width=80, help="Responses of the dataset that have it."
            ),
        },
    )
    st.caption(f"{words.noun(table.num_rows, 'feature')} above the threshold {view.threshold:g}; click one to open it.")
    if event.selection.cells:
        links.open_feature(table["feature_id"][int(event.selection.cells[0][0])].as_py())


def _selections(view: View, sample_id: int) -> None:
    section("Which selections hold it?")
    held = browse.sample_selections(view.store, sample_id)
    if not held:
        st.caption(f"None of the {len(view.selections)} stored ones." if view.selections else "None is stored yet.")
        return
    rows = [
        {
            "selection": words.clean(one["run"].manifest.name or one["run"].manifest.parameters.get("method", ""), 60),
            "method": one["run"].manifest.parameters.get("method", ""),
            "pick": one["rank"] + 1,
            "gain": one["gain"],
        }
        for one in held
    ]
    st.dataframe(rows, hide_index=True, height="content", alt="Selections that hold this row")
