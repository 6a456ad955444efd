"""Ensembles of stored selections: votes for each sample, and how early the selections take it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from explorer.errors import refuse
from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.method import Floats, Ints, Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """Options of every ensemble."""

    runs: tuple[str, ...] = param((), "names or ids of saved selections, two or more")

    def __post_init__(self) -> None:
        if len(self.runs) == 1:
            refuse("an ensemble needs two or more selections", got=self.runs[0])


class Ensemble(Method):
    """A method that ranks the samples of stored selections."""

    needs = frozenset({"runs"})
    nested = True
    Params: type[Any] = Params

    def references(self, params: Params) -> tuple[str, ...]:
        """The stored selections."""
        return params.runs


@dataclass(frozen=True)
class Standings:
    """Votes of every sample int64 [N], and `best` and `mean` relative rank (0: first, 1: not in it) float64 [N]."""

    votes: Ints
    best: Floats
    mean: Floats


def standings(pool: Pool) -> Standings:
    """Count votes and relative ranks (rank / rows of the selection) over `pool.runs`."""
    place = np.ones((len(pool.runs), pool.n))
    votes = np.zeros(pool.n, np.int64)
    for index, run in enumerate(pool.runs):
        place[index, run] = np.arange(len(run)) / max(1, len(run))
        votes[run] += 1
    return Standings(votes, place.min(axis=0), place.mean(axis=0))


def ordered(
    pool: Pool, budget: Budget, eligible: np.ndarray, keys: tuple[np.ndarray, ...], votes: Ints, slug: str
) -> Ranking:
    """The eligible samples by rising keys (first key first), then rising id; the gain is the number of votes."""
    picks = np.flatnonzero(eligible)
    if not len(picks):
        refuse(f"method {slug}: the {len(pool.runs)} selections agree on no sample")
    order = picks[np.lexsort((picks, *(key[picks] for key in reversed(keys))))]
    return Ranking.of(order, votes[order], of=len(order)).within(pool, budget)
