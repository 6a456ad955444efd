"""The selection methods that exist, in one list."""

from explorer.registry import Registry
from explorer.selection.method import Method
from explorer.selection.methods.curated import Curated
from explorer.selection.methods.deita import Deita
from explorer.selection.methods.instag import InsTag
from explorer.selection.methods.intersection import Intersection
from explorer.selection.methods.k_center import KCenter
from explorer.selection.methods.kmeans_closest import KmeansClosest
from explorer.selection.methods.kmeans_random import KmeansRandom
from explorer.selection.methods.kmq import Kmq
from explorer.selection.methods.length_matched_random import LengthMatchedRandom
from explorer.selection.methods.longest import Longest
from explorer.selection.methods.qdit import Qdit
from explorer.selection.methods.quality_top import QualityTop
from explorer.selection.methods.random import Random
from explorer.selection.methods.repr_filter import ReprFilter
from explorer.selection.methods.sae_greedselect import SaeGreedSelect
from explorer.selection.methods.sae_saturated import SaeSaturated
from explorer.selection.methods.sae_simscale import SaeSimScale
from explorer.selection.methods.union import Union
from explorer.selection.methods.vote import Vote

METHODS: Registry[Method] = Registry(
    "method",
    [
        SaeGreedSelect(),
        SaeSaturated(),
        SaeSimScale(),
        Longest(),
        Random(),
        LengthMatchedRandom(),
        KmeansRandom(),
        KmeansClosest(),
        Kmq(),
        KCenter(),
        ReprFilter(),
        Deita(),
        Qdit(),
        InsTag(),
        QualityTop(),
        Curated(),
        Union(),
        Intersection(),
        Vote(),
    ],
)
