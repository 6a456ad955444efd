"""Cached reads of evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.workspace import Artifact


@cached("samples", entries=8)
def training_curves(view: View, evaluation: Artifact) -> Mapping[str, list[list[float]]]:
    """Training losses of an evaluation: by arm, the optimiser steps of each seed."""
    trials = view.store.scan(evaluation, "trials")
    rows = view.store.sql(f"SELECT arm, training FROM {trials} WHERE arm <> '' ORDER BY arm, seed").fetchall()
    return {arm: [list(losses) for _, losses in seeds] for arm, seeds in groupby(rows, key=lambda row: row[0])}
