"""Rules around any method: rows that must or must not be taken, features that must be covered, minimums per group.

A rule holds whatever the method prefers. In order:

1. Rows that are banned, or outside `within`, are not in the pool that the method sees. A pin wins over `within`.
2. The ranking opens with the pinned rows as they are listed, then the fewest rows that have the `must_cover` features,
   then the method's own first rows of every group that would fall short of its minimum.
3. The method ranks the rows that are left. A method that can begin with given rows (sae-greedselect) counts the opening
   as picked; for the others the rows of the opening have gain 0 and round 0.

The opening does not depend on the budget, so a nested method stays nested. `exclude`d features never count for the
method.

Rules change no row's draw: methods draw through `Pool.draw`, one number per row of the whole pool. So a ban only
removes its rows from the order of `random` and from the order in every cluster of `kmeans-random` and `kmq`, and the
anchors of `qdit` stay anchors (another row replaces one that is banned). What a method computes from several rows, it
computes from the rows that are left, and that may move other rows: coverage, similarities, quotas, length bins, and the
shift of negative quality scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from explorer.errors import refuse
from explorer.selection.budget import Budget
from explorer.selection.coverage import check_ids, feature_weights, prefix
from explorer.selection.method import Ints, Method, Pool, Ranking
from explorer.selection.spec import Rules

Randomness = Callable[[], np.random.Generator]
"""Makes the random generator of a ranking, the same one each time."""


def rank_by_rules(
    method: Method, pool: Pool, budget: Budget, params: Any, rules: Rules, randomness: Randomness
) -> Ranking:
    """Rank `pool` by `method` under `rules`; without rules it is the method's own ranking.

    `info["opening"]` counts the rows that each kind of rule put first, `info["unfilled"]` the rows that a minimum is
    short of because the group (or the part of it that the method takes) has no more.

    Raises:
        InputError: an id out of range, no row left to choose from, or a budget smaller than the rules ask for.
    """
    if rules == Rules():
        return method.rank(pool, budget, params, randomness())
    pinned = check_ids("pin", rules.pin, pool.n, "row")
    banned = check_ids("ban", rules.ban, pool.n, "row")
    allowed = np.full(pool.n, rules.rows is None)
    if rules.rows is not None:
        allowed[check_ids("within", rules.rows, pool.n, "row")] = True
    allowed[banned] = False
    allowed[pinned] = True
    if not allowed.any():
        refuse("the rules leave no row to choose from")
    if rules.exclude and pool.features is not None:
        never = check_ids("exclude", rules.exclude, pool.features.width, "feature")
        pool = replace(pool, features=pool.features.without(never))
    opening, counts = pinned, {"pinned": len(pinned)}
    if rules.must_cover:
        opening = _covering(pool, rules.must_cover, pinned, allowed)
        counts["must_cover"] = len(opening) - len(pinned)
    search = _Search(method, pool, params, allowed, randomness)
    minimum, unfilled = _minimum(search, rules, opening)
    counts["minimum"] = len(minimum)
    ranking = search.after(np.concatenate([opening, minimum]), budget)
    return replace(ranking, info=ranking.info | {"opening": counts, "unfilled": unfilled})


def _covering(pool: Pool, must: tuple[int, ...], pinned: Ints, allowed: np.ndarray) -> Ints:
    """The pinned rows and the greedy cover of the features that they lack."""
    pool.require("with features that must be covered", frozenset({"features"}))
    assert pool.features is not None
    required = check_ids("must_cover", must, pool.features.width, "feature")
    weight = feature_weights(pool.features, "uniform")
    return prefix(pool.features, weight, np.ones(pool.n), pinned, required, allowed).positions


def _minimum(search: _Search, rules: Rules, opening: Ints) -> tuple[Ints, dict[str, int]]:
    """The method's first rows of each group below its minimum, and how many rows are missing even so."""
    pool = search.pool
    groups = {"source": (pool.sources, rules.min_per_source), "cluster": (pool.clusters, rules.min_per_cluster)}
    required = {name: (group, least) for name, (group, least) in groups.items() if least}
    if not required:
        return np.zeros(0, np.int64), {}
    order = search.after(opening, Budget.everything()).positions
    taken = np.zeros(pool.n, bool)
    taken[opening] = True
    unfilled: dict[str, int] = {}
    for name, (group, least) in required.items():
        if group is None:
            refuse(f"a minimum per {name} needs the {name}s of the rows")
        rows = np.bincount(group[taken], minlength=int(group.max()) + 1)
        for position in order[~taken[order]]:
            if rows[group[position]] < least:
                taken[position] = True
                rows[group[position]] += 1
        short = int(np.maximum(0, least - rows[np.unique(group)]).sum())
        unfilled |= {name: short} if short else {}
    taken[opening] = False
    return order[taken[order]], unfilled


@dataclass(frozen=True)
class _Search:
    """A method on the `allowed` rows (bool [N]) of a pool."""

    method: Method
    pool: Pool
    params: Any
    allowed: np.ndarray
    randomness: Randomness

    def after(self, opening: Ints, budget: Budget) -> Ranking:
        """`opening`, then the method's ranking of the other allowed rows, up to the budget."""
        pool = self.pool
        if budget.cut(pool.response_tokens, opening, pool.n) < len(opening):
            unit = "tokens" if budget.unit == "tokens" else "rows"
            refuse(f"the rules ask for {self._spent(opening, budget):,} {unit}, more than the budget", got=budget.text)
        whole = budget if budget.unit == "tokens" else Budget(budget.rows(pool.n), "rows")
        allowed = np.flatnonzero(self.allowed)
        params = self._restricted(allowed)
        if params is not None and len(opening):
            params = self.method.opened(params, np.searchsorted(allowed, opening))
            if params is not None:
                return self._rank(allowed, whole, params)
        free = self.allowed.copy()
        free[opening] = False
        others = np.flatnonzero(free)
        first = Ranking.without_gain(opening)
        left = int(whole.amount) - self._spent(opening, whole)
        if not len(others) or left == 0:
            return first
        rest = Budget(left, whole.unit)
        params = self._restricted(others)
        if params is not None:
            return first.then(self._rank(others, rest, params))
        ranking = self.method.rank(pool, Budget.everything(), self.params, self.randomness())
        return first.then(ranking.only(others).within(pool, rest))

    def _restricted(self, rows: Ints) -> Any | None:
        return self.params if len(rows) == self.pool.n else self.method.restricted(self.params, rows)

    def _rank(self, rows: Ints, budget: Budget, params: Any) -> Ranking:
        """The method on `rows` alone, as positions in the whole pool; `params` names rows by their place in `rows`."""
        part = self.pool if len(rows) == self.pool.n else self.pool.take(rows)
        ranking = self.method.rank(part, budget, params, self.randomness())
        return replace(ranking, positions=rows[ranking.positions])

    def _spent(self, rows: Ints, budget: Budget) -> int:
        """What `rows` take of the budget, in its unit."""
        if budget.unit != "tokens":
            return len(rows)
        assert self.pool.response_tokens is not None
        return int(self.pool.response_tokens[rows].sum(dtype=np.int64))
