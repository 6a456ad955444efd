"""Selections side by side: the figures of the Compare page and of its report, and the sentence over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from explorer.figures import report, theme
from explorer.figures import selection as figures
from explorer.selection.metrics import Metrics
from explorer.workspace import Artifact

TITLE = "What differs between these choices?"
HEAD = {
    "selection": "selection",
    "rows": "rows",
    "tokens": "response tokens",
    "coverage": "features covered",
    "certificate": "of the best, at least",
    "redundancy": "redundancy",
    "quality": "mean quality",
    "seconds": "seconds",
    "memory": "memory (MiB)",
    "seed": "seed",
    "rules": "rules",
}
_COMBINATIONS = 14  # bars of the UpSet plot


@dataclass(frozen=True)
class Side:
    """One selection, as the figures take it.

    `rows` int64 [n] are its sample ids in pick order, `share` float [n] of the features that the first 1..n of them
    cover; `band` is the lowest and the highest share over several seeds.
    """

    name: str
    method: str
    rows: np.ndarray
    share: np.ndarray
    band: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True)
class Groups:
    """Clusters: names and numbers of their cards, and the cluster of every sample, int [N]."""

    names: Sequence[str]
    numbers: np.ndarray
    of: np.ndarray

    @classmethod
    def read(cls, cards: pa.Table, of: np.ndarray) -> Groups:
        """From the cards of a clustering."""
        return cls([str(name) for name in cards["name"].to_pylist()], cards["cluster"].to_numpy(), of)

    def shares(self, picked: np.ndarray | None = None) -> np.ndarray:
        """Share of the samples (of those `picked`) in each cluster, float [clusters]."""
        chosen = self.of if picked is None else self.of[picked]
        counts = np.bincount(chosen, minlength=int(self.numbers.max(initial=0)) + 1)
        return counts[self.numbers] / max(1, len(chosen))


def styles(sides: Sequence[Side]) -> list[tuple[str, str, str]]:
    """Name, colour and dash of each: the method's colour, selections of one method told apart by the dash."""
    seen: Counter[str] = Counter()
    found = []
    for side in sides:
        dash = theme.METHOD_DASHES[seen[side.method] % len(theme.METHOD_DASHES)]
        seen[side.method] += 1
        found.append((side.name, theme.method_colour(side.method), dash))
    return found


def answer(sides: Sequence[Side], names: Sequence[str]) -> str:
    """One sentence: who covers most at the size that all reach, and how little they share; `names` as written in it."""
    common = min(len(side.rows) for side in sides)
    shares = [float(side.share[common - 1]) if common else 0.0 for side in sides]
    if len(sides) == 1:
        return f"{names[0]} covers {100 * shares[0]:.1f} % of the features with {common:,} rows."
    best, worst = int(np.argmax(shares)), int(np.argmin(shares))
    shared = len(set.intersection(*(set(side.rows[:common].tolist()) for side in sides)))
    both = f"{shared:,} of {common:,} rows {'is' if shared == 1 else 'are'}"
    return (
        f"At {common:,} rows, {names[best]} covers {100 * shares[best]:.1f} % of the features and {names[worst]} "
        f"{100 * shares[worst]:.1f} %; {both} in all {len(sides)}."
    )


def coverage(sides: Sequence[Side]) -> theme.Figure:
    """Coverage by rows, with the bands over seeds."""
    dashes = [dash for _, _, dash in styles(sides)]
    lines = [figures.Line(side.name, side.method, side.share, dash) for side, dash in zip(sides, dashes, strict=True)]
    bands = [figures.Band(side.name, side.method, *side.band) for side in sides if side.band is not None]
    return figures.coverage(lines, bands=bands, height=380)


def combinations(sets: Sequence[set[int]], most: int) -> list[tuple[tuple[bool, ...], int]]:
    """How many rows are in exactly which of the sets, the largest first, at most `most` of them."""
    counts = Counter(tuple(row in one for one in sets) for row in set().union(*sets))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


