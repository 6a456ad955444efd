"""Arms of a comparison: selections that differ in their seed only are one, and all are cut to the same size."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from explorer.errors import refuse
from explorer.workspace import Artifact


@dataclass(frozen=True)
class Arm:
    """Selections of one method with the same parameters; `key` is the first one's id."""

    label: str
    method: str
    runs: tuple[Artifact, ...]

    @property
    def key(self) -> str:
        """What it is called in tables."""
        return self.runs[0].id

    def run(self, seed: int) -> Artifact:
        """The selection that training run `seed` takes: another where there are several."""
        return self.runs[seed % len(self.runs)]


def arms_of(runs: Sequence[Artifact], refinements: Mapping[str, Mapping[str, Any]] | None = None) -> list[Arm]:
    """Group `runs` in their order. An arm is called by its method, or by its name where a method has several arms.

    `refinements` gives the parameters of each refinement that a run came from; alike but for the seed they are one arm.
    """
    groups: dict[str, list[Artifact]] = {}
    for run in runs:
        own = _without_seed(run.manifest.parameters)
        refinement = own.get("params", {}).get("refinement")
        if refinements and refinement in refinements:
            own["params"] = sorted(_without_seed(refinements[refinement]).items())
        groups.setdefault(repr(sorted(own.items(), key=lambda item: item[0])), []).append(run)
    methods = [str(group[0].manifest.parameters["method"]) for group in groups.values()]
    arms = []
    for method, group in zip(methods, groups.values(), strict=True):
        first = group[0]
        own_name = first.manifest.name or f"{method} {first.id[:6]}"
        ordered = sorted(group, key=lambda run: int(run.manifest.parameters.get("seed") or 0))
        arms.append(Arm(method if methods.count(method) == 1 else own_name, method, tuple(ordered)))
    return arms


def _without_seed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key != "seed"}


def equalise(
    orders: Mapping[str, Sequence[int]], usable: Collection[int], tokens: Mapping[int, int], match: str
) -> tuple[dict[str, list[int]], dict[str, int | None]]:
    """Cut every selection, in pick order and without unusable rows, to the size of the smallest.

    Args:
        orders: Sample ids in pick order, by selection.
        usable: Sample ids that may be trained on.
        tokens: Response tokens of each usable sample.
        match: `rows`, or `tokens`: the longest prefix within the response tokens of the selection that has fewest.

    Returns:
        The ids of each selection, and the size: `rows` or `tokens`, the other None.
    """
    allowed = set(usable)
    left = {run: [int(i) for i in order if int(i) in allowed] for run, order in orders.items()}
    empty = [run for run, ids in left.items() if not ids]
    if empty:
        refuse(f"selection {empty[0]} has no row left to train on after the held-out rows are taken out")
    if match == "rows":
        rows = min(map(len, left.values()))
        return {run: ids[:rows] for run, ids in left.items()}, {"rows": rows, "tokens": None}
    most = min(sum(tokens[i] for i in ids) for ids in left.values())
    chosen = {}
    for run, ids in left.items():
        total, taken = 0, []
        for i in ids:
            total += tokens[i]
            if total > most and taken:
                break
            taken.append(i)
        chosen[run] = taken
    return chosen, {"rows": None, "tokens": most}
