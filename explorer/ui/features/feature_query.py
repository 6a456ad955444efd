"""The query that the controls of the feature index describe; a feature's page steps through the same order."""

from __future__ import annotations

from explorer.queries.features import FeatureQuery
from explorer.ui import state
from explorer.ui.context import View
from explorer.ui.features import keys
from explorer.ui.features import reads as feature_reads
from explorer.ui.widgets import threshold

PAGE = 25
SHARES = {"any share": (0.0, 1.0), "rare (< 1%)": (0.0, 0.01), "1–10%": (0.01, 0.1), "common (> 10%)": (0.1, 1.0)}
LENGTHS = {"any length": 0, "in long responses": 1, "in short responses": -1}
_ANY = "any"
SOURCES = (_ANY, "local", "neuronpedia", "llm", "user")


def query(view: View) -> FeatureQuery:
    """Return the query of the controls, at page one."""
    low, high = SHARES[state.get(keys.SHARE) or "any share"]
    source = state.get(keys.SOURCE) or _ANY
    cut = threshold.current(view)
    cluster = state.get(keys.CLUSTER) or ""
    return FeatureQuery(
        search=state.get(keys.SEARCH) or "",
        order=state.get(keys.ORDER) or "share",
        descending=not state.get(keys.DESCENDING),
        min_share=low,
        max_share=high,
        source="" if source == _ANY else source,
        lengthy=LENGTHS[state.get(keys.LENGTH) or "any length"],
        ids=feature_reads.of_cluster(view, cluster, cut) if cluster else None,
        contexts=bool(state.get(keys.CONTEXTS)),
        limit=PAGE,
        labels=view.labels,
        threshold=cut,
    )
