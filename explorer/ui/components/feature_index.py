"""The table of features: searched, sorted and paged in DuckDB; a click on a row opens the feature."""

from __future__ import annotations

import streamlit as st

from explorer.features import browse
from explorer.ui import cache, links, state, words
from explorer.ui.components.page import header
from explorer.ui.context import View

PAGE = 25
_SHARES = {"any share": (0.0, 1.0), "rare (< 1 %)": (0.0, 0.01), "1–10 %": (0.01, 0.1), "common (> 10 %)": (0.1, 1.0)}


def query(view: View) -> browse.FeatureQuery:
    """Return the query that the controls ask for, at page one."""
    low, high = _SHARES[state.get(state.FEATURE_SHARE) or "any share"]
    return browse.FeatureQuery(
        search=state.get(state.FEATURE_SEARCH) or "",
        order=state.get(state.FEATURE_ORDER) or "share",
        descending=not state.get(state.FEATURE_DESCENDING),
        min_share=low,
        max_share=high,
        limit=PAGE,
        labels=view.labels,
    )


def draw(view: View) -> None:
    """Draw the index."""
    assert view.features is not None and view.activations is not None  # the page requires both
    active = cache.landscape(view).num_rows
    width = view.activations.manifest.info["d_sae"]
    header(
        "Which features does this data activate?",
        f"**{active:,} of {width:,} features** are in at least one response above the threshold "
        f"{view.threshold:g}. Click a row to see where it fires.",
    )
    search, order, share, reverse = st.columns([4, 2, 2, 1.2], vertical_alignment="bottom")
    search.text_input(
        "Search",
        key=state.FEATURE_SEARCH,
        bind="query-params",
        placeholder="label, word, token or number",
        live=True,
        type="search",
    )
    order.selectbox("Sort by", list(browse.ORDERS), key=state.FEATURE_ORDER, bind="query-params")
    share.selectbox("Share of responses", list(_SHARES), key=state.FEATURE_SHARE, bind="query-params")
    reverse.toggle("Smallest first", key=state.FEATURE_DESCENDING, persist_state="session")
    _table(view)


def _table(view: View) -> None:
    assert view.features is not None
    asked = query(view)
    page = int(state.get(state.FEATURE_PAGE) or 1)
    table, total = browse.feature_index(view.store, view.features, browse.at_page(asked, page))
    if total == 0 and page > 1:
        page, (table, total) = 1, browse.feature_index(view.store, view.features, asked)
        state.forget(state.FEATURE_PAGE)
    if total == 0:
        st.info("No feature fits. Try fewer words, or another share of responses.", icon=":material/search_off:")
        return
    top = max(1e-9, max(table["share"].to_pylist()))
    event = st.dataframe(
        table,
        hide_index=True,
        height="content",
        key=f"features_{page}_{hash((asked.search, asked.order, asked.descending, asked.max_share))}",
        on_select="rerun",
        selection_mode="single-cell",
        column_order=["feature_id", "label", "words", "share", "mean_act", "max_act", "length_corr", "label_source"],
        column_config={
            "feature_id": st.column_config.NumberColumn("Feature", format="%d", width=70),
            "label": st.column_config.TextColumn("Label", width=290),
            "words": st.column_config.ListColumn("Words of its contexts", width=300),
            "share": st.column_config.ProgressColumn(
                "Share",
                format="percent",
                min_value=0,
                max_value=top,
                width=130,
                help="Responses that have the feature above the threshold.",
            ),
            "mean_act": st.column_config.NumberColumn("Mean act.", format="%.2f", width=80),
            "max_act": st.column_config.NumberColumn("Max act.", format="%.2f", width=80),
            "length_corr": st.column_config.NumberColumn(
                "r (length)",
                format="%.2f",
                width=85,
                help="Correlation of its presence with the response length.",
            ),
            "label_source": st.column_config.TextColumn("Label from", width=90),
        },
        alt="Features, one a row",
    )
    if event.selection.cells:
        links.open_feature(table["feature_id"][int(event.selection.cells[0][0])].as_py())
    left, right = st.columns([3, 2], vertical_alignment="center")
    with left:
        st.pagination(max(1, -(-total // PAGE)), key=state.FEATURE_PAGE)
    right.caption(
        f"{words.noun(total, 'feature')}; {(page - 1) * PAGE + 1:,} to {min(total, page * PAGE):,} on this page",
        text_alignment="right",
    )
