"""One row: its prompt and response, its features, similar rows, and the selections that hold it."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from explorer.errors import ExplorerError
from explorer.features import nearest
from explorer.queries import samples
from explorer.queries.features import labels_of
from explorer.records import SEGMENTS
from explorer.ui import cache, display, links
from explorer.ui.context import View
from explorer.ui.probe import model as probe_model
from explorer.ui.probe import typed_text
from explorer.ui.rows import keys, reads
from explorer.ui.shell import header
from explorer.ui.widgets import columns, markup, pins, row_table, table, threshold
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import one_of, section

_ORDERS = {
    "strongest first": ("max_act", True),
    "most tokens first": ("n_tokens", True),
    "rarest in the data first": ("share", False),
}
_SIMILAR_BY = ("shared features", "embedding")
_SELECTIONS = (
    Column("selection", "Selection"),
    columns.PICK,
    columns.GAIN,
    Column("round", "Round", "id", "The pass over the features in which it was picked, from 1.", width=65),
    Column("added", "New features", "number", "Features of its response that no earlier pick of that selection has."),
)
_CANDIDATES = 40  # nearest rows that are looked at for near-duplicates


def draw(view: View, sample_id: int) -> None:
    """Draw the page of one row, or say that there is none."""
    sample = samples.sample(view, sample_id)
    if sample is None:
        header("There is no such row", f"This workspace has rows 0 to {view.rows - 1:,}.")
        links.draw(links.SAMPLES, "All rows", ":material/arrow_back:")
        return
    header(f"What is in row {sample_id:,}?", _answer(sample), counts=view)
    with st.container(horizontal=True, vertical_alignment="center"):
        links.draw(links.SAMPLES, "All rows", ":material/arrow_back:")
        _step("Previous", ":material/chevron_left:", sample_id - 1, view.rows)
        _step("Next", ":material/chevron_right:", sample_id + 1, view.rows)
        pins.buttons(view, [sample_id], key="row")
    left, right = st.columns([3, 2], gap="large")
    with left:
        _text(view, sample, sample_id)
    with right:
        _features(view, sample_id)
        _selections(view, sample_id)
    _similar(view, sample, sample_id)


def _answer(sample: dict[str, Any]) -> str:
    parts = []
    if sample["response_tokens"] is not None:
        parts.append(f"a response of **{display.noun(sample['response_tokens'], 'token')}**")
    else:
        parts.append(f"a response of **{display.noun(sample['response_chars'], 'character')}**")
    if sample["source"]:
        parts.append(f"from {display.md(sample['source'], 40)}")
    parts.append(f"line {sample['source_row']:,} of the source")
    if sample["duplicate_of"] is not None:
        parts.append(f"an exact duplicate of row {sample['duplicate_of']:,}")
    if sample["truncated"]:
        parts.append("cut at the token limit")
    text = ", ".join(parts)
    return text[0].upper() + text[1:] + "."


def _step(label: str, icon: str, target: int, rows: int) -> None:
    links.draw(links.SAMPLES, label, icon, disabled=not 0 <= target < rows, sample=target)


def _text(view: View, sample: dict[str, Any], sample_id: int) -> None:
    if view.activations is not None and view.features is not None and _token_view(view, sample, sample_id):
        return
    turns = sample["turns"] or []
    if sample["system"]:
        section("System")
        markup.passage(sample["system"])
    if len([turn for turn in turns if turn["role"] != "system"]) > 2:
        section("Conversation")
        for turn in turns:
            if turn["role"] != "system":
                st.caption(display.md(turn["role"]))
                markup.passage(turn["content"], answer=turn["role"] == "assistant")
    else:
        section("Prompt")
        markup.passage(sample["prompt"])
        section("Response")
        markup.passage(sample["response"], answer=True)
    _source(sample)


def _source(sample: dict[str, Any]) -> None:
    with st.expander("Source row"):
        st.code(sample["raw"][:200_000], language="json", wrap_lines=True)


def _token_view(view: View, sample: dict[str, Any], sample_id: int) -> bool:
    """Offer the row token by token, which runs the model over it again; True where the tokens were drawn."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        by_token = st.toggle(
            "Token by token",
            key=keys.TOKENS,
            persist_state="session",
            help="Runs the model over this row to show the features on each token; the model loads once.",
        )
        help_text = "Open the text on the Probe page: change it, compare it, turn a feature off."
        links.draw(links.PROBE, "Edit and probe", ":material/science:", help=help_text, sample=sample_id)
    if not by_token or not typed_text.ensure_model(view):
        return False
    turns = [(turn["role"], turn["content"]) for turn in sample["turns"] or []]
    try:
        reading = probe_model.holder().read(
            turns or [("system", sample["system"] or ""), ("user", sample["prompt"]), ("assistant", sample["response"])]
        )
    except ExplorerError as error:
        st.info(display.md(error, 300), icon=":material/info:")
        return False
    names = typed_text.names_of(view, reading)
    largest = reading.largest()
    order = sorted(largest, key=lambda feature: (-largest[feature], feature))
    chosen = st.selectbox(
        "Shade by",
        [typed_text.COUNT, *map(str, order)],
        key=f"{keys.SHADE}_{sample_id}",
        format_func=lambda key: key if key == typed_text.COUNT else typed_text.option(int(key), names, largest),
    )
    shade_by = None if chosen == typed_text.COUNT else int(chosen)
    typed_text.draw_reading(view, reading, names, shade_by, key="sample_tokens")
    _source(sample)
    return True


