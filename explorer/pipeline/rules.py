"""Rules of a selection as the user writes them: lists of numbers, and rows named by where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from explorer.errors import refuse
from explorer.queries import groups
from explorer.selection import Rules
from explorer.selection.rules import from_ranges
from explorer.workspace import Snapshot, marks


def rules_of(
    snapshot: Snapshot,
    *,
    pin: str = "",
    ban: str = "",
    within: str = "",
    must_cover: str = "",
    exclude: str = "",
    min_per: Sequence[str] = (),
) -> Rules:
    """Read rules: lists like `3,7,10-20`, `within` as in `rows_of`, `min_per` as `source=20` and `cluster=5`."""
    least = {"source": 0, "cluster": 0}
    for text in min_per:
        group, _, number = text.partition("=")
        if group not in least or not (number.isascii() and number.isdigit()):
            refuse("a minimum cannot be read", got=text, allowed="source=ROWS, cluster=ROWS")
        least[group] = int(number)
    lists = {"pin": pin, "ban": ban, "must_cover": must_cover, "exclude": exclude}
    return Rules(
        **{name: from_ranges(text) if text.strip() else () for name, text in lists.items()},
        within=rows_of(snapshot, within) if within.strip() else None,
        min_per_source=least["source"],
        min_per_cluster=least["cluster"],
    )


def rows_of(snapshot: Snapshot, place: str) -> tuple[int, ...]:
    """The sample ids of a part of the dataset, ascending: `ids:3,7,10-20`, or a key of `explorer.queries.groups`."""
    kind, _, listed = place.strip().partition(":")
    if kind == "ids":
        return tuple(sorted(from_ranges(listed)))
    return tuple(groups.resolve(snapshot, place.strip()).ids.tolist())


def marked(snapshot: Snapshot, rules: Rules) -> Rules:
    """Add the pins and bans that the user set on rows; what `rules` says itself of a row goes before."""
    wished = marks.read(snapshot.store, snapshot.require("samples"))
    pin = [one for one in wished.pinned if one not in set(rules.ban + rules.pin)]
    ban = [one for one in wished.banned if one not in set(rules.ban + rules.pin)]
    return replace(rules, pin=rules.pin + tuple(pin), ban=tuple(sorted((*rules.ban, *ban))))
