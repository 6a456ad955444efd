"""All features: a table to search, sort and page, or a map of decoder directions; a click opens a feature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from explorer.figures import features as figures
from explorer.queries import features
from explorer.ui import cache, display, links, state
from explorer.ui.context import View
from explorer.ui.features import keys, one_feature
from explorer.ui.features import reads as feature_reads
from explorer.ui.features.feature_query import LENGTHS, PAGE, SHARES, SOURCES, query
from explorer.ui.shell import header
from explorer.ui.widgets import columns, link_table, pager, threshold
from explorer.ui.widgets.columns import Column
from explorer.ui.widgets.elements import plot

_COLUMNS = (
    columns.FEATURE,
    columns.LABEL,
    Column("words", "Context words", "list", "Words that are typical of the text around it."),
    replace(columns.SHARE, title="Share", kind="bar"),
    Column(
        "mean_act", "Mean act.", "number", "Mean over rows of the largest activation, where it is above 0.", digits=2
    ),
    Column("max_act", "Max act.", "number", digits=2),
    Column("length_corr", "r (length)", "number", "Correlation of its presence with the response length.", digits=2),
    Column("label_source", "Label source"),
)
_COLOURS = ("share", "r with length", "label source")


def draw(view: View) -> None:
    """Draw the index."""
    assert view.features is not None and view.activations is not None  # the page requires both
    cut = threshold.current(view)
    active = cache.landscape(view, cut).num_rows
    header(
        "Which features does this data activate?",
        f"**{active:,} of {view.activations.manifest.info['d_sae']:,} features** occur in at least one response above "
        f"the threshold {cut:.4g}. Click one to see where it fires.",
        counts=view,
    )
    _browse(view)


@st.fragment
def _browse(view: View) -> None:
    search, order, share, more, shown = st.columns([4, 2, 2, 1.1, 1.5], vertical_alignment="bottom")
    search.text_input(
        "Search",
        key=keys.SEARCH,
        bind="query-params",
        placeholder="label, word, token or number",
        live=True,
        type="search",
    )
    order.selectbox("Sort by", list(features.ORDERS), key=keys.ORDER, bind="query-params")
    share.selectbox("Share of responses", list(SHARES), key=keys.SHARE, bind="query-params")
    with more.popover("More", icon=":material/tune:"):
        _filters(view)
    layout = shown.segmented_control(
        "Show as", ["table", "map"], default="table", required=True, key=keys.VIEW, bind="query-params"
    )
    if layout == "map":
        _map(view)
    else:
        _table(view)


def _filters(view: View) -> None:
    st.toggle("Smallest first", key=keys.DESCENDING, persist_state="session")
    st.toggle(
        "Search the top contexts too",
        key=keys.CONTEXTS,
        persist_state="session",
        help="Slower: searches the text of each feature's top activating examples.",
    )
    st.selectbox("Label source", SOURCES, key=keys.SOURCE, bind="query-params")
    st.selectbox(
        "Relation to length",
        list(LENGTHS),
        key=keys.LENGTH,
        bind="query-params",
        help=f"Features whose presence correlates with response length, |r| ≥ {features.LENGTHY}.",
    )
    if view.clusters is not None:
        cards = cache.cluster_cards(view)
        named = dict(zip(map(str, cards["cluster"].to_pylist()), cards["name"].to_pylist(), strict=True))
        st.selectbox(
            "Distinctive of a cluster",
            ["", *named],
            key=keys.CLUSTER,
            persist_state="session",
            format_func=lambda number: display.clean(named.get(number, "any cluster"), 60),
            help="Features significantly more common in the responses of this cluster than in the rest.",
        )


def _map(view: View) -> None:
    table = feature_reads.feature_map(view, threshold.current(view))
    if table is None:
        one_feature.no_directions(view)
        return
    filters = query(view)
    everything = filters.search == "" and filters.source == "" and not filters.lengthy and filters.ids is None
    if not everything or (filters.min_share, filters.max_share) != (0.0, 1.0):
        matching = feature_reads.matching(view, filters)
        table = table.filter(np.isin(table["feature_id"].to_numpy(), matching))
    by = st.segmented_control(
        "Colour by", _COLOURS, default=_COLOURS[0], required=True, key=keys.COLOUR, persist_state="session"
    )
    event = plot(
        figures.directions(table, by=str(by)),
        key="feature_map",
        alt="Map of the features: neighbours have similar decoder directions",
        on_select="rerun",
        selection_mode="points",
    )
    st.caption(f"{display.noun(table.num_rows, 'feature')}; neighbours have similar decoder directions.")
    if event.selection.points:
        links.open_feature(int(event.selection.points[0]["customdata"][0]))


def _table(view: View) -> None:
    assert view.features is not None
    filters = query(view)
    page = pager.current(keys.PAGE)
    table, total = features.feature_index(view, filters.at_page(page))
    if total == 0 and page > 1:
        page, (table, total) = 1, features.feature_index(view, filters)
        state.forget(keys.PAGE)
    if total == 0:
        st.info("No matching feature. Try fewer words, or another share of responses.", icon=":material/search_off:")
        return
    rows = table.to_pylist()
    clicked = link_table.draw(rows, _COLUMNS, key="features", alt="Features, one per row")
    if clicked is not None:
        links.open_feature(rows[clicked]["feature_id"])
    pager.draw(keys.PAGE, page, size=PAGE, total=total, noun="feature")
