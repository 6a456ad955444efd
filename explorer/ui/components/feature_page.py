"""One feature: what it is called, where and how strongly it fires, what it promotes, and its company."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from explorer.errors import ExplorerError
from explorer.features import browse, user_labels
from explorer.figures import features as figures
from explorer.ui import cache, links, state, words
from explorer.ui.components import feature_index, markup
from explorer.ui.components.page import header, plot, section
from explorer.ui.context import View


def draw(view: View, feature_id: int) -> None:
    """Draw the page of one feature, or say that there is no such feature."""
    assert view.features is not None and view.activations is not None  # the page requires both
    found = browse.feature(view.store, view.features, feature_id, view.labels)
    if found is None:
        header(
            "There is no such feature", f"This SAE has features 0 to {view.activations.manifest.info['d_sae'] - 1:,}."
        )
        st.page_link(links.FEATURES, label="All features", icon=":material/arrow_back:")
        return
    header(words.md(found["label"] or "no label yet", 90), _answer(found, view.threshold))
    _steps(view, feature_id, found)
    left, right = st.columns([3, 2], gap="large")
    with left:
        section("How strongly does it fire?", "Largest activation of each sample, over both segments.")
        fig = figures.activation_histogram(found["bin_edges"], found["bin_counts"], view.threshold)
        plot(fig, key="activations", alt="Histogram of the largest activation per sample, threshold dashed")
    with right:
        section(
            "What does it do?",
            "Promoted and suppressed tokens come from the logit lens: the decoder direction "
            "multiplied with the unembedding matrix.",
        )
        markup.chips("fires on", found["top_tokens"][:10])
        markup.chips("around", found["words"][:10])
        markup.chips("promotes", found["promoted"][:10])
        markup.chips("suppresses", found["suppressed"][:10])
    _examples(view, feature_id, float(found["max_act"]))
    _company(view, feature_id, found)


def _answer(found: dict[str, Any], threshold: float) -> str:
    corr = found["length_corr"]
    length = f"; its presence correlates with response length at r = {corr:.2f}" if corr is not None else ""
    if not found["n_tokens"]:
        return f"Feature {found['feature_id']:,} never fires on this data."
    return (
        f"Feature {found['feature_id']:,} is in **{words.share(found['share'])} of the responses** "
        f"({words.noun(found['n_samples'], 'row')}) above the threshold {threshold:g}{length}."
    )


def _steps(view: View, feature_id: int, found: dict[str, Any]) -> None:
    assert view.features is not None and view.activations is not None
    order = feature_index.query(view)
    before, after = browse.feature_neighbours(view.store, view.features, order, feature_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(links.FEATURES, label="All features", icon=":material/arrow_back:")
        _step("Previous", ":material/chevron_left:", before, order.order)
        _step("Next", ":material/chevron_right:", after, order.order)
        with st.popover("Rename", icon=":material/edit:", type="tertiary"):
            st.text_input(
                "Your label",
                value=view.labels.get(feature_id, ""),
                key=f"{state.FEATURE_LABEL}_{feature_id}",
                placeholder=words.clean(found["label"] or "", 80),
                max_chars=user_labels.MAX_LENGTH,
                help="Kept in the workspace, for this SAE; it wins over every other label. Empty: take it away.",
            )
            st.button("Keep", type="primary", on_click=_keep_label, args=(view, feature_id))
        st.caption(f"label: {words.md(found['label_source'] or 'none')}", width="content")


def _keep_label(view: View, feature_id: int) -> None:
    assert view.activations is not None
    try:
        user_labels.write(
            view.store, view.activations, feature_id, state.get(f"{state.FEATURE_LABEL}_{feature_id}") or ""
        )
    except ExplorerError as error:
        st.toast(words.md(error, 300), icon=":material/error:")


def _step(label: str, icon: str, target: int | None, order: str) -> None:
    params = {"feature": str(target)} if target is not None else None
    st.page_link(
        links.FEATURES, label=label, icon=icon, query_params=params, disabled=target is None, help=f"by {order}"
    )


def _examples(view: View, feature_id: int, strongest: float) -> None:
    assert view.activations is not None
    section(
        "Where does it fire?", "Tokens are shaded by activation; the strongest is underlined, values show on hover."
    )
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        kind = st.segmented_control(
            "Examples",
            ["strongest", "across the range"],
            default="strongest",
            required=True,
            key=state.FEATURE_EXAMPLES,
            label_visibility="collapsed",
            persist_state="session",
        )
        with st.container(width=260):
            markup.activation_scale(strongest)
    found = browse.evidence(view.store, view.activations, feature_id, "top" if kind == "strongest" else "quantile")
    if not found:
        st.caption("No example is stored for this feature.")
    for number, one in enumerate(found):
        left, right = st.columns([12, 1], vertical_alignment="center")
        with left:
            markup.token_line(
                one["tokens"], one["activations"], strongest=strongest, peak=one["peak"], value=one["max_act"]
            )
        right.page_link(
            links.SAMPLES,
            label=f"row {one['sample_id']}",
            query_params={"sample": str(one["sample_id"])},
            help=f"in the {one['segment']}",
        )
        del number


def _company(view: View, feature_id: int, found: dict[str, Any]) -> None:
    together, by_cluster, by_source = cache.company(view, feature_id, view.threshold)
    left, right = st.columns(2, gap="large")
    with left:
        section(
            "What fires with it?",
            "Features that share responses with this one. Lift: how much more often than by "
            "chance; ordered by the cosine of presence.",
        )
        if together.num_rows:
            event = st.dataframe(
                together,
                hide_index=True,
                height="content",
                on_select="rerun",
                selection_mode="single-cell",
                key=f"together_{feature_id}",
                alt="Features that fire together with this one",
                column_order=["feature_id", "label", "both_n", "lift", "cosine"],
                column_config={
                    "feature_id": st.column_config.NumberColumn("Feature", format="%d", width=70),
                    "label": st.column_config.TextColumn("Label"),
                    "both_n": st.column_config.NumberColumn("Rows with both", format="localized", width="small"),
                    "lift": st.column_config.NumberColumn("Lift", format="%.1f×", width="small"),
                    "cosine": st.column_config.NumberColumn("Cosine", format="%.2f", width="small"),
                },
            )
            if event.selection.cells:
                links.open_feature(together["feature_id"][int(event.selection.cells[0][0])].as_py())
        else:
            st.caption("Nothing fires together with it in two responses or more.")
    with right:
        section(
            "Where does it live?", "Share of each group's responses that have it; the thin line is the whole dataset."
        )
        _groups("cluster", by_cluster, found["share"])
        _groups("source", by_source, found["share"])


def _groups(name: str, table: pa.Table | None, overall: float) -> None:
    if table is None or not table.num_rows:
        return
    st.caption(f"by {name}")
    plot(figures.groups(table, overall), key=f"groups_{name}", alt=f"Share of responses with the feature, by {name}")
