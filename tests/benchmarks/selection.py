"""Selection speed and quality on real features: `python -m tests.benchmarks.selection --workspace WS`.

Reads the feature sets of a workspace, resamples them to 52,002 and 1,000,000 samples, runs the kernels and, where they
are installed, apricot and submodlib in the same process, prints the ratios and writes results/selection.json.
Peers are optional: `pip install apricot-select==0.6.1 submodlib-py==0.0.3`; one that is missing is reported as such.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from explorer.features.sets import FeatureSets
from explorer.pipeline.select import rank
from explorer.queries.sets import feature_sets
from explorer.selection.certificate import certify_coverage
from explorer.selection.coverage import by_size
from explorer.selection.methods import METHODS
from explorer.selection.metrics import coverage, redundancy
from explorer.workspace import Snapshot, Store

RESULTS = Path(__file__).parent / "results" / "selection.json"
BUDGETS = ("1%", "5%", "10%", "25%")
ENSEMBLES = ("curated", "union", "intersection", "vote")


def main() -> None:
    """Run everything and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", required=True, type=Path)
    parser.add_argument("--picks", type=int, default=500)
    parser.add_argument("--large", type=int, default=1_000_000, help="samples of the largest pool; 0 leaves it out")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--methods", action="store_true", help="also rank with every method (makes embeddings, …)")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    started = time.perf_counter()
    from explorer.selection.kernels import concave, cover, scan, weighted_cover  # noqa: F401

    report: dict[str, Any] = {"machine": machine(), "kernels_loaded_in_s": round(time.perf_counter() - started, 3)}
    store = Store.open(options.workspace)
    real = read(store)
    rng = np.random.default_rng(0)
    report["real"] = {"samples": real.n, "pairs": real.nnz, "width": real.width}
    medium = resample(real, 52_002, rng)
    report["peers"] = {"real": peers(real, options), "52002": peers(medium, options)}
    for name, pool in (("real", real), ("52002", medium), ("52002_all_different", different(medium, rng))):
        report[f"whole_ranking_{name}"] = whole(pool, options.repeat)
        say(f"whole ranking, {name}", report[f"whole_ranking_{name}"])
    del medium
    if options.large:
        report["large"] = large(real, options.large, rng)
        say("large", report["large"])
    if options.methods:
        report["methods"] = methods(store)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def machine() -> dict[str, Any]:
    """CPU model, cores and how busy they are with other work."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
    }


def read(store: Store) -> FeatureSets:
    """The response features of the newest extraction at its default threshold."""
    snapshot = Snapshot.newest(store)
    started = time.perf_counter()
    sets = feature_sets(snapshot)
    say("read", {"samples": sets.n, "pairs": sets.nnz, "seconds": round(time.perf_counter() - started, 3)})
    return sets


def resample(sets: FeatureSets, n: int, rng: np.random.Generator) -> FeatureSets:
    """`n` samples drawn with replacement."""
    return sets.take(rng.integers(0, sets.n, n))


def different(sets: FeatureSets, rng: np.random.Generator) -> FeatureSets:
    """The same samples, each without a random tenth of its features: hardly two are equal any more."""
    return sets._keep(rng.random(sets.nnz) > 0.1)


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Wall seconds, CPU seconds of this thread, and the result."""
    wall, cpu = time.perf_counter(), time.thread_time()
    result = work()
    return time.perf_counter() - wall, time.thread_time() - cpu, result


