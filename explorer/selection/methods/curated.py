"""Curated: rows picked by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from explorer.errors import InputError, refuse
from explorer.registry import param
from explorer.selection.budget import Budget
from explorer.selection.method import Ints, Method, Pool, Ranking


@dataclass(frozen=True)
class Params:
    """Options of curated."""

    rows: tuple[str, ...] = param((), "sample ids or content hashes, in the order they are wanted")
    file: str = param("", "a file that lists them: a JSON array, or one per line")


class Curated(Method):
    """A list made by a person, to compare with the methods.

    Objective: none but size, so every gain is 1. Rows come in the order of the list, each once; a content hash
    stands for every sample with that content. A smaller budget takes the beginning of the list.
    Needs: content hashes. Cost: O(N + list). Nested: yes. Ties: of samples with one hash, smaller sample id first.
    Source: LIMA, Zhou et al. 2023, arXiv 2305.11206.
    """

    slug = "curated"
    title = "Picked by hand"
    goal = "To compare a human choice with the methods"
    needs = frozenset({"hashes"})
    nested = True
    Params = Params

    def prepare(self, params: Params) -> Params:
        """Read the file, so that the list itself is recorded."""
        if params.file:
            params = replace(params, rows=(*params.rows, *_read(Path(params.file))), file="")
        if not params.rows:
            refuse(f"method {self.slug} needs a list", allowed="rows=ID,ID,… or file=PATH")
        return params

    def restricted(self, params: Params, rows: Ints) -> None:
        """None: the list names rows of the whole pool, so rows are removed from its ranking."""
        del params, rows

    def rank(self, pool: Pool, budget: Budget, params: Params, rng: np.random.Generator) -> Ranking:
        """Look the rows up; `rng` is not used."""
        del rng
        params = self.prepare(params)
        pool.require(self.slug, self.needs)
        assert pool.hashes is not None
        by_hash: dict[str, list[int]] = {}
        for position, content in enumerate(pool.hashes):
            by_hash.setdefault(str(content), []).append(position)
        picks: dict[int, None] = {}
        for row in params.rows:
            if row in by_hash:
                picks.update(dict.fromkeys(by_hash[row]))
            elif row.isascii() and row.isdigit() and int(row) < pool.n:
                picks[int(row)] = None
            else:
                refuse("no such row in the list", got=row, allowed=f"a sample id 0 to {pool.n - 1}, or a content hash")
        return Ranking.of(list(picks), np.ones(len(picks))).within(pool, budget)


def _read(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8")
        if text.lstrip().startswith("["):
            return [str(item) for item in json.loads(text)]
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read the list in {path}: {error}".replace("\n", " ")) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