@st.fragment
def _features(view: View, sample_id: int) -> None:
    if view.activations is None or view.features is None:
        return
    section("Features")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        segment = one_of("Segment", SEGMENTS, key=keys.SEGMENT)
        order = st.selectbox(
            "Order", list(_ORDERS), key=keys.ORDER, label_visibility="collapsed", persist_state="session"
        )
    cut = threshold.current(view)
    features = samples.sample_features(view, sample_id, cut, segment, view.labels)
    if not features.num_rows:
        st.caption(f"No feature is above the threshold {cut:.4g} in the {segment}.")
        return
    column, descending = _ORDERS[str(order)]
    features = features.sort_by([(column, "descending" if descending else "ascending"), ("feature_id", "ascending")])
    clicked = table.draw(
        features,
        (
            columns.FEATURE,
            columns.LABEL,
            Column("max_act", "Activation", "bar", digits=2, top=max(features["max_act"].to_pylist()), width=105),
            Column("n_tokens", "Tokens", "number", "Tokens it is active on.", width=60),
            columns.SHARE,
        ),
        height=380,
        key=f"sample_features_{sample_id}_{segment}_{order}",
        clicks="cell",
        alt="Features of this row",
    )
    st.caption(f"{display.noun(features.num_rows, 'feature')} above the threshold {cut:.4g}; click one to open it.")
    if clicked is not None:
        links.open_feature(features["feature_id"][clicked].as_py())


def _selections(view: View, sample_id: int) -> None:
    section("Selections", "The saved selections that hold this row.")
    memberships = reads.selections_of(view, sample_id)
    if not memberships:
        number = len(view.selections)
        st.caption(f"In none of {display.noun(number, 'saved selection')}." if number else "No saved selections yet.")
        return
    rows = []
    for membership in memberships:
        run, rank = membership["run"], membership["rank"]
        row = {
            "selection": display.run_name(run),
            "pick": rank + 1,
            "gain": membership["gain"],
            "round": membership["round"] or None,  # 0: a rule put the row there
        }
        if view.activations is not None:
            cut = float(run.manifest.parameters.get("threshold") or view.threshold)
            row["added"] = reads.new_features(view, run, rank, cut)
        rows.append(row)
    table.draw(rows, _SELECTIONS, alt="Saved selections that hold this row")


@st.fragment
def _similar(view: View, sample: dict[str, Any], sample_id: int) -> None:
    if view.activations is None:
        return
    section(
        "Similar rows",
        "By the features that both responses have (rare ones count for more), or by the cosine of their embeddings. "
        "Near-duplicates: at least half of the three-word sequences of prompt and response are the same.",
    )
    options = _SIMILAR_BY if view.embeddings is not None else _SIMILAR_BY[:1]
    by = one_of("Similar by", options, key=keys.SIMILAR_BY)
    cut = threshold.current(view)
    sets = cache.feature_sets(view, cut, "response")
    own = sets.row(sample_id)
    by_features = reads.similar(view, own, cut, leave_out=sample_id, keep=_CANDIDATES)
    vectors = reads.vectors(view)
    by_vector = nearest.by_embedding(vectors, sample_id, keep=_CANDIDATES) if vectors is not None else None
    listed = by_features if by == _SIMILAR_BY[0] or by_vector is None else by_vector
    _duplicates(view, sample, by_features, by_vector)
    if not len(listed.ids):
        st.caption("No row shares a feature above the threshold.")
        return
    shared = [np.intersect1d(own, sets.row(int(row)), assume_unique=True) for row in listed.ids]
    row_table.draw(
        view,
        listed.ids.tolist(),
        key=f"similar_{sample_id}_{by}",
        page_size=8,
        shown=(columns.ROW, columns.SIMILARITY, columns.SHARED, columns.PROMPT, columns.RESPONSE, columns.TOKENS),
        extra={"similarity": listed.similarity.tolist(), "shared": [len(features) for features in shared]},
    )
    _shared(view, listed.ids.tolist(), shared, sets.counts)


def _duplicates(
    view: View, sample: dict[str, Any], by_features: nearest.Nearest, by_vector: nearest.Nearest | None
) -> None:
    candidates = [by_features.ids] if by_vector is None else [by_features.ids, by_vector.ids]
    ids = [int(row) for row in np.unique(np.concatenate(candidates))]
    own = f"{sample['prompt']} {sample['response']}"[:20_000]
    shares = [(row, nearest.resemblance(own, text)) for row, text in reads.texts(view, ids)]
    duplicates = [(row, share) for row, share in shares if share >= nearest.NEAR_DUPLICATE]
    if not duplicates:
        st.caption("No near-duplicates among the most similar rows.")
        return
    duplicates.sort(key=lambda duplicate: (-duplicate[1], duplicate[0]))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{display.noun(len(duplicates), 'near-duplicate')}:**", width="content")
        for row, share in duplicates[:6]:
            same = f"{display.share(share)} of the word sequences are the same"
            links.draw(links.SAMPLES, f"row {row:,}", ":material/open_in_new:", help=same, sample=row)


def _shared(view: View, ids: list[int], shared: list[np.ndarray], counts: np.ndarray) -> None:
    """Name the rarest features that the most similar rows share with this one."""
    if view.features is None:
        return
    rarest = [features[np.argsort(counts[features], kind="stable")][:3] for features in shared[:3]]
    labels = labels_of(view, [int(i) for features in rarest for i in features], view.labels)
    for row, features in zip(ids[:3], rarest, strict=True):
        names = ", ".join(display.md(labels.get(int(i)) or f"feature {i}", 50) for i in features)
        if names:
            st.caption(f"shared with row {row:,}, rarest first: {names}")
