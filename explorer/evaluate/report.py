"""From trials to the comparison: means with intervals, differences from the baseline, what is real, one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from explorer.evaluate.seed_groups import Arm
from explorer.evaluate.statistics import Estimate, Losses, Strata, difference, holm, mean_loss
from explorer.evaluate.trials import Trial

REAL = 0.05  # a difference counts as real when its p-value, corrected for the number of methods, is below this


@dataclass(frozen=True)
class Report:
    """`results` has one entry an arm, best first; `sources` names the held-out sources with their rows."""

    baseline: str
    base_loss: float
    results: list[dict[str, Any]]
    sources: dict[str, int]
    summary: str


def compare(
    arms: Sequence[Arm],
    baseline: Arm | None,
    trials: Mapping[tuple[int, int], Trial],
    sources: Sequence[str],
    shares: Mapping[str, float],
) -> Report:
    """Compare the arms on the held-out rows.

    Args:
        arms: The arms.
        baseline: The one that the others are compared with; None compares with none.
        trials: By (arm, seed); the base model is (-1, 0).
        sources: Of each held-out row.
        shares: Share of the data that each source is: an overall loss weighs the sources by it.
    """
    strata = Strata.of(sources, shares)
    made = [[trials[a, s] for a_, s in sorted(trials) if a_ == a] for a in range(len(arms))]
    losses = [np.array([trial.losses for trial in found]) for found in made]
    base = np.array([trials[-1, 0].losses])
    at = arms.index(baseline) if baseline is not None else None
    gaps = [None if at is None or a == at else difference(losses[a], losses[at], strata) for a in range(len(arms))]
    corrected = holm([gap.p if gap else None for gap in gaps])
    level = float(strata.means(losses[at].mean(axis=0))) if at is not None else None
    entries = []
    for arm, found, each, gap, p in zip(arms, made, losses, gaps, corrected, strict=True):
        loss = mean_loss(each, strata)
        entry: dict[str, Any] = {
            "arm": arm.key,
            "label": arm.label,
            "method": arm.method,
            "selections": [run.id for run in arm.runs],
            "seeds": len(found),
            "rows": found[0].rows,
            "tokens": _mean([trial.tokens for trial in found]),
            "response_tokens": _mean([trial.response_tokens for trial in found]),
            "seconds": _mean([trial.seconds for trial in found]),
            "loss": loss.value,
            "loss_low": loss.low,
            "loss_high": loss.high,
            "gain_over_base": 1 - loss.value / float(strata.means(base[0])),
            **_relative(gap, level),
            "p": gap.p if gap else None,
            "p_corrected": p,
            "real": bool(p is not None and p < REAL),
            "benchmarks": _benchmarks(found, made[at] if at is not None else []),
            "by_source": _by_source(each, losses[at] if gap is not None and at is not None else None, sources),
        }
        entries.append(entry)
    entries.sort(key=lambda entry: entry["loss"])
    counts = {source: list(sources).count(source) for source in sorted(set(sources))}
    base_loss = float(strata.means(base[0]))
    label = baseline.label if baseline is not None else ""
    return Report(label, base_loss, entries, counts, _summary(entries, label))


def _benchmarks(found: Sequence[Trial], baseline: Sequence[Trial]) -> dict[str, dict[str, Any]]:
    """Accuracy on each benchmark, and by how much it is above the baseline's, each with its interval."""
    out = {}
    for slug in found[0].benchmarks:
        own = np.array([trial.benchmarks[slug] for trial in found])
        strata = Strata.of([slug] * own.shape[1], {slug: 1.0})
        right = mean_loss(own, strata)
        entry = {"accuracy": right.value, "low": right.low, "high": right.high, "items": right.rows}
        if baseline and found is not baseline:
            gap = difference(own, np.array([trial.benchmarks[slug] for trial in baseline]), strata)
            entry |= {"above": gap.value, "above_low": gap.low, "above_high": gap.high, "p": gap.p}
        out[slug] = entry
    return out


def _relative(gap: Estimate | None, level: float | None) -> dict[str, float | None]:
    """How much lower the loss is than the baseline's, as a share of it; the baseline's own error is in the pairing."""
    if gap is None or not level:
        return {"improvement": None, "improvement_low": None, "improvement_high": None}
    return {
        "improvement": -gap.value / level,
        "improvement_low": None if gap.high is None else -gap.high / level,
        "improvement_high": None if gap.low is None else -gap.low / level,
    }


def _by_source(losses: Losses, baseline: Losses | None, sources: Sequence[str]) -> dict[str, dict[str, Any]]:
    names = np.array(sources)
    out = {}
    for name in sorted(set(sources)):
        inside = names == name
        strata = Strata.of([name] * int(inside.sum()), {name: 1.0})
        found = asdict(mean_loss(losses[:, inside], strata))
        entry = {"loss": found["value"], "loss_low": found["low"], "loss_high": found["high"], "rows": found["rows"]}
        if baseline is not None:
            gap = difference(losses[:, inside], baseline[:, inside], strata)
            entry |= _relative(gap, float(baseline[:, inside].mean()))
        out[name] = entry
    return out


def _summary(entries: Sequence[Mapping[str, Any]], baseline: str) -> str:
    """One sentence with the answer."""
    compared = [entry for entry in entries if entry["improvement"] is not None]
    if not compared:
        return ""
    better = [entry for entry in compared if entry["real"] and entry["improvement"] > 0]
    worse = [entry for entry in compared if entry["real"] and entry["improvement"] < 0]
    best = max(compared, key=lambda entry: entry["improvement"])
    if better:
        first = max(better, key=lambda entry: entry["improvement"])
        start = f"{first['label']} trains best: its held-out loss is {_percent(first)} lower than {baseline}'s"
    else:
        side = "below" if best["improvement"] > 0 else "above"
        start = (
            f"No selection trains significantly better than {baseline}; the best, {best['label']}, has a held-out loss "
        )
        start += f"{_percent(best)} {side} {baseline}'s"
    unclear = len(compared) - len(better) - len(worse)
    verdict = f"{len(better)} better, {len(worse)} worse and {unclear} not significantly different from {baseline}"
    return f"{start}. Of {len(compared)} methods {verdict} (corrected p < {REAL})."


def _percent(entry: Mapping[str, Any]) -> str:
    return f"{abs(entry['improvement']):.1%}"


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 3)
