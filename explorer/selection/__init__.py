"""Selection methods: a pool of samples and a budget in, a ranking out. `METHODS` is the one list of what there is."""

from explorer.registry import Registry
from explorer.selection.budget import Budget
from explorer.selection.method import Method, Pool, Ranking
from explorer.selection.methods.longest import Longest
from explorer.selection.methods.random import Random
from explorer.selection.methods.sae_greedselect import SaeGreedSelect

METHODS: Registry[Method] = Registry(
    "method",
    [
        SaeGreedSelect(),
        Longest(),
        Random(),
    ],
)

__all__ = ["METHODS", "Budget", "Method", "Pool", "Ranking"]
