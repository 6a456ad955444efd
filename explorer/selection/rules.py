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

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from explorer.errors import refuse
from explorer.selection.budget import Budget
from explorer.selection.coverage import check_ids, feature_weights, prefix
from explorer.selection.method import Ints, Method, Pool, Ranking


@dataclass(frozen=True)
class Rules:
    """Ids of rows and features; `within` None is every row. Minimums are rows of every source or cluster."""

    pin: tuple[int, ...] = ()
    ban: tuple[int, ...] = ()
    within: tuple[int, ...] | None = None
    must_cover: tuple[int, ...] = ()
    exclude: tuple[int, ...] = ()
    min_per_source: int = 0
    min_per_cluster: int = 0

    def __post_init__(self) -> None:
        if both := set(self.pin) & set(self.ban):
            refuse(f"row {min(both)} is both pinned and banned")
        if twice := set(self.must_cover) & set(self.exclude):
            refuse(f"feature {min(twice)} is both to be covered and excluded")
        for name in ("min_per_source", "min_per_cluster"):
            if getattr(self, name) < 0:
                refuse(f"{name.replace('_', ' ')} is a number of rows", got=getattr(self, name), allowed="0 or more")
        if self.within is not None and not self.within:
            refuse("the rows to choose from are none")

    @property
    def needs(self) -> frozenset[str]:
        """What the pool must hold for them."""
        wanted = {"features": self.must_cover or self.exclude, "sources": self.min_per_source}
        return frozenset(key for key, value in (wanted | {"clusters": self.min_per_cluster}).items() if value)

    def record(self) -> dict[str, Any]:
        """What is set, as JSON values: empty for no rules. Rows and features are written as `0-4,7`."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        written = {name: to_ranges(value) if isinstance(value, tuple) else value for name, value in found.items()}
        return {name: value for name, value in written.items() if value}

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Rules:
        """Read what `record` wrote."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(record) - known):
            refuse(f"unknown rule {unknown[0]!r}", allowed=sorted(known))
        read: dict[str, Any] = {
            name: from_ranges(value) if isinstance(value, str) else int(value) for name, value in record.items()
        }
        return cls(**read)


def to_ranges(ids: tuple[int, ...]) -> str:
    """Write whole numbers in their order, runs of neighbours as one: (0, 1, 2, 7, 5) is `0-2,7,5`."""
    parts: list[list[int]] = []
    for one in ids:
        if parts and one == parts[-1][1] + 1:
            parts[-1][1] = one
        else:
            parts.append([one, one])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def from_ranges(text: str) -> tuple[int, ...]:
    """Read what `to_ranges` wrote; anything else is refused."""
    found: list[int] = []
    for part in text.replace(" ", "").split(","):
        low, _, high = part.partition("-")
        if not (low.isascii() and low.isdigit() and (not high or (high.isascii() and high.isdigit()))):
            refuse("a list of numbers cannot be read", got=text[:80], allowed="numbers and ranges, like 3,7,10-20")
        if high and int(high) < int(low):
            refuse("a range of numbers runs backwards", got=part[:80], allowed="ranges like 10-20")
        found.extend(range(int(low), int(high or low) + 1))
    return tuple(dict.fromkeys(found))


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
    allowed = np.full(pool.n, rules.within is None)
    if rules.within is not None:
        allowed[check_ids("within", rules.within, pool.n, "row")] = True
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
