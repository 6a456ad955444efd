"""One row: its prompt and response, its features, rows like it, and which selections hold it."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from explorer.errors import ExplorerError
from explorer.features import nearest
from explorer.queries import samples
from explorer.queries.features import labels_of
from explorer.records import SEGMENTS
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.features import reads as feature_reads
from explorer.ui.probe import model as probe_model
from explorer.ui.probe import typed_text
from explorer.ui.widgets import markup, row_table
from explorer.ui.widgets.page import header, one_of, section
from explorer.workspace import marks

_ORDERS = {
    "strongest first": ("max_act", True),
    "most tokens first": ("n_tokens", True),
    "rarest in the data first": ("share", False),
}
_LIKE = ("shared features", "embedding")
_CANDIDATES = 40  # nearest rows that are looked at for near-duplicates
_COUNT = "number of features"


def draw(view: View, sample_id: int) -> None:
    """Draw the page of one row, or say that there is none."""
    found = samples.sample(view, sample_id)
    if found is None:
        header("There is no such row", f"This workspace has rows 0 to {view.rows - 1:,}.")
        st.page_link(links.SAMPLES, label="All rows", icon=":material/arrow_back:")
        return
    header(f"What is in row {sample_id:,}?", _answer(found))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(links.SAMPLES, label="All rows", icon=":material/arrow_back:")
        _step("Previous", ":material/chevron_left:", sample_id - 1, view.rows)
        _step("Next", ":material/chevron_right:", sample_id + 1, view.rows)
        _mark(view, sample_id)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _text(view, found, sample_id)
    with right:
        _features(view, sample_id)
        _selections(view, sample_id)
    _alike(view, found, sample_id)


def _answer(found: dict[str, Any]) -> str:
    parts = []
    if found["response_tokens"] is not None:
        parts.append(f"a response of **{display.noun(found['response_tokens'], 'token')}**")
    else:
        parts.append(f"a response of **{display.noun(found['response_chars'], 'character')}**")
    if found["source"]:
        parts.append(f"from {display.md(found['source'], 40)}")
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


def _mark(view: View, sample_id: int) -> None:
    """Pin, ban or clear the row; selections made after that obey."""
    assert view.samples is not None
    marked = marks.read(view.store, view.samples)
    standing = "pin" if sample_id in marked.pinned else "ban" if sample_id in marked.banned else None
    key = f"{state.SAMPLE_MARK}_{sample_id}"
    state.put(key, standing)
    st.segmented_control(
        "Mark",
        ["pin", "ban"],
        key=key,
        label_visibility="collapsed",
        format_func=lambda name: {"pin": ":material/push_pin: Pin", "ban": ":material/block: Ban"}[name],
        on_change=_set_mark,
        args=(view, sample_id, key),
        help="A pinned row is in every selection made from now on, a banned one in none.",
    )


def _set_mark(view: View, sample_id: int, key: str) -> None:
    assert view.samples is not None
    wish = state.get(key)
    change = {"pin": marks.pin, "ban": marks.ban}.get(wish or "", marks.clear)
    try:
        change(view.store, view.samples, [sample_id])
    except ExplorerError as error:
        st.toast(display.md(error, 300), icon=":material/error:")


def _text(view: View, found: dict[str, Any], sample_id: int) -> None:
    if view.activations is not None and view.features is not None and _token_view(view, found, sample_id):
        return
    turns = found["turns"] or []
    if found["system"]:
        section("System")
        markup.passage(found["system"])
    if len([turn for turn in turns if turn["role"] != "system"]) > 2:
        section("Conversation")
        for turn in turns:
            if turn["role"] != "system":
                st.caption(display.md(turn["role"]))
                markup.passage(turn["content"], answer=turn["role"] == "assistant")
    else:
        section("Prompt")
        markup.passage(found["prompt"])
        section("Response")
        markup.passage(found["response"], answer=True)
    _source(found)


def _source(found: dict[str, Any]) -> None:
    with st.expander("Source row, unchanged"):
        st.code(found["raw"][:200_000], language="json", wrap_lines=True)


def _token_view(view: View, found: dict[str, Any], sample_id: int) -> bool:
    """Offer the row token by token; True where it was drawn. The model reads the row again, it is loaded once."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        wanted = st.toggle(
            "Token by token",
            key=state.SAMPLE_TOKENS,
            persist_state="session",
            help="The model reads this row again and shows which features are on each token. It is loaded once.",
        )
        st.page_link(
            links.PROBE,
            label="Edit and probe",
            icon=":material/science:",
            query_params={"sample": str(sample_id)},
            help="Open the text on the Probe page: change it, compare it, switch a feature off.",
        )
    if not wanted or not typed_text.ensure_model(view):
        return False
    turns = [(turn["role"], turn["content"]) for turn in found["turns"] or []]
    try:
        reading = probe_model.holder().read(
            turns or [("system", found["system"] or ""), ("user", found["prompt"]), ("assistant", found["response"])]
        )
    except ExplorerError as error:
        st.info(display.md(error, 300), icon=":material/info:")
        return False
    names = typed_text.names_of(view, reading)
    largest = reading.largest()
    order = sorted(largest, key=lambda feature: (-largest[feature], feature))
    chosen = st.selectbox(
        "Shade by",
        [_COUNT, *map(str, order)],
        key=f"{state.SAMPLE_SHADE}_{sample_id}",
        format_func=lambda key: key if key == _COUNT else typed_text.called(int(key), names, largest),
    )
    typed_text.draw_reading(view, reading, names, None if chosen == _COUNT else int(chosen), key="sample_tokens")
    _source(found)
    return True


