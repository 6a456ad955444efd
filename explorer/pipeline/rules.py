"""Resolve what a selection's options name: parts of the data, files, and the marks that the user set on rows."""

from __future__ import annotations

from dataclasses import asdict, replace

from explorer.queries import groups
from explorer.ranges import from_ranges, to_ranges
from explorer.selection.spec import Rules, SelectionSpec
from explorer.workspace import Snapshot, marks


def resolved(snapshot: Snapshot, spec: SelectionSpec, *, with_marks: bool) -> SelectionSpec:
    """Return `spec` with nothing left in it that depends on the state of the workspace.

    A file of rows becomes its content, a missing threshold the default of the extraction; rules as in `resolved_rules`.
    """
    rules = resolved_rules(snapshot, spec.rules, with_marks=with_marks)
    threshold = spec.threshold
    if threshold is None and snapshot.activations is not None:
        threshold = snapshot.threshold
    return replace(spec, rules=rules, threshold=threshold, params=asdict(spec.how.prepare(spec.options)))


def resolved_rules(snapshot: Snapshot, rules: Rules, *, with_marks: bool) -> Rules:
    """Replace the part of the data that `within` names by its rows; add the pins and bans that the user set on rows.

    The rules' own pins go first, and what they say of a row wins over its mark.
    """
    if rules.within:
        rules = replace(rules, within=f"ids:{to_ranges(rows_of(snapshot, rules.within))}")
    if not with_marks:
        return rules
    known = {*rules.pin, *rules.ban}
    stored = marks.read(snapshot.store, snapshot.require("samples"))
    pin = [row for row in stored.pinned if row not in known]
    ban = [row for row in stored.banned if row not in known]
    return replace(rules, pin=(*rules.pin, *pin), ban=tuple(sorted((*rules.ban, *ban))))


def rows_of(snapshot: Snapshot, part: str) -> tuple[int, ...]:
    """The sample ids of a part of the dataset, ascending: `ids:3,7,10-20`, or a key of `explorer.queries.groups`."""
    kind, _, listed = part.strip().partition(":")
    if kind == "ids":
        return tuple(sorted(from_ranges(listed)))
    return tuple(groups.resolve(snapshot, part.strip()).ids.tolist())
