"""A workspace in a notebook: one method per verb, with the parameter names of the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from explorer.options.verbs import OPTIONS

if TYPE_CHECKING:
    import duckdb

    from explorer.workspace import Store

VERBS = {
    verb.replace("-", "_"): verb.replace("-", "_") for verb in (*OPTIONS, "select", "compare", "differences", "info")
}
VERBS["run"] = "recipe"
"""Verb -> module of `explorer.pipeline` that holds the function of that name."""


class Workspace:
    """A workspace: `Workspace.open(path)`, `ws.ingest("data.json")`, `ws.select("sae-greedselect", budget=0.05)`.

    Every verb is the function of that name in `explorer.pipeline` for this workspace; its keywords are the options of
    the command line (`help(ws.select)` lists them), its result is a frozen data class. `ws.table("samples")` is a
    DuckDB relation (`.df()`, `.arrow()`).
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Workspace:
        """Open the workspace at `path`, or create one in an empty or missing folder."""
        from explorer.workspace import Store

        return cls(Store.create(path))

    def table(self, name: str) -> duckdb.DuckDBPyRelation:
        """Return the newest table of that name: `samples`, `features`, `clusters`, `selections`, `pairs` …."""
        from explorer.workspace import Snapshot

        return Snapshot.newest(self.store).table(name)

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        if verb not in VERBS:
            raise AttributeError(f"a workspace has no {verb!r}; it has table and {', '.join(VERBS)}")
        function = getattr(import_module(f"explorer.pipeline.{VERBS[verb]}"), verb)
        call = partial(function, self.store)
        call.__doc__ = function.__doc__
        return call

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *VERBS]

    def __repr__(self) -> str:
        return f"Workspace({str(self.store.path)!r})"
