"""Rules around any method: rows that must or must not be taken, features that must be covered, minimums per group.

A rule is a wish of the user, so it holds whatever the method prefers. In order:

1. Rows that are banned, or outside `within`, are not in the pool the method sees. A pin wins over `within`.
2. The ranking opens with the pinned rows as they are listed, then the fewest rows that have the `must_cover` features,
   then the method's own first rows of every group that would fall short of its minimum.
3. The method ranks the rows that are left. A method that can begin with given rows (sae-greedselect) counts the opening
   as picked; for the others the rows of the opening have gain 0 and round 0.

The opening does not depend on the budget, so a nested method stays nested. `exclude`d features never count for the
method. What a row draws at random is the same with and without rules: a ban moves no other row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from explorer.errors import refuse
from explorer.selection.budget import Budget
from explorer.selection.coverage import check_ids, feature_weights, prefix
from explorer.selection.method import Ints, Method, Pool, Ranking
from explorer.selection.spec import Rules

Draw = Callable[[], np.random.Generator]
"""Makes the random generator of a ranking, the same one each time."""


def rank_by_rules(how: Method, pool: Pool, budget: Budget, params: Any, rules: Rules, draw: Draw) -> Ranking:
    """Rank `pool` by method `how` under `rules`; without rules it is the method's own ranking.

    `info["opening"]` counts the rows that each kind of rule put first, `info["unfilled"]` the rows that a minimum lacks
    because the group (or what the method would take of it) has no more.

    Raises:
        InputError: an id that is not there, no row left to choose from, or a budget smaller than the rules ask for.
    """
    if rules == Rules():
        return how.rank(pool, budget, params, draw())
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
    extra, unfilled = _minimum(how, pool, params, rules, opening, allowed, draw)
    opening = np.concatenate([opening, extra])
    counts["minimum"] = len(extra)
    ranking = _begun(how, pool, budget, params, opening, allowed, draw)
    return replace(ranking, info=ranking.info | {"opening": counts, "unfilled": unfilled})


def _covering(pool: Pool, must: tuple[int, ...], pinned: Ints, allowed: np.ndarray) -> Ints:
    """The pinned rows and the greedy cover of the features that they lack."""
    pool.require("with features that must be covered", frozenset({"features"}))
    assert pool.features is not None
    wanted = check_ids("must_cover", must, pool.features.width, "feature")
    weight = feature_weights(pool.features, "uniform")
    return prefix(pool.features, weight, np.ones(pool.n), pinned, wanted, allowed).positions


def _minimum(
    how: Method, pool: Pool, params: Any, rules: Rules, opening: Ints, allowed: np.ndarray, draw: Draw
) -> tuple[Ints, dict[str, int]]:
    """The method's first rows of each group that is short of its minimum, and how many rows are lacking even so."""
    groups = {"source": (pool.sources, rules.min_per_source), "cluster": (pool.clusters, rules.min_per_cluster)}
    wanted = {name: (group, least) for name, (group, least) in groups.items() if least}
    if not wanted:
        return np.zeros(0, np.int64), {}
    order = _begun(how, pool, Budget.everything(), params, opening, allowed, draw).positions
    taken = np.zeros(pool.n, bool)
    taken[opening] = True
    lacking: dict[str, int] = {}
    for name, (group, least) in wanted.items():
        if group is None:
            refuse(f"a minimum per {name} needs the {name}s of the rows")
        have = np.bincount(group[taken], minlength=int(group.max()) + 1)
        for position in order[~taken[order]]:
            if have[group[position]] < least:
                taken[position] = True
                have[group[position]] += 1
        short = int(np.maximum(0, least - have[np.unique(group)]).sum())
        lacking |= {name: short} if short else {}
    taken[opening] = False
    return order[taken[order]], lacking


def _begun(
    how: Method, pool: Pool, budget: Budget, params: Any, opening: Ints, allowed: np.ndarray, draw: Draw
) -> Ranking:
    """`opening`, then the method's ranking of the other allowed rows, up to the budget."""
    spent = budget.cut(pool.response_tokens, opening, pool.n)
    if spent < len(opening):
        size = f"{len(opening):,} rows"
        if budget.unit == "tokens" and pool.response_tokens is not None:
            size = f"{int(pool.response_tokens[opening].sum(dtype=np.int64)):,} tokens"
        refuse(f"the rules ask for {size}, more than the budget", got=budget.text)
    kept = np.flatnonzero(allowed)
    inner = _restricted(how, params, kept, pool.n)
    begun = how.opened(inner, np.searchsorted(kept, opening)) if inner is not None and len(opening) else None
    if begun is not None:
        whole = budget if budget.unit == "tokens" else Budget(budget.rows(pool.n), "rows")
        return _ranked(how, pool, kept, whole, begun, draw)
    free = allowed.copy()
    free[opening] = False
    if not free.any():
        return Ranking.of(opening, np.zeros(len(opening)))
    if budget.unit == "tokens" and pool.response_tokens is not None:
        left = int(budget.amount) - int(pool.response_tokens[opening].sum(dtype=np.int64))
    else:
        left = budget.rows(pool.n) - len(opening)
    if left <= 0:
        return Ranking.of(opening, np.zeros(len(opening)))
    rest = Budget(left, "tokens" if budget.unit == "tokens" else "rows")
    others = np.flatnonzero(free)
    inner = _restricted(how, params, others, pool.n)
    if inner is not None:
        found = _ranked(how, pool, others, rest, inner, draw)
    else:
        found = _left_out(how.rank(pool, Budget.everything(), params, draw()), others).within(pool, rest)
    return Ranking(
        np.concatenate([opening, found.positions]),
        np.concatenate([np.zeros(len(opening)), found.gain]),
        np.concatenate([np.zeros(len(opening)), found.round]).astype(np.int32),
        found.info,
    )


def _restricted(how: Method, params: Any, kept: Ints, n: int) -> Any | None:
    return params if len(kept) == n else how.restricted(params, kept)


def _ranked(how: Method, pool: Pool, kept: Ints, budget: Budget, inner: Any, draw: Draw) -> Ranking:
    """The method on the rows `kept` alone, as positions in the whole pool; `inner` names rows by place in `kept`."""
    if len(kept) == pool.n:
        return how.rank(pool, budget, inner, draw())
    part = how.rank(pool.take(kept), budget, inner, _Part.of(draw(), pool.n, kept))
    return replace(part, positions=kept[part.positions])


def _left_out(ranking: Ranking, kept: Ints) -> Ranking:
    """Only those picks that are among `kept`."""
    inside = np.isin(ranking.positions, kept)
    return Ranking(ranking.positions[inside], ranking.gain[inside], ranking.round[inside], ranking.info)


class _Part(np.random.Generator):
    """Draws for a part of the pool what its rows would have drawn in the whole."""

    whole: int
    kept: Ints

    @classmethod
    def of(cls, rng: np.random.Generator, whole: int, kept: Ints) -> _Part:
        """The draws of `rng` for the rows `kept` of `whole` ones."""
        part = cls(rng.bit_generator)
        part.whole, part.kept = whole, kept
        return part

    def random(self, size: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One number a row."""
        if size != len(self.kept):
            return super().random(size, *args, **kwargs)
        return super().random(self.whole, *args, **kwargs)[self.kept]
