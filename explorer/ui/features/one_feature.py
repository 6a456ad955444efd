"""One feature: its label, where and how strongly it fires, what it promotes, related features, selections of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import streamlit as st

from explorer.errors import ExplorerError
from explorer.features import neuronpedia, user_labels
from explorer.figures import features as figures
from explorer.queries import features, occurrences
from explorer.ui import display, links, state
from explorer.ui.context import View
from explorer.ui.features import feature_query, keys
from explorer.ui.features import reads as feature_reads
from explorer.ui.shell import header
from explorer.ui.widgets import columns, link_table, markup, threshold, token_view
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import one_of, plot, section

_BOTH = Column("both_n", "Both", "number", "Responses that have both.")
_SELECTIONS = (
    Column("selection", "Selection"),
    replace(columns.ROWS, title="Rows with it"),
    replace(columns.PICK, title="First pick", help="Place in the ranking of its first row with the feature."),
    columns.ROW,
    replace(columns.GAIN, title="Gain of that pick"),
)


def draw(view: View, feature_id: int) -> None:
    """Draw the page of one feature, or say that there is no such feature."""
    assert view.features is not None and view.activations is not None  # the page requires both
    cut = threshold.current(view)
    feature = features.feature(view, feature_id, view.labels, cut)
    if feature is None:
        last = view.activations.manifest.info["d_sae"] - 1
        header("There is no such feature", f"This SAE has features 0 to {last:,}.")
        links.draw(links.FEATURES, "All features", ":material/arrow_back:")
        return
    header(display.md(feature["label"] or "no label yet", 90), _answer(feature, cut), counts=view)
    _steps(view, feature_id, feature)
    left, right = st.columns([3, 2], gap="large")
    with left:
        section("Activation strength", "Largest activation of each row, in prompt or response.")
        fig = figures.activation_histogram(feature["bin_edges"], feature["bin_counts"], cut, height=230)
        plot(fig, key="activations", alt="Histogram of the largest activation per row, threshold dashed")
    with right:
        section(
            "Tokens",
            "Promoted and suppressed tokens come from the logit lens: the decoder direction "
            "multiplied with the unembedding matrix.",
        )
        _tokens(view, feature)
    _examples(view, feature_id, float(feature["max_act"]))
    _related(view, feature_id, cut)
    _places(view, feature_id, float(feature["share"]), cut)
    _selections(view, feature_id, cut)


def _answer(feature: dict[str, Any], cut: float) -> str:
    if not feature["n_tokens"]:
        return f"Feature {feature['feature_id']:,} never fires on this data."
    corr = feature["length_corr"]
    length = f"; its presence correlates with response length at r = {corr:.2f}" if corr is not None else ""
    return (
        f"Feature {feature['feature_id']:,} is in **{display.share(feature['share'])} of the responses** "
        f"({display.noun(feature['n_samples'], 'row')}) above the threshold {cut:.4g}, and active on "
        f"{display.share(feature['density'])} of all tokens{length}."
    )


def _tokens(view: View, feature: dict[str, Any]) -> None:
    assert view.features is not None
    rows = [("fires on", feature["top_tokens"]), ("context words", feature["words"])]
    if feature["promoted"] is not None:
        rows += [("promotes", feature["promoted"]), ("suppresses", feature["suppressed"])]
    markup.chip_rows([(name, (tokens or [])[:10]) for name, tokens in rows])
    if feature["promoted"] is None:
        why = view.features.manifest.info.get("logit_lens_missing") or "the model was not available when `label` ran"
        st.caption(f"No logit lens: {display.md(why, 200)}")


def _steps(view: View, feature_id: int, feature: dict[str, Any]) -> None:
    assert view.activations is not None
    query = feature_query.query(view)
    before, after = features.feature_neighbours(view, query, feature_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        links.draw(links.FEATURES, "All features", ":material/arrow_back:")
        _step("Previous", ":material/chevron_left:", before, query.order)
        _step("Next", ":material/chevron_right:", after, query.order)
        with st.popover("Rename", icon=":material/edit:", type="tertiary"):
            _rename(view, feature_id, feature)
        links.draw(links.PROBE, "Probe a text", ":material/science:", feature=feature_id)
        if known := view.activations.manifest.info.get("neuronpedia_id"):
            st.link_button(
                "Neuronpedia", neuronpedia.page_url(known, feature_id), icon=":material/open_in_new:", type="tertiary"
            )
        st.caption(f"label source: {display.md(feature['label_source'] or 'none')}", width="content")


def _rename(view: View, feature_id: int, feature: dict[str, Any]) -> None:
    st.text_input(
        "Your label",
        value=view.labels.get(feature_id, ""),
        key=f"{keys.LABEL}_{feature_id}",
        placeholder=display.clean(feature["label"] or "", 80),
        max_chars=user_labels.MAX_LENGTH,
        help="Saved in the workspace, for this SAE; replaces every other label. Leave empty to remove it.",
    )
    st.button("Save", type="primary", key="save_label", on_click=_save_label, args=(view, feature_id))
    for label in feature_reads.all_labels(view, feature_id):
        by = f" by {display.md(label['by'], 40)}" if label["by"] else ""
        score = f", score {label['score']:.2f}" if label["score"] is not None else ""
        st.caption(f"{label['source']}{by}{score}: {display.md(label['label'], 200)}")


def _save_label(view: View, feature_id: int) -> None:
    assert view.activations is not None
    try:
        user_labels.write(view.store, view.activations, feature_id, state.get(f"{keys.LABEL}_{feature_id}") or "")
    except ExplorerError as error:
        st.toast(display.md(error, 300), icon=":material/error:")


def _step(label: str, icon: str, target: int | None, order: str) -> None:
    links.draw(links.FEATURES, label, icon, help=f"by {order}", disabled=target is None, feature=target)


@st.fragment
def _examples(view: View, feature_id: int, strongest: float) -> None:
    section(
        "Examples",
        "Tokens are shaded by activation, from 0 to the strongest; the peak is underlined, values show on hover.",
    )
    kind = one_of("Examples", ["top activating", "across the range"], key=keys.EXAMPLES)
    contexts = occurrences.evidence(view, feature_id, "top" if kind == "top activating" else "quantile")
    if not contexts:
        st.caption("No saved examples of this feature.")
        return
    token_view.examples(contexts, strongest=strongest, key="examples")


def _related(view: View, feature_id: int, cut: float) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        section(
            "Co-occurring features",
            "Features that share responses with this one. Lift: how many times more often than by chance; ordered by "
            "the cosine of presence.",
        )
        together = feature_reads.co_occurring(view, feature_id, cut)
        if together.num_rows:
            _neighbours(together, "fires-together", (_BOTH, columns.LIFT, columns.COSINE))
        else:
            st.caption("No feature shares two or more responses with it.")
    with right:
        section(
            "Similar decoder directions",
            "Features whose decoder direction has the largest cosine with this one's: they write nearly the same into "
            "the residual stream, whatever text they fire on.",
        )
        similar = feature_reads.similar_directions(view, feature_id, cut)
        if similar is None:
            no_directions(view)
        else:
            _neighbours(similar, "same-direction", (columns.SHARE, columns.COSINE))


def no_directions(view: View) -> None:
    """Say why there are no decoder directions, and how to get them."""
    assert view.features is not None
    why = view.features.manifest.info.get("directions_missing", "")
    if why:
        st.caption(
            f"No decoder directions: the SAE's weights were not available ({display.md(why, 200)}). Label again:"
        )
    else:
        st.caption("No decoder directions: the features were labelled by an earlier version. Label them again:")
    st.code(f"python -m explorer label -w {view.store.path}", language="bash")


def _neighbours(table: pa.Table, key: str, more: tuple[Column, ...]) -> None:
    rows = table.to_pylist()
    shown = (columns.FEATURE, columns.LABEL, *more)
    clicked = link_table.draw(rows, shown, key=key, alt="Features related to this one")
    if clicked is not None:
        links.open_feature(rows[clicked]["feature_id"])


def _places(view: View, feature_id: int, overall: float, cut: float) -> None:
    """Clusters, sources and lengths in one figure."""
    by_cluster, by_source = feature_reads.groups_of(view, feature_id, cut)
    section(
        "Where does it occur?",
        "Share of each group's responses that have it; the thin line is the whole dataset. Lengths: ten groups of "
        "equally many rows, shortest first.",
    )
    profile = feature_reads.length_profile(view, feature_id, cut)
    groups = [(name, table) for name, table in (("cluster", by_cluster), ("source", by_source)) if table is not None]
    fig = figures.places(groups, profile, overall)
    plot(fig, key="places", alt="Share of responses with the feature, by cluster, by source and by response length")


def _selections(view: View, feature_id: int, cut: float) -> None:
    section(
        "Selections covering this feature", "Saved selections with a response that has it, and the first such pick."
    )
    picks = feature_reads.selections_of(view, feature_id, cut)
    missing = len(view.selections) - len(picks)
    if picks:
        rows = [
            {
                "selection": display.run_name(pick.run),
                "rows": pick.rows,
                "pick": pick.first_rank + 1,
                "sample_id": pick.sample_id,
                "gain": pick.gain,
            }
            for pick in picks
        ]
        alt = "Saved selections that cover this feature"
        clicked = link_table.draw(rows, _SELECTIONS, key="picked-for", alt=alt)
        if clicked is not None:
            links.open_sample(picks[clicked].sample_id)
    if not view.selections:
        st.caption("No saved selections yet.")
    elif missing:
        st.caption(f"Missing from {missing} of {display.noun(len(view.selections), 'saved selection')}.")
