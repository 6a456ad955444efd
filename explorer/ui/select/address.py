"""The state of the Select page as an address, so that it can be shared and opened again. No Streamlit in here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from explorer.errors import ExplorerError
from explorer.records import SEGMENTS
from explorer.registry import build
from explorer.ui.select import budget as budgets
from explorer.workspace import Artifact

TEXTS = ("within", "must_cover", "exclude")
NUMBERS = ("seed", "min_per_source", "min_per_cluster")
NAMES = ("method", "budget", "threshold", "segment", "params", *TEXTS, *NUMBERS)


def write(
    *, method: str, budget: str, threshold: float | None, segment: str, params: Mapping[str, Any], **others: Any
) -> dict[str, str]:
    """Return the query of an address; what is at its default (`threshold` None, empty, 0) is left out."""
    found = {"method": method, "budget": budget}
    found |= {name: str(others[name]) for name in (*TEXTS, *NUMBERS) if others.get(name)}
    if threshold is not None:
        found["threshold"] = f"{threshold:.6g}"
    if segment != "response":
        found["segment"] = segment
    if params:
        found["params"] = json.dumps(dict(params), sort_keys=True, default=list)
    return found


def read(query: Mapping[str, str]) -> dict[str, Any]:
    """Return what of an address makes sense, by the names of `write`; nonsense is left out."""
    from explorer.selection import METHODS

    found: dict[str, Any] = {name: query[name] for name in TEXTS if query.get(name)}
    for name in NUMBERS:
        text = query.get(name, "")
        if text.isascii() and text.isdigit() and len(text) < 10:
            found[name] = int(text)
    if budgets.read(query.get("budget", "")) is not None:
        found["budget"] = query["budget"]
    if query.get("segment") in SEGMENTS:
        found["segment"] = query["segment"]
    try:
        threshold = float(query.get("threshold", ""))
        if 0 <= threshold < 1e9:
            found["threshold"] = threshold
    except ValueError:
        pass  # as if it were not there
    if query.get("method") in METHODS:
        found["method"] = query["method"]
        try:
            params = json.loads(query.get("params", "{}"))
            build(METHODS[query["method"]].Params, params, owner="")
            found["params"] = params
        except (ValueError, TypeError, AttributeError, ExplorerError):
            pass  # as if it were not there
    return found


def of_run(run: Artifact) -> dict[str, str]:
    """Return the address that shows the studio with the settings of a kept selection."""
    made = run.manifest.parameters
    rules = made.get("rules", {})
    from explorer.registry import describe
    from explorer.selection import METHODS

    method = made.get("method", "")
    defaults = {spec.name: spec.default for spec in describe(METHODS[method].Params)} if method in METHODS else {}
    params = {
        key: value
        for key, value in made.get("params", {}).items()
        if key in defaults and value != defaults[key] and not (value == [] and defaults[key] == ())
    }
    return write(
        method=method,
        budget=str(made.get("budget", "")),
        threshold=made.get("threshold"),
        segment=str(made.get("segment", "response")),
        params=params,
        seed=made.get("seed"),
        within=f"ids:{rules['within']}" if "within" in rules else "",
        **{
            name: rules[name]
            for name in ("must_cover", "exclude", "min_per_source", "min_per_cluster")
            if name in rules
        },
    )
