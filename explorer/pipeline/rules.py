"""Rules of a selection as the user writes them: lists of numbers, and rows named by where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from explorer.errors import refuse
from explorer.pipeline.pool import latest, read_ranking
from explorer.selection import Rules
from explorer.selection.rules import from_ranges
from explorer.workspace import Artifact, Store, marks

PLACES = ("set:NAME", "run:ID", "source:NAME", "cluster:N", "ids:3,7,10-20")


def rules_of(
    store: Store,
    samples: Artifact,
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
        within=rows_of(store, samples, within) if within.strip() else None,
        min_per_source=least["source"],
        min_per_cluster=least["cluster"],
    )


def rows_of(store: Store, samples: Artifact, place: str) -> tuple[int, ...]:
    """The sample ids of a part of the dataset, named as one of `PLACES`, ascending."""
    kind, sign, name = place.strip().partition(":")
    if kind == "set" and sign:
        sets = marks.read(store, samples).sets
        if name not in sets:
            refuse("there is no such set of rows", got=name, allowed=sorted(sets) or "none yet: keep one on the map")
        return sets[name]
    if kind == "run" and sign:
        return tuple(sorted(read_ranking(store.resolve("selections", name)).tolist()))
    if kind == "ids" and sign:
        return tuple(sorted(from_ranges(name)))
    if kind == "source" and sign:
        found = _column(store, f"SELECT sample_id FROM {store.scan(samples)} WHERE source = ? ORDER BY 1", name)
    elif kind == "cluster" and sign and name.isascii() and name.isdigit():
        clusters = latest(store, "clusters", samples)
        if clusters is None:
            store.require("clusters")
            refuse("these samples have no clusters", allowed="run: cluster")
        query = f"SELECT sample_id FROM {store.scan(clusters)} WHERE cluster = ? ORDER BY 1"
        found = _column(store, query, int(name))
    else:
        refuse("which rows?", got=place, allowed=PLACES)
    if not found:
        refuse(f"no row is in {place}")
    return found


def marked(store: Store, samples: Artifact, rules: Rules) -> Rules:
    """Add the pins and bans that the user set on rows; what `rules` says itself of a row goes before."""
    wished = marks.read(store, samples)
    pin = [one for one in wished.pinned if one not in set(rules.ban + rules.pin)]
    ban = [one for one in wished.banned if one not in set(rules.ban + rules.pin)]
    return replace(rules, pin=rules.pin + tuple(pin), ban=tuple(sorted((*rules.ban, *ban))))


def _column(store: Store, query: str, value: str | int) -> tuple[int, ...]:
    return tuple(int(row[0]) for row in store.sql(query, [value]).fetchall())
