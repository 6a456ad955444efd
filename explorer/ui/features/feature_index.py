"""All features: a table searched, sorted and paged in DuckDB, or a map of decoder directions; a click opens one."""

from __future__ import annotations

import streamlit as st

from explorer.figures import features as figures
from explorer.queries import features
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.features import one_feature
from explorer.ui.features import reads as feature_reads
from explorer.ui.features.feature_query import LENGTHS, PAGE, SHARES, SOURCES, query
from explorer.ui.widgets import link_table
from explorer.ui.widgets.link_table import Column
from explorer.ui.widgets.page import header, plot

_COLUMNS = (
    Column("feature_id", "Feature", "id"),
    Column("label", "Label", most="20rem"),
    Column("words", "Words of its contexts", "list"),
    Column("share", "Share", "bar", "Responses that have the feature above the threshold."),
    Column("mean_act", "Mean act.", "number", "Mean of the largest activations of the rows that have it.", digits=2),
    Column("max_act", "Max act.", "number", digits=2),
    Column("length_corr", "r (length)", "number", "Correlation of its presence with the response length.", digits=2),
    Column("label_source", "Label from"),
)
_COLOURS = ("share", "r with length", "label source")


def draw(view: View) -> None:
    """Draw the index."""
    assert view.features is not None and view.activations is not None  # the page requires both
    active = cache.landscape(view).num_rows
    width = view.activations.manifest.info["d_sae"]
    header(
        "Which features does this data activate?",
        f"**{active:,} of {width:,} features** are in at least one response above the threshold "
        f"{view.threshold:g}. Click one to see where it fires.",
    )
    _browse(view)


@st.fragment
def _browse(view: View) -> None:
    search, order, share, more, shown = st.columns([4, 2, 2, 1.1, 1.5], vertical_alignment="bottom")
    search.text_input(
        "Search",
        key=state.FEATURE_SEARCH,
        bind="query-params",
        placeholder="label, word, token or number",
        live=True,
        type="search",
    )
    order.selectbox("Sort by", list(features.ORDERS), key=state.FEATURE_ORDER, bind="query-params")
    share.selectbox("Share of responses", list(SHARES), key=state.FEATURE_SHARE, bind="query-params")
    with more.popover("More", icon=":material/tune:"):
        _filters(view)
    how = shown.segmented_control(
        "Shown as", ["table", "map"], default="table", required=True, key=state.FEATURE_VIEW, bind="query-params"
    )
    if how == "map":
        _map(view)
    else:
        _table(view)


def _filters(view: View) -> None:
    st.toggle("Smallest first", key=state.FEATURE_DESCENDING, persist_state="session")
    st.toggle(
        "Search the strongest contexts too",
        key=state.FEATURE_CONTEXTS,
        persist_state="session",
        help="Slower: looks into the text around each feature's strongest examples.",
    )
    st.selectbox("Label from", SOURCES, key=state.FEATURE_SOURCE, bind="query-params")
    st.selectbox(
        "Relation to length",
        list(LENGTHS),
        key=state.FEATURE_LENGTH,
        bind="query-params",
        help=f"Correlation of presence and response length of at least {features.LENGTHY} either way.",
    )
    if view.clusters is not None:
        cards = cache.cluster_cards(view)
        named = dict(zip(map(str, cards["cluster"].to_pylist()), cards["name"].to_pylist(), strict=True))
        st.selectbox(
            "Sets a cluster apart",
            ["", *named],
            key=state.FEATURE_CLUSTER,
            persist_state="session",
            format_func=lambda number: display.clean(named.get(number, "any cluster"), 60),
            help="Features surely more common in the cluster's responses than in the rest.",
        )


def _map(view: View) -> None:
    table = feature_reads.feature_map(view)
    if table is None:
        one_feature.no_directions(view)
        return
    asked = query(view)
    everything = asked.search == "" and asked.source == "" and not asked.lengthy and asked.ids is None
    if not everything or (asked.min_share, asked.max_share) != (0.0, 1.0):
        fitting = feature_reads.fitting(view, asked)
        table = table.filter(feature_reads.among(table["feature_id"], fitting))
    by = st.segmented_control(
        "Coloured by", _COLOURS, default=_COLOURS[0], required=True, key=state.FEATURE_COLOUR, persist_state="session"
    )
    event = plot(
        figures.directions(table, by=str(by)),
        key="feature_map",
        alt="Map of the features: near means that their decoder directions are alike",
        on_select="rerun",
        selection_mode="points",
    )
    st.caption(
        f"{display.noun(table.num_rows, 'feature')}; near each other: they write nearly the same into the model."
    )
    if event.selection.points:
        links.open_feature(int(event.selection.points[0]["customdata"][0]))


def _table(view: View) -> None:
    assert view.features is not None
    asked = query(view)
    page = int(state.get(state.FEATURE_PAGE) or 1)
    table, total = features.feature_index(view, asked.at_page(page))
    if total == 0 and page > 1:
        page, (table, total) = 1, features.feature_index(view, asked)
        state.forget(state.FEATURE_PAGE)
    if total == 0:
        st.info("No feature fits. Try fewer words, or another share of responses.", icon=":material/search_off:")
        return
    rows = table.to_pylist()
    clicked = link_table.draw(rows, _COLUMNS, key="features", alt="Features, one a row")
    if clicked is not None:
        links.open_feature(rows[clicked]["feature_id"])
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        st.pagination(max(1, -(-total // PAGE)), key=state.FEATURE_PAGE)
    right.caption(
        f"{display.noun(total, 'feature')}; {(page - 1) * PAGE + 1:,} to {min(total, page * PAGE):,} on this page",
        text_alignment="right",
    )
