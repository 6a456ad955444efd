"""Does the selected subset train a better model than random rows?

    python -m explorer ingest ../shared/data/mix_51k.jsonl -w WS --limit 5200    # then extract, embed, cluster, score
    python -m tests.benchmarks.training -w WS --held-out ../shared/data/mix_51k.jsonl
    python -m tests.benchmarks.tables                                            # writes the result into the README

Every method gets the same budget, base model (SmolLM2-135M-Instruct) and LoRA training, with three seeds by default; a
method with random draws makes another selection for each seed. Held-out rows are rows of the same mixture outside the
pool, which favours random. A stopped run resumes; `--seeds 1` gives a first answer sooner.
"""

from __future__ import annotations

import argparse
import sys

from explorer.pipeline.evaluate import evaluate
from explorer.pipeline.refine import refine
from explorer.pipeline.select import select
from explorer.workspace import Snapshot, Store
from tests.benchmarks import tables
from tests.benchmarks.machine import save

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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-w", "--workspace", required=True)
    parser.add_argument("--held-out", default="10%")
    parser.add_argument("--budget", default="5%")
    parser.add_argument("--match", default="rows")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--refined", type=int, default=3, help="refinements (iterative-kmq), one a seed")
    run(parser.parse_args())
    print(tables.training())


if __name__ == "__main__":
    main()
