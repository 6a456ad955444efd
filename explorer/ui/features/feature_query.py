"""What the controls of the feature index ask for; the feature page steps through the same order."""

from __future__ import annotations

from explorer.queries.features import FeatureQuery
from explorer.ui import state
from explorer.ui.context import View
from explorer.ui.features import reads as feature_reads

PAGE = 25
SHARES = {"any share": (0.0, 1.0), "rare (< 1 %)": (0.0, 0.01), "1–10 %": (0.01, 0.1), "common (> 10 %)": (0.1, 1.0)}
LENGTHS = {"any length": 0, "in long responses": 1, "in short responses": -1}
_ANY = "any"
SOURCES = (_ANY, "local", "neuronpedia", "llm", "user")


def query(view: View) -> FeatureQuery:
    """Return the query that the controls ask for, at page one."""
    low, high = SHARES[state.get(state.FEATURE_SHARE) or "any share"]
    source = state.get(state.FEATURE_SOURCE) or _ANY
    cluster = state.get(state.FEATURE_CLUSTER) or ""
    return FeatureQuery(
        search=state.get(state.FEATURE_SEARCH) or "",
        order=state.get(state.FEATURE_ORDER) or "share",
        descending=not state.get(state.FEATURE_DESCENDING),
        min_share=low,
        max_share=high,
        source="" if source == _ANY else source,
        lengthy=LENGTHS[state.get(state.FEATURE_LENGTH) or "any length"],
        ids=feature_reads.of_cluster(view, cluster) if cluster else None,
        contexts=bool(state.get(state.FEATURE_CONTEXTS)),
        limit=PAGE,
        labels=view.labels,
    )