def greedy(sets: FeatureSets, limit: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Picks and rounds of the coverage kernel, its preparation included."""
    from explorer.selection.kernels.cover import cover

    order, _ = by_size(sets, np.ones(sets.n, bool))
    limit = len(order) if limit is None else min(limit, len(order))
    picks, gains, rounds = (np.empty(limit, np.int32) for _ in range(3))
    cover(
        sets.indptr,
        sets.indices,
        order,
        sets.counts.copy(),
        np.zeros(sets.width, np.uint8),
        limit,
        picks,
        gains,
        rounds,
    )
    return picks, rounds


def whole(sets: FeatureSets, repeat: int) -> dict[str, Any]:
    """The ranking of every sample: best and median of `repeat` runs."""
    runs = [timed(lambda: greedy(sets)) for _ in range(repeat)]
    picks, rounds = runs[0][2]
    return {
        "samples": sets.n,
        "pairs": sets.nnz,
        "ranked": len(picks),
        "rounds": int(rounds.max()),
        "first_round": int((rounds == 1).sum()),
        "best_s": round(min(r[0] for r in runs), 4),
        "median_s": round(float(np.median([r[0] for r in runs])), 4),
        "best_cpu_s": round(min(r[1] for r in runs), 4),
    }


def peers(sets: FeatureSets, options: argparse.Namespace) -> dict[str, Any]:
    """Time and coverage of `picks` picks: ours, apricot's sparse lazy MaxCoverage, submodlib's LazyGreedy set cover."""
    wall, cpu, (picks, _) = min(
        (timed(lambda: greedy(sets, options.picks)) for _ in range(options.repeat)), key=lambda t: t[0]
    )
    first = picks.astype(np.int64)
    report: dict[str, Any] = {
        "picks": options.picks,
        "ours_s": round(wall, 4),
        "ours_cpu_s": round(cpu, 4),
        "ours_coverage": coverage(sets, first),
    }
    report["apricot"] = _peer(lambda: _apricot(sets, options.picks), sets, report)
    report["submodlib"] = _peer(lambda: _submodlib(sets, options.picks), sets, report)
    say(f"{options.picks} picks of {sets.n}", report)
    return report


def _peer(
    work: Callable[[], tuple[float, float, list[int]]], sets: FeatureSets, ours: dict[str, Any]
) -> dict[str, Any]:
    try:
        setup, seconds, picks = work()
    except ImportError as error:
        return {"missing": str(error)}
    return {
        "setup_s": round(setup, 4),
        "seconds": round(seconds, 4),
        "coverage": coverage(sets, np.asarray(picks, np.int64)),
        "times_ours": round(seconds / ours["ours_s"], 1),
        "times_ours_with_setup": round((setup + seconds) / ours["ours_s"], 1),
    }


def _apricot(sets: FeatureSets, picks: int) -> tuple[float, float, list[int]]:
    from apricot import MaxCoverageSelection  # type: ignore[import-not-found]
    from scipy.sparse import csr_matrix

    started = time.perf_counter()
    matrix = csr_matrix((np.ones(sets.nnz), sets.indices, sets.indptr), shape=(sets.n, sets.width))
    selector = MaxCoverageSelection(picks, optimizer="lazy")
    setup = time.perf_counter() - started
    started = time.perf_counter()
    selector.fit(matrix)
    return setup, time.perf_counter() - started, [int(i) for i in selector.ranking]


def _submodlib(sets: FeatureSets, picks: int) -> tuple[float, float, list[int]]:
    from submodlib import SetCoverFunction  # type: ignore[import-not-found]

    started = time.perf_counter()
    rows = [set(sets.row(i).tolist()) for i in range(sets.n)]
    function = SetCoverFunction(n=sets.n, cover_set=rows, num_concepts=sets.width)
    setup = time.perf_counter() - started
    started = time.perf_counter()
    chosen = function.maximize(budget=picks, optimizer="LazyGreedy", stopIfZeroGain=False, stopIfNegativeGain=False)
    return setup, time.perf_counter() - started, [int(i) for i, _ in chosen]


def large(real: FeatureSets, n: int, rng: np.random.Generator) -> dict[str, Any]:
    """A tenth of `n` samples by greedy coverage, and one pass of SimScale."""
    from explorer.selection.kernels.scan import scan

    sets = resample(real, n, rng)
    pairs_bytes = sets.indices.nbytes + sets.values.nbytes + sets.indptr.nbytes
    _reset_peak()
    before = _resident()
    wall, cpu, (picks, rounds) = timed(lambda: greedy(sets, n // 10))
    extra = _peak() - before
    report: dict[str, Any] = {
        "samples": sets.n,
        "pairs": sets.nnz,
        "pairs_gib": round(pairs_bytes / 2**30, 3),
        "greedy_tenth_s": round(wall, 3),
        "greedy_tenth_cpu_s": round(cpu, 3),
        "rounds": int(rounds.max()),
        "picks": len(picks),
        "memory_over_pairs": round((pairs_bytes + max(0, extra)) / pairs_bytes, 2),
    }
    order, _ = by_size(sets, np.ones(sets.n, bool))
    picks, gains, rounds = (np.empty(5_000, np.int32) for _ in range(3))
    scan(sets.indptr, sets.indices, order, sets.width, 0.8, False, 5_000, picks, gains, rounds)
    limit = min(5_000, int((rounds == 1).sum()) + 1)  # a whole first pass ends with the first pick of the second
    work = (sets.indptr, sets.indices, order, sets.width, 0.8, False, limit, picks, gains, rounds)
    wall, cpu, _ = timed(lambda: scan(*work))
    return report | {
        "simscale_pass_s": round(wall, 3),
        "simscale_pass_cpu_s": round(cpu, 3),
        "simscale_pass_picks": limit - 1,
    }


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _reset_peak() -> None:
    """Forget earlier peaks of resident memory, so that building the pool is not counted (Linux)."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def _peak() -> int:
    """The highest resident memory since `_reset_peak`, in bytes."""
    status = Path("/proc/self/status").read_text("utf-8")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def methods(store: Store) -> list[dict[str, Any]]:
    """Every method at every budget: coverage, redundancy, tokens, seconds, certificate."""
    table = []
    for method in METHODS:
        if method.slug in ENSEMBLES:
            continue
        for budget in BUDGETS:
            ranked = rank(store, method.slug, budget=budget)
            sets, tokens, picks = ranked.pool.features, ranked.pool.response_tokens, ranked.ranking.positions
            assert sets is not None and tokens is not None
            row = {
                "method": method.slug,
                "budget": budget,
                "rows": len(picks),
                "coverage": round(coverage(sets, picks), 4),
                "certificate": round(certify_coverage(sets, picks).share, 4),
                "redundancy": round(redundancy(sets, picks), 4),
                "tokens": int(tokens[picks].sum()),
                "seconds": round(ranked.seconds, 4),
            }
            table.append(row)
            say(method.slug, row)
    return table


def say(what: str, figures: dict[str, Any]) -> None:
    """Print one line of figures."""
    print(f"{what}: " + json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
