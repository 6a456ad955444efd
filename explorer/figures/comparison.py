"""Selections side by side: the figures of the Compare page and of its report, and the sentence above them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from explorer.figures import dataset, report, theme
from explorer.figures import selection as figures
from explorer.selection.metrics import Metrics
from explorer.text import one_line
from explorer.workspace import Artifact

TITLE = "What differs between these selections?"
HEAD = {
    "selection": "selection",
    "rows": "rows",
    "tokens": "response tokens",
    "coverage": "features covered",
    "certificate": "% of optimum (lower bound)",
    "redundancy": "redundancy",
    "quality": "mean quality",
    "seconds": "seconds",
    "memory": "memory (MiB)",
    "seed": "seed",
    "rules": "rules",
}
_COMBINATIONS = 14  # bars of the UpSet plot
_PLOT_HEIGHT = 300  # of a distribution


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
        """Read the names and numbers from the cards of a clustering."""
        return cls([str(name) for name in cards["name"].to_pylist()], cards["cluster"].to_numpy(), of)

    def shares(self, picked: np.ndarray | None = None) -> np.ndarray:
        """Share of the samples (of those `picked`) in each cluster, float [clusters]."""
        clusters = self.of if picked is None else self.of[picked]
        counts = np.bincount(clusters, minlength=int(self.numbers.max(initial=0)) + 1)
        return counts[self.numbers] / max(1, len(clusters))


def dashes(sides: Sequence[Side]) -> list[str]:
    """Return the dash of each curve: selections of one method have one colour and differ by their dash."""
    seen: Counter[str] = Counter()
    out = []
    for side in sides:
        out.append(theme.METHOD_DASHES[seen[side.method] % len(theme.METHOD_DASHES)])
        seen[side.method] += 1
    return out


def answer(sides: Sequence[Side], names: Sequence[str]) -> str:
    """Return one sentence: who covers most at the largest common size, and how many rows all share.

    `names` are the names of the sides as the sentence writes them.
    """
    common = min(len(side.rows) for side in sides)
    shares = [float(side.share[common - 1]) if common else 0.0 for side in sides]
    if len(sides) == 1:
        return f"{names[0]} covers {shares[0]:.1%} of the features with {common:,} rows."
    best, worst = int(np.argmax(shares)), int(np.argmin(shares))
    shared = len(set.intersection(*(set(side.rows[:common].tolist()) for side in sides)))
    return (
        f"At {common:,} rows, {names[best]} covers {shares[best]:.1%} of the features and {names[worst]} "
        f"{shares[worst]:.1%}; {shared:,} of {common:,} rows {'is' if shared == 1 else 'are'} in all {len(sides)}."
    )


def coverage(sides: Sequence[Side]) -> theme.Figure:
    """Coverage by rows, with the bands over seeds."""
    lines = [
        figures.Line(side.name, side.method, side.share, dash) for side, dash in zip(sides, dashes(sides), strict=True)
    ]
    bands = [figures.Band(side.method, *side.band) for side in sides if side.band is not None]
    return figures.coverage(lines, bands=bands, height=380)


def combinations(sets: Sequence[set[int]], limit: int) -> list[tuple[tuple[bool, ...], int]]:
    """Count the rows in exactly each combination of the sets; the `limit` largest, largest first."""
    counts = Counter(tuple(row in each for each in sets) for row in set().union(*sets))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def overlap(sides: Sequence[Side]) -> dict[str, theme.Figure]:
    """The overlap matrix and the UpSet plot, by title."""
    names = [side.name for side in sides]
    colours = [theme.method_colour(side.method) for side in sides]
    sets = [set(side.rows.tolist()) for side in sides]
    shared = np.array([[len(a & b) / max(1, len(a)) for b in sets] for a in sets])
    height = max(320, 150 + 40 * len(sides))
    groups = combinations(sets, _COMBINATIONS)
    return {
        "Share of the row's selection in the column's": figures.overlap(names, shared, height=height),
        "Rows by combination of selections": figures.upset(names, colours, groups, height=height),
    }


def profiles(
    sides: Sequence[Side],
    tokens: np.ndarray,
    groups: Groups | None = None,
    quality: tuple[np.ndarray, str] | None = None,
) -> dict[str, theme.Figure]:
    """Response lengths, clusters and quality of each selection against all rows, by title.

    Args:
        sides: The selections.
        tokens: Response tokens of each sample [N].
        groups: The clusters, if there are any.
        quality: A score for each sample [N], NaN where there is none, and the scorer's name.
    """
    looks = [(side.name, theme.method_colour(side.method), side.rows) for side in sides]

    def distribution(values: np.ndarray, x: str, digits: int) -> theme.Figure:
        parts = [(name, colour, values[rows]) for name, colour, rows in looks]
        return dataset.distribution(values, parts, x=x, digits=digits, height=_PLOT_HEIGHT)

    plots = {"Response length": distribution(tokens, "response length (tokens)", 0)}
    if groups is not None:
        parts = [(name, colour, groups.shares(rows)) for name, colour, rows in looks]
        plots["Clusters"] = figures.cluster_profile(
            groups.names, groups.shares(), parts, limit=8, legend=False, height=_PLOT_HEIGHT
        )
    if quality is not None:
        scores, scorer = quality
        plots["Quality"] = distribution(scores, f"quality score ({scorer})", 2)
    return plots


def numbers(name: str, run: Artifact, metrics: Metrics) -> dict[str, Any]:
    """Return one line of the table of numbers, by the keys of `HEAD`."""
    values = asdict(metrics)
    return {
        "selection": name,
        **{key: values[key] for key in ("rows", "tokens", "coverage", "certificate", "redundancy", "quality")},
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
    """Return the comparison as blocks of a report: the answer, the plots, the numbers, the settings, a note."""
    settings = [
        [side.name, side.method, run.id, run.manifest.created[:16].replace("T", " "), _settings(run)]
        for side, run in zip(sides, runs, strict=True)
    ]
    return [
        answer(sides, [side.name for side in sides]),
        *(report.Plot(fig, f"comparison-{number}", title) for number, (title, fig) in enumerate(plots.items())),
        report.Table(list(HEAD.values()), [[_cell(key, line[key]) for key in HEAD] for line in table], "Numbers"),
        report.Table(["selection", "method", "id", "created (UTC)", "settings"], settings, "Settings"),
        report.Note(note),
    ]


def note(workspace: str, threshold: float | None, segment: str) -> str:
    """Return which features count in a comparison, in one sentence."""
    counted = f"features above {threshold:g} count" if threshold is not None else "features are not extracted"
    return f"Workspace {workspace}; {counted}; segment: {segment}."


def _cell(key: str, value: Any) -> object:
    if isinstance(value, float) and key in ("coverage", "certificate"):
        return f"{value:.1%}"
    return round(value, 4) if isinstance(value, float) else value


def _settings(run: Artifact) -> str:
    about = run.manifest.parameters
    parts = [f"{key} {about.get(key)}" for key in ("budget", "threshold", "segment", "seed")]
    parts += [f"{key} {value}" for key, value in {**about.get("params", {}), **about.get("rules", {})}.items() if value]
    return one_line(", ".join(parts), 300)