def overlap(sides: Sequence[Side]) -> dict[str, theme.Figure]:
    """The overlap matrix and the UpSet plot, by what they show."""
    names, colours, _ = zip(*styles(sides), strict=True)
    sets = [set(side.rows.tolist()) for side in sides]
    shared = np.array([[len(a & b) / max(1, len(a)) for b in sets] for a in sets])
    height = max(320, 150 + 40 * len(sides))
    return {
        "Share of the row's selection in the column's": figures.overlap(names, shared, height=height),
        "Rows by the selections that hold them": figures.upset(
            names, colours, combinations(sets, _COMBINATIONS), height=height
        ),
    }


def profiles(
    sides: Sequence[Side],
    tokens: np.ndarray,
    groups: Groups | None = None,
    quality: tuple[np.ndarray, str] | None = None,
) -> dict[str, theme.Figure]:
    """Lengths, clusters and quality of each against the pool, by question.

    Args:
        sides: The selections.
        tokens: Response tokens of each sample [N].
        groups: The clusters, if there are any.
        quality: A score for each sample [N], NaN where there is none, and the scorer's name.
    """

    def lines(values: np.ndarray) -> list[tuple[str, str, np.ndarray]]:
        drawn = zip(sides, styles(sides), strict=True)
        return [(name, colour, values[side.rows]) for side, (name, colour, _) in drawn]

    found = {"How long are their rows?": figures.profile(tokens, lines(tokens), legend=False, height=300)}
    if groups is not None:
        drawn = zip(sides, styles(sides), strict=True)
        dots = [(name, colour, groups.shares(side.rows)) for side, (name, colour, _) in drawn]
        found["Where are they?"] = figures.cluster_profile(
            groups.names, groups.shares(), dots, limit=8, legend=False, height=300
        )
    if quality is not None:
        scores, scorer = quality
        found["How good are they?"] = figures.profile(
            scores, lines(scores), x=f"quality score ({scorer})", digits=2, legend=False, height=300
        )
    return found


def numbers(name: str, run: Artifact, measured: Metrics) -> dict[str, Any]:
    """One line of the table of numbers, by the keys of `HEAD`."""
    known = asdict(measured)
    return {
        "selection": name,
        **{key: known[key] for key in ("rows", "tokens", "coverage", "certificate", "redundancy", "quality")},
        "seconds": run.manifest.info.get("seconds"),
        "memory": round(run.manifest.peak_memory / 2**20),
        "seed": run.manifest.seed,
        "rules": ", ".join(run.manifest.parameters.get("rules", {})) or "none",
    }


def blocks(
    sides: Sequence[Side],
    runs: Sequence[Artifact],
    plots: Mapping[str, theme.Figure],
    table: Sequence[Mapping[str, Any]],
    note: str,
) -> list[report.Block]:
    """The comparison as blocks of a report: the answer, the plots, the numbers, how each was made, a note."""
    made = [
        [side.name, side.method, run.id, run.manifest.created[:16].replace("T", " "), _settings(run)]
        for side, run in zip(sides, runs, strict=True)
    ]
    shown = [report.Plot(fig, f"comparison-{number}", title) for number, (title, fig) in enumerate(plots.items())]
    cells = [[_cell(line[key]) for key in HEAD] for line in table]
    return [
        answer(sides, [side.name for side in sides]),
        *shown,
        report.Table(list(HEAD.values()), cells, "Numbers"),
        report.Table(["selection", "method", "id", "made (UTC)", "settings"], made, "How each was made"),
        report.Note(note),
    ]


def note(workspace: str, threshold: float | None, segment: str) -> str:
    """What counted in a comparison, in one sentence."""
    above = f"features above {threshold:g} count" if threshold is not None else "no features are known"
    return f"Workspace {workspace}; {above}, segment: {segment}."


def _cell(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def _settings(run: Artifact) -> str:
    about = run.manifest.parameters
    parts = [f"{key} {about.get(key)}" for key in ("budget", "threshold", "segment", "seed")]
    parts += [f"{key} {value}" for key, value in {**about.get("params", {}), **about.get("rules", {})}.items() if value]
    text = ", ".join(parts)
    return text if len(text) <= 300 else f"{text[:299]}…"
