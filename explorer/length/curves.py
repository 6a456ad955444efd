"""Coverage curves, and sentences that compare them at equal response tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from explorer.length.statistics import Floats

NAMES = {
    "longest": "the longest rows",
    "random": "random rows",
    "length-matched-random": "random rows with greedy's lengths",
    "sae-greedselect": "greedy",
    "sae-greedselect-per-token": "greedy per token",
    "sae-simscale": "SimScale",
}
_LEAD = 0.01  # of the features: a smaller difference is a tie
_LASTING = 0.15  # a lead counts if it lasts while the budget grows by this share


@dataclass(frozen=True)
class CoverageCurve:
    """Coverage (share of the dataset's active features) and response tokens of the first `rows[j]` of an order."""

    method: str
    rows: tuple[int, ...]
    coverage: tuple[float, ...]
    tokens: tuple[int, ...]


def mean_curve(curves: Sequence[CoverageCurve]) -> CoverageCurve:
    """Average the curves of several draws of one method, measured at the same numbers of rows."""
    return CoverageCurve(
        curves[0].method,
        curves[0].rows,
        tuple(float(c) for c in np.mean([curve.coverage for curve in curves], axis=0)),
        tuple(round(float(t)) for t in np.mean([curve.tokens for curve in curves], axis=0)),
    )


def crossings(curves: Mapping[str, CoverageCurve]) -> list[str]:
    """Say where one curve overtakes another for a lasting lead. Curves are interpolated linearly."""
    turns: list[tuple[float, str]] = []
    names = list(curves)
    for i, name in enumerate(names):
        for other in names[i + 1 :]:
            a, b = curves[name], curves[other]
            if len(a.rows) < 2 or len(b.rows) < 2:
                continue
            low, high = max(a.tokens[0], b.tokens[0], 1), min(a.tokens[-1], b.tokens[-1])
            if high <= low:
                continue
            at: Floats = np.geomspace(low, high, 400)
            gap = np.interp(at, a.tokens, a.coverage) - np.interp(at, b.tokens, b.coverage)
            for tokens, sign in _turns(at, np.sign(np.where(np.abs(gap) < _LEAD, 0.0, gap))):
                winner, loser = (_name(name), _name(other)) if sign > 0 else (_name(other), _name(name))
                verb = "overtake" if winner.endswith("rows") else "overtakes"
                turns.append((tokens, f"{winner} {verb} {loser} at about {_round(tokens):,} response tokens"))
    return [sentence for _, sentence in sorted(turns)]


def leaders(curves: Mapping[str, CoverageCurve]) -> str:
    """Say which selection covers most at each token budget; "" where there are none to compare."""
    known = {name: curve for name, curve in curves.items() if len(curve.rows) > 1}
    if len(known) < 2:
        return ""
    start, end = (edge(curve.tokens[at] for curve in known.values()) for edge, at in ((min, 0), (max, -1)))
    at: Floats = np.geomspace(max(start, 1), max(end, 2), 400)
    table = np.stack(
        [
            np.where((at >= c.tokens[0]) & (at <= c.tokens[-1]), np.interp(at, c.tokens, c.coverage), -1.0)
            for c in known.values()
        ]
    )
    rivals = (table >= 0).sum(axis=0) > 1
    at, first = at[rivals], table[:, rivals].argmax(axis=0)
    if not len(at):
        return ""
    edges = np.flatnonzero(np.diff(first, prepend=-1))
    ends = np.append(edges[1:], len(at)) - 1
    names = list(known)
    leads: list[tuple[str, float]] = []
    for a, b in zip(edges, ends, strict=True):
        leader = names[first[a]]
        if at[b] >= (1 + _LASTING) * at[a] and (not leads or leads[-1][0] != leader):
            leads.append((leader, float(at[a])))
    if not leads:
        return ""
    later = (f", then from about {_round(low):,} tokens for {_name(name)}" for name, low in leads[1:])
    return f"coverage is highest for {_name(leads[0][0])}{''.join(later)}"


def _turns(at: Floats, sign: Floats) -> list[tuple[float, float]]:
    """Where a lasting lead changes hands: (tokens, sign of the new lead)."""
    decided = np.flatnonzero(sign)
    if not len(decided):
        return []
    edges = np.flatnonzero(np.diff(sign[decided], prepend=0.0))  # where a run of one sign begins
    ends = np.append(edges[1:], len(decided)) - 1
    runs = [
        (float(at[decided[start]]), float(sign[decided[start]]))
        for start, end in zip(edges, ends, strict=True)
        if end == len(decided) - 1 or at[decided[end]] >= (1 + _LASTING) * at[decided[start]]
    ]
    return [(tokens, lead) for (_, before), (tokens, lead) in pairwise(runs) if before != lead]


def _name(method: str) -> str:
    return NAMES.get(method, method)


def _round(value: float) -> int:
    digits = max(0, len(str(int(value))) - 2)
    return int(round(value, -digits))
