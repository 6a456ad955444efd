"""What to select, by which method and under which rules: the options of `select`, in one place.

Command line, notebook, forms, addresses, manifests and recipes are all derived from the fields of `SelectionSpec` and
`Rules`: a new option is a field here, and the code that obeys it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from explorer.errors import ExplorerError, refuse
from explorer.options.base import Options, argv
from explorer.options.verbs import SEGMENTS
from explorer.ranges import from_ranges, to_ranges
from explorer.registry import REQUIRED, build, changed, describe, param, parse, to_text
from explorer.selection.budget import Budget

if TYPE_CHECKING:
    from explorer.selection.method import Method

MARKS = ("pin", "ban")
"""Rules that the app keeps with the rows of the workspace, not in an address."""


@dataclass(frozen=True)
class Rules(Options):
    """Rows and features that must or must not be taken, whatever the method prefers.

    `within` names a part of the data (`source:NAME`) or lists its rows (`ids:0-19`); "" is every row.
    """

    verb: ClassVar[str] = "select"
    pin: tuple[int, ...] = param((), "Rows (sample ids) taken first, like 3,7,10-20.")
    ban: tuple[int, ...] = param((), "Rows never taken, like 4,8.")
    within: str = param(
        "", "Only rows of set:NAME, run:ID, source:NAME, cluster:N, search:TEXT or ids:3,7-20.", label="Choose from"
    )
    must_cover: tuple[int, ...] = param(
        (),
        "Features covered first, like 12,400: the fewest rows that have them open the selection.",
        label="Required features",
    )
    exclude: tuple[int, ...] = param(
        (), "Features that never count for the method, like 7,8.", label="Excluded features"
    )
    min_per_source: int = param(
        0, "At least this many rows of each source.", minimum=0, flag="--min-per source", label="Minimum per source"
    )
    min_per_cluster: int = param(
        0, "At least this many rows of each cluster.", minimum=0, flag="--min-per cluster", label="Minimum per cluster"
    )

    def __post_init__(self) -> None:
        if not isinstance(self.within, str):
            listed = tuple(self.within or ())
            if self.within is not None and not listed:
                refuse("the rows to choose from are none")
            object.__setattr__(self, "within", f"ids:{to_ranges(listed)}" if listed else "")
        super().__post_init__()
        if both := set(self.pin) & set(self.ban):
            refuse(f"row {min(both)} is both pinned and banned")
        if twice := set(self.must_cover) & set(self.exclude):
            refuse(f"feature {min(twice)} is both to be covered and excluded")

    @cached_property
    def rows(self) -> tuple[int, ...] | None:
        """The rows of `within`, None for every row; the name of a part must have been replaced by its rows."""
        if not self.within:
            return None
        kind, _, listed = self.within.partition(":")
        if kind != "ids":
            raise ValueError(f"{self.within} is not a list of rows: see explorer.pipeline.rules")
        return from_ranges(listed)

    @property
    def needs(self) -> frozenset[str]:
        """What the pool must hold for the rules."""
        needed = {
            "features": self.must_cover or self.exclude,
            "sources": self.min_per_source,
            "clusters": self.min_per_cluster,
        }
        return frozenset(name for name, value in needed.items() if value)

    def record(self) -> dict[str, Any]:
        """The rules that are set, as JSON values: empty for no rules. Rows and features are written as `0-4,7`."""
        values = {spec.name: value for spec, value in changed(self)}
        written = {name: to_ranges(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return written | ({"within": to_ranges(self.rows)} if self.rows is not None else {})

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Rules:
        """Read what `record` wrote."""
        within = {"within": f"ids:{record['within']}"} if "within" in record else {}
        return build(cls, {**record, **within}, owner="rules")


@dataclass(frozen=True)
class SelectionSpec(Options):
    """Everything that decides a ranking, but for the data: two equal specs on the same inputs are one selection.

    `params` holds the parameters of the method that differ from their defaults; `options` all of them.
    """

    verb: ClassVar[str] = "select"
    method: str = param(REQUIRED, "sae-greedselect, sae-simscale, longest, random, kmq …", flag="")
    budget: Budget = param(
        REQUIRED,
        "Rows (1000), a share (5%), response tokens (200000tok), or training time: 30min (3 epochs at 5,000 tokens "
        "per second), 2h,2epochs,8000tok/s.",
    )
    threshold: float | None = param(None, "A feature counts as active above this activation.", minimum=0)
    segment: str = param("response", "Whose features count.", choices=SEGMENTS, label="Count features of the")
    seed: int = param(0, "Random seed.", minimum=0)
    params: Mapping[str, Any] | None = param(None, "A parameter of the method, key=value. Repeatable.", flag="--param")
    rules: Rules = Rules()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "params", {spec.name: value for spec, value in changed(self.options)} or None)

    def __hash__(self) -> int:
        return hash((*argv(self, ""),))

    @property
    def how(self) -> Method:
        """The selection method."""
        from explorer.selection.methods import METHODS

        return METHODS[self.method]

    @property
    def options(self) -> Any:
        """The parameters of the method, defaults filled in."""
        return build(self.how.Params, self.params or {}, owner=f"method {self.method}")

    def manifest(self) -> dict[str, Any]:
        """What a stored selection records; options added later are recorded only where they are set.

        The id of a selection is a hash of this, so what is recorded at its default can never change.
        """
        record: dict[str, Any] = {
            "method": self.method,
            "budget": self.budget.text,
            "threshold": self.threshold,
            "segment": self.segment,
            "seed": self.seed,
            "params": asdict(self.options),
        }
        record |= {spec.name: value for spec, value in changed(self) if not spec.group and spec.name not in record}
        rules = self.rules.record()
        return record | ({"rules": rules} if rules else {})

    @classmethod
    def from_manifest(cls, record: Mapping[str, Any]) -> SelectionSpec:
        """Read what `manifest` wrote; entries of other names are ignored."""
        own = {spec.name: record[spec.name] for spec in describe(cls) if not spec.group and spec.name in record}
        return cls(**own, rules=Rules.read(record.get("rules", {})))

    def query(self) -> dict[str, str]:
        """Return the query of an address; what is at its default and the user's marks are left out."""
        return {
            spec.name: json.dumps(value, sort_keys=True, default=list) if spec.kind == "pairs" else to_text(value)
            for spec, value in changed(self)
            if spec.name not in MARKS
        }

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> SelectionSpec:
        """Read what `query` wrote."""
        return cls.of(**read_query(query))


def read_query(query: Mapping[str, str]) -> dict[str, Any]:
    """Return the options that an address gives, by name; unknown names and values that are not allowed are left out."""
    options: dict[str, Any] = {}
    for spec in describe(SelectionSpec):
        if spec.name in query and spec.name not in MARKS:
            with contextlib.suppress(ExplorerError, ValueError, TypeError):
                text = query[spec.name]
                options[spec.name] = parse(spec, json.loads(text) if spec.kind == "pairs" else text, "address")
    if not _usable(options.get("method", ""), {}):
        options.pop("method", None)
    if not _usable(options.get("method", ""), options.get("params", {})):
        options.pop("params", None)
    return options


def _usable(method: str, params: Mapping[str, Any]) -> bool:
    try:
        SelectionSpec(method, Budget.everything(), params=params)
    except ExplorerError:
        return False
    return True
