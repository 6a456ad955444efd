"""One feature: what it is called, where and how strongly it fires, what it promotes, its company, who was picked."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from explorer.errors import ExplorerError
from explorer.features import neuronpedia, user_labels
from explorer.figures import features as figures
from explorer.queries import features
from explorer.queries.occurrences import evidence
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.features import feature_query
from explorer.ui.features import reads as feature_reads
from explorer.ui.widgets import link_table, markup, token_view
from explorer.ui.widgets.link_table import Column
from explorer.ui.widgets.page import header, one_of, plot, section

_ID = Column("feature_id", "Feature", "id")
_LABEL = Column("label", "Label", most="17rem")
_BOTH = Column("both_n", "Both", "number", "Responses that have both.")
_LIFT = Column("lift", "Lift", "number", digits=1, unit="×")
_SHARE = Column("share", "In data", "percent", "Responses that have it.")
_COSINE = Column("cosine", "Cosine", "number", digits=2)
_PICKED = (
    Column("selection", "Selection"),
    Column("rows", "Rows with it", "number"),
    Column("pick", "First pick", "number", "Place in the ranking of its first row with the feature."),
    Column("row", "Row", "id"),
    Column("gain", "Gain of that pick", "number", "What the method says that pick added.", digits=3),
)


def draw(view: View, feature_id: int) -> None:
    """Draw the page of one feature, or say that there is no such feature."""
    assert view.features is not None and view.activations is not None  # the page requires both
    found = features.feature(view, feature_id, view.labels)
    if found is None:
        header(
            "There is no such feature", f"This SAE has features 0 to {view.activations.manifest.info['d_sae'] - 1:,}."
        )
        st.page_link(links.FEATURES, label="All features", icon=":material/arrow_back:")
        return
    header(display.md(found["label"] or "no label yet", 90), _answer(found, view.threshold))
    _steps(view, feature_id, found)
    left, right = st.columns([3, 2], gap="large")
    with left:
        section("How strongly does it fire?", "Largest activation of each sample, over both segments.")
        fig = figures.activation_histogram(found["bin_edges"], found["bin_counts"], view.threshold, height=230)
        plot(fig, key="activations", alt="Histogram of the largest activation per sample, threshold dashed")
    with right:
        section(
            "What does it do?",
            "Promoted and suppressed tokens come from the logit lens: the decoder direction "
            "multiplied with the unembedding matrix.",
        )
        _words(view, found)
    _examples(view, feature_id, float(found["max_act"]))
    _company(view, feature_id)
    _places(view, feature_id, float(found["share"]))
    _picked(view, feature_id)


def _answer(found: dict[str, Any], threshold: float) -> str:
    if not found["n_tokens"]:
        return f"Feature {found['feature_id']:,} never fires on this data."
    corr = found["length_corr"]
    length = f"; its presence correlates with response length at r = {corr:.2f}" if corr is not None else ""
    return (
        f"Feature {found['feature_id']:,} is in **{display.share(found['share'])} of the responses** "
        f"({display.noun(found['n_samples'], 'row')}) above the threshold {threshold:g} and on "
        f"{display.share(found['density'])} of all tokens{length}."
    )


def _words(view: View, found: dict[str, Any]) -> None:
    assert view.features is not None
    rows = [("fires on", found["top_tokens"]), ("around", found["words"])]
    if found["promoted"] is not None:
        rows += [("promotes", found["promoted"]), ("suppresses", found["suppressed"])]
    markup.chip_rows([(name, (tokens or [])[:10]) for name, tokens in rows])
    if found["promoted"] is None:
        why = view.features.manifest.info.get("logit_lens_missing") or "no model was at hand when `label` ran"
        st.caption(f"No logit lens: {display.md(why, 200)}")


def _steps(view: View, feature_id: int, found: dict[str, Any]) -> None:
    assert view.features is not None and view.activations is not None
    order = feature_query.query(view)
    before, after = features.feature_neighbours(view, order, feature_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(links.FEATURES, label="All features", icon=":material/arrow_back:")
        _step("Previous", ":material/chevron_left:", before, order.order)
        _step("Next", ":material/chevron_right:", after, order.order)
        with st.popover("Rename", icon=":material/edit:", type="tertiary"):
            _rename(view, feature_id, found)
        st.page_link(
            links.PROBE, label="Try it on a text", icon=":material/science:", query_params={"feature": str(feature_id)}
        )
        if known := view.activations.manifest.info.get("neuronpedia_id"):
            st.link_button(
                "Neuronpedia", neuronpedia.page_url(known, feature_id), icon=":material/open_in_new:", type="tertiary"
            )
        st.caption(f"label: {display.md(found['label_source'] or 'none')}", width="content")


def _rename(view: View, feature_id: int, found: dict[str, Any]) -> None:
    st.text_input(
        "Your label",
        value=view.labels.get(feature_id, ""),
        key=f"{state.FEATURE_LABEL}_{feature_id}",
        placeholder=display.clean(found["label"] or "", 80),
        max_chars=user_labels.MAX_LENGTH,
        help="Kept in the workspace, for this SAE; it wins over every other label. Empty: take it away.",
    )
    st.button("Keep", type="primary", on_click=_keep_label, args=(view, feature_id))
    for one in feature_reads.all_labels(view, feature_id):
        by = f" by {display.md(one['by'], 40)}" if one["by"] else ""
        score = f", score {one['score']:.2f}" if one["score"] is not None else ""
        st.caption(f"{one['source']}{by}{score}: {display.md(one['label'], 200)}")


def _keep_label(view: View, feature_id: int) -> None:
    assert view.activations is not None
    try:
        user_labels.write(
            view.store, view.activations, feature_id, state.get(f"{state.FEATURE_LABEL}_{feature_id}") or ""
        )
    except ExplorerError as error:
        st.toast(display.md(error, 300), icon=":material/error:")


def _step(label: str, icon: str, target: int | None, order: str) -> None:
    params = {"feature": str(target)} if target is not None else None
    st.page_link(
        links.FEATURES, label=label, icon=icon, query_params=params, disabled=target is None, help=f"by {order}"
    )


@st.fragment
def _examples(view: View, feature_id: int, strongest: float) -> None:
    assert view.activations is not None
    section(
        "Where does it fire?",
        "Tokens are shaded by activation, from 0 to the strongest; the peak is underlined, values show on hover.",
    )
    kind = one_of("Examples", ["strongest", "across the range"], key=state.FEATURE_EXAMPLES)
    found = evidence(view, feature_id, "top" if kind == "strongest" else "quantile")
    if not found:
        st.caption("No example is stored for this feature.")
        return
    token_view.examples(found, strongest=strongest, key="examples")


def _company(view: View, feature_id: int) -> None:
    assert view.features is not None
    left, right = st.columns(2, gap="large")
    with left:
        section(
            "What fires with it?",
            "Features that share responses with this one. Lift: how much more often than by "
            "chance; ordered by the cosine of presence.",
        )
        together = cache.company(view, feature_id, view.threshold)[0]
        if together.num_rows:
            _neighbours(together, "fires-together", (_BOTH, _LIFT, _COSINE))
        else:
            st.caption("Nothing fires together with it in two responses or more.")
    with right:
        section(
            "What points the same way?",
            "Features whose decoder direction has the largest cosine with this one's: they write nearly the same into "
            "the model, whatever data they fire on.",
        )
        same = feature_reads.same_direction(view, feature_id)
        if same is None:
            no_directions(view)
        else:
            _neighbours(same, "same-direction", (_SHARE, _COSINE))


def no_directions(view: View) -> None:
    """Say why there are no decoder directions, and how to get them."""
    assert view.features is not None
    why = view.features.manifest.info.get("directions_missing", "")
    if why:
        st.caption(f"The SAE's weights were not at hand when the features were described: {display.md(why, 200)}.")
    else:
        st.caption("These features were described by an earlier version. Describe them again:")
    st.code(f"python -m explorer label -w {view.store.path}", language="bash")


def _neighbours(table: pa.Table, key: str, columns: tuple[Column, ...]) -> None:
    rows = table.to_pylist()
    clicked = link_table.draw(rows, (_ID, _LABEL, *columns), key=key, alt="Features related to this one")
    if clicked is not None:
        links.open_feature(rows[clicked]["feature_id"])


def _places(view: View, feature_id: int, overall: float) -> None:
    """Clusters, sources and lengths in one figure."""
    _, by_cluster, by_source = cache.company(view, feature_id, view.threshold)
    section(
        "Where does it live?",
        "Share of each group's responses that have it; the thin line is the whole dataset. Lengths: ten groups of "
        "equally many rows, shortest first.",
    )
    profile = feature_reads.length_profile(view, feature_id, view.threshold)
    groups = [(name, table) for name, table in (("cluster", by_cluster), ("source", by_source)) if table is not None]
    fig = figures.places(groups, profile, overall)
    plot(fig, key="places", alt="Share of responses with the feature, by cluster, by source and by response length")


def _picked(view: View, feature_id: int) -> None:
    section(
        "Who was picked for it?",
        "Stored selections that have rows with this feature in the response; the first of them in pick order.",
    )
    picks = feature_reads.picked_for(view, feature_id, view.threshold)
    missing = len(view.selections) - len(picks)
    if picks:
        rows = [
            {
                "selection": display.run_name(pick.run.manifest),
                "rows": pick.rows,
                "pick": pick.first_rank + 1,
                "row": pick.sample_id,
                "gain": pick.gain,
            }
            for pick in picks
        ]
        clicked = link_table.draw(rows, _PICKED, key="picked-for", alt="Stored selections that cover this feature")
        if clicked is not None:
            links.open_sample(picks[clicked].sample_id)
    if not view.selections:
        st.caption("No selection is stored yet.")
    elif missing:
        st.caption(f"{display.noun(missing, 'stored selection')} of {len(view.selections)} not covering it.")
