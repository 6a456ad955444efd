"""Registry of the projections."""

from __future__ import annotations

from explorer.maps.projections.base import Drawn, Inputs, Projection
from explorer.maps.projections.pca import Pca
from explorer.maps.projections.umap import Umap, UmapFeatures
from explorer.registry import Registry

PROJECTIONS: Registry[Projection] = Registry("projection", [Umap(), UmapFeatures(), Pca()])

__all__ = ["PROJECTIONS", "Drawn", "Inputs", "Projection"]