@st.fragment
def _features(view: View, sample_id: int) -> None:
    if view.activations is None or view.features is None:
        return
    section("Its features")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        segment = one_of("Segment", SEGMENTS, key=state.SAMPLE_SEGMENT)
        order = st.selectbox(
            "Order", list(_ORDERS), key=state.SAMPLE_ORDER, label_visibility="collapsed", persist_state="session"
        )
    table = samples.sample_features(view, sample_id, view.threshold, segment, view.labels)
    if not table.num_rows:
        st.caption(f"No feature is above the threshold {view.threshold:g} in the {segment}.")
        return
    column, descending = _ORDERS[str(order)]
    table = table.sort_by([(column, "descending" if descending else "ascending"), ("feature_id", "ascending")])
    strongest = max(table["max_act"].to_pylist())
    event = st.dataframe(
        table,
        hide_index=True,
        height=380,
        on_select="rerun",
        selection_mode="single-cell",
        key=f"sample_features_{sample_id}_{segment}_{order}",
        alt="Features of this row",
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
    st.caption(
        f"{display.noun(table.num_rows, 'feature')} above the threshold {view.threshold:g}; click one to open it."
    )
    if event.selection.cells:
        links.open_feature(table["feature_id"][int(event.selection.cells[0][0])].as_py())


def _selections(view: View, sample_id: int) -> None:
    section("Which selections hold it?", "Pick: its place in the ranking. Gain: what the method says that it added.")
    held = feature_reads.held_by(view, sample_id)
    if not held:
        st.caption(f"None of the {len(view.selections)} stored ones." if view.selections else "None is stored yet.")
        return
    rows = []
    for one in held:
        parameters = one["run"].manifest.parameters
        row = {
            "selection": display.clean(display.run_name(one["run"].manifest), 60),
            "pick": one["rank"] + 1,
            "gain": one["gain"],
            "round": one["round"] + 1,
        }
        if view.activations is not None:
            threshold = float(parameters.get("threshold") or view.threshold)
            row["features it added"] = feature_reads.added(view, one["run"].id, one["rank"], threshold)
        rows.append(row)
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        alt="Selections that hold this row",
        column_config={
            "gain": st.column_config.NumberColumn(format="%.4g", width=70),
            "round": st.column_config.NumberColumn(width=65, help="The pass over the features that it was picked in."),
            "features it added": st.column_config.NumberColumn(
                help="Features of its response that no earlier pick of that selection has."
            ),
        },
    )


@st.fragment
def _alike(view: View, found: dict[str, Any], sample_id: int) -> None:
    if view.activations is None:
        return
    section(
        "Which rows are like it?",
        "By the features that both responses have (rare ones count for more), or by the cosine of their embeddings. "
        "Near-duplicates: at least half of the three-word runs of prompt and response are the same.",
    )
    options = _LIKE if view.embeddings is not None else _LIKE[:1]
    how = one_of("Alike by", options, key=state.SAMPLE_LIKE)
    sets = cache.feature_sets(view, view.threshold, "response")
    mine = sets.row(sample_id)
    near = feature_reads.alike(view, tuple(mine.tolist()), view.threshold, leave_out=sample_id, keep=_CANDIDATES)
    vectors = feature_reads.vectors(view)
    by_vector = nearest.by_embedding(vectors, sample_id, keep=_CANDIDATES) if vectors is not None else None
    shown = near if how == _LIKE[0] or by_vector is None else by_vector
    _duplicates(view, found, near, by_vector)
    if not len(shown.ids):
        st.caption("No row shares a feature above the threshold.")
        return
    shared = [np.intersect1d(mine, sets.row(int(i)), assume_unique=True) for i in shown.ids]
    row_table.draw(
        view,
        shown.ids.tolist(),
        key=f"alike_{sample_id}_{how}",
        page_size=8,
        columns=("sample_id", "similarity", "shared", "prompt", "response", "response_tokens", "cluster"),
        extra={"similarity": shown.similarity.tolist(), "shared": [len(one) for one in shared]},
    )
    _shared(view, shown.ids.tolist(), shared, sets.counts)


def _duplicates(view: View, found: dict[str, Any], near: nearest.Nearest, by_vector: nearest.Nearest | None) -> None:
    nearby = [near.ids] if by_vector is None else [near.ids, by_vector.ids]
    ids = [int(row) for row in np.unique(np.concatenate(nearby))]
    mine = f"{found['prompt']} {found['response']}"[:20_000]
    alike = []
    for row, text in feature_reads.texts(view, tuple(ids)):
        share = nearest.resemblance(mine, text)
        if share >= nearest.NEAR_DUPLICATE:
            alike.append((row, share))
    if not alike:
        st.caption("No near-duplicate among its nearest rows.")
        return
    alike.sort(key=lambda one: (-one[1], one[0]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{display.noun(len(alike), 'near-duplicate')}:**", width="content")
        for row, share in alike[:6]:
            st.page_link(
                links.SAMPLES,
                label=f"row {row:,}",
                query_params={"sample": str(row)},
                help=f"{display.share(share)} of their word runs are the same",
            )


def _shared(view: View, ids: list[int], shared: list[np.ndarray], counts: np.ndarray) -> None:
    """Name the rarest features that the nearest rows share with this one."""
    if view.features is None:
        return
    rarest = [one[np.argsort(counts[one], kind="stable")][:3] for one in shared[:3]]
    labels = labels_of(view, [int(i) for one in rarest for i in one], view.labels)
    for row, features in zip(ids[:3], rarest, strict=True):
        said = ", ".join(display.md(labels.get(int(i)) or f"feature {i}", 50) for i in features)
        if said:
            st.caption(f"shared with row {row:,}, rarest first: {said}")
