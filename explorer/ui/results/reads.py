"""Cached reads of evaluations."""

from __future__ import annotations

from collections.abc import Mapping

from explorer.queries import refinements
from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.workspace import Artifact


@cached("samples", entries=8)
def training_curves(view: View, evaluation: Artifact) -> Mapping[str, list[list[float]]]:
    """Training losses of an evaluation: by arm, the optimiser steps of each seed."""
    return refinements.training_losses(view, evaluation)
