"""Resolve what a selection's options name: parts of the data, files, and the marks that the user set on rows."""

from __future__ import annotations

from dataclasses import asdict, replace

from explorer.features import groups
from explorer.ranges import from_ranges, to_ranges
from explorer.selection.spec import Rules, SelectionSpec
from explorer.workspace import Artifact, Snapshot, Store, marks


def resolved(store: Store, spec: SelectionSpec, *, with_marks: bool) -> SelectionSpec:
    """Return `spec` with nothing in it that could mean something else tomorrow; a resolved spec stays as it is.

    A part of the data becomes the list of its rows, a file of rows its content, a missing threshold the default of the
    extraction. `with_marks` adds the pins and bans that the user set in the app.
    """
    snapshot = Snapshot.newest(store)
    samples = snapshot.require("samples")
    rules = spec.rules
    if rules.within:
        rules = replace(rules, within=f"ids:{to_ranges(rows_of(store, samples, rules.within))}")
    if with_marks:
        rules = marked(store, samples, rules)
    threshold = spec.threshold
    if threshold is None and snapshot.activations is not None:
        threshold = snapshot.threshold
    params = asdict(spec.how.prepare(spec.options))
    return replace(spec, rules=rules, threshold=threshold, params=params)


def rows_of(store: Store, samples: Artifact, place: str) -> tuple[int, ...]:
    """The sample ids of a part of the dataset, ascending: `ids:3,7,10-20`, or a key of `explorer.features.groups`."""
    kind, _, listed = place.strip().partition(":")
    if kind == "ids":
        return tuple(sorted(from_ranges(listed)))
    return tuple(groups.resolve(store, samples, Snapshot.newest(store).clusters, place.strip()).ids.tolist())


def marked(store: Store, samples: Artifact, rules: Rules) -> Rules:
    """Add the pins and bans that the user set on rows; the rules' own pins and bans of a row go first."""
    known = {*rules.pin, *rules.ban}
    stored = marks.read(store, samples)
    pin = [row for row in stored.pinned if row not in known]
    ban = [row for row in stored.banned if row not in known]
    return replace(rules, pin=(*rules.pin, *pin), ban=tuple(sorted((*rules.ban, *ban))))
