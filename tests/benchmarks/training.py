"""Does the chosen subset train a better model? The real run behind the README's table.

    python -m explorer ingest ../shared/data/mix_51k.jsonl -w WS --limit 5200    # then extract, embed, cluster, score
    python -m tests.benchmarks.training -w WS --held-out ../shared/data/mix_51k.jsonl
    python -m tests.benchmarks.training --readme                                 # the README's table from the result

Every method at the same budget, the same base (SmolLM2-135M-Instruct) and LoRA training, three seeds each; methods
with random draws make another selection for each seed. Held-out rows are rows of the same mixture outside the pool. It
goes on where it was stopped; `--seeds 1` first gives a first answer.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from explorer.pipeline.evaluate import evaluate
from explorer.pipeline.refine import refine
from explorer.pipeline.select import select
from explorer.workspace import Snapshot, Store
from tests.benchmarks.machine import RESULTS, save

DRAWN = ("random", "length-matched-random", "kmq")
FIXED = ("longest", "sae-greedselect", "sae-simscale", "k-center", "deita")
HOW = {"epochs": 1, "batch_rows": 8, "learning_rate": 1e-3, "max_tokens": 512}


def told(stage: str, done: float, total: float | None, note: str = "") -> None:
    print(f"{stage} {done}/{total} {note}", file=sys.stderr)


def run(options: argparse.Namespace) -> None:
    store = Store.open(options.workspace)
    runs = [
        select(store, method, budget=options.budget, seed=seed, name=f"{method}-{seed}").artifact
        for seed in range(3)
        for method in (*DRAWN, *(FIXED if seed == 0 else ()))
    ]
    for seed in range(options.refined):
        made = refine(
            store,
            budget=options.budget,
            seed=seed,
            params=HOW,
            max_new_tokens=64,
            name=f"refined-{seed}",
            progress=told,
        )
        runs.append(made.selection)
    result = evaluate(
        store,
        runs,
        seeds=options.seeds,
        match=options.match,
        held_out=options.held_out,
        held_out_rows=240,
        params=HOW,
        progress=told,
    )
    rows = Snapshot.newest(store).require("samples").manifest.rows["samples"]
    save(
        "training",
        {
            "pool": rows,
            "budget": options.budget,
            "match": options.match,
            "seeds": options.seeds,
            "training": HOW,
            "held_out": result.held_out,
            "baseline": result.baseline,
            "summary": result.summary,
            "failed": result.failed,
            "base_loss": store.resolve("evaluations", result.artifact).manifest.info["base_loss"],
            "results": result.results,
        },
    )


def table(found: Mapping[str, Any]) -> str:
    """The README's table."""
    lines = [
        "| method | rows | training tokens | seconds | held-out loss | against random (95 % interval) | p, corrected |",
        "|---|---|---|---|---|---|---|",
    ]
    for entry in found["results"]:
        gap, p = "the baseline", ""
        if entry["improvement"] is not None:
            gap = f"{100 * entry['improvement']:+.1f} %"
            if entry["improvement_low"] is not None:
                gap += f" ({100 * entry['improvement_low']:+.1f} to {100 * entry['improvement_high']:+.1f})"
            p = f"{entry['p_corrected']:.3f}" if entry["p_corrected"] is not None else "–"
        cost = f"{entry['rows']:,} | {entry['tokens']:,.0f} | {entry['seconds']:,.0f}"
        lines.append(f"| `{entry['label']}` | {cost} | {entry['loss']:.3f} | {gap} | {p} |")
    return "\n".join(lines)


def section(found: Mapping[str, Any]) -> str:
    """What the README says between its two marks: how it was run, the table, the answer."""
    how, held = found["training"], found["held_out"]
    seeds = f"{found['seeds']} seed{'s' if found['seeds'] > 1 else ''}"
    words = [
        f"A real run: SmolLM2-135M-Instruct, pool of {found['pool']:,} rows of a public mixture,",
        f"{found['budget']} of them, equal {found['match']}, LoRA, {how['epochs']} pass at learning rate",
        f"{how['learning_rate']:g}, {seeds} each; {held['rows']} held-out rows of the mixture. Before training the",
        f"loss is {found['base_loss']:.3f} nats a response token. Positive is better than random.",
    ]
    made = "`python -m tests.benchmarks.training -w WS --held-out FILE`; all figures, by source too, in "
    made += "`tests/benchmarks/results/training.json`"
    return f"{' '.join(words)}\n\n{table(found)}\n\n{found['summary']} ({made}.)"


def write_readme(found: Mapping[str, Any]) -> None:
    """Put `section` between the README's marks."""
    file = RESULTS.parents[2] / "README.md"
    start, rest = file.read_text("utf-8").split("<!-- training -->\n", 1)
    end = rest.split("<!-- /training -->", 1)[1]
    file.write_text(f"{start}<!-- training -->\n{section(found)}\n<!-- /training -->{end}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-w", "--workspace")
    parser.add_argument("--held-out", default="10%")
    parser.add_argument("--budget", default="5%")
    parser.add_argument("--match", default="rows")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--refined", type=int, default=3, help="refinements (iterative-kmq), one a seed")
    parser.add_argument("--readme", action="store_true", help="write the table of the stored result into the README")
    options = parser.parse_args()
    if options.workspace:
        run(options)
    found = json.loads((RESULTS / "training.json").read_text("utf-8"))
    if options.readme:
        write_readme(found)
    print(table(found))


if __name__ == "__main__":
    main()
