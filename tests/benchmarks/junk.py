"""Does refinement let go of junk? The demo's planted junk, refined against static kMQ at the same budget.

    python -m tests.benchmarks.junk --budget 20%

The junk cluster is the one with most rows planted as such (`meta.planted`); its weight is that of the refinement after
each iteration. Junk are all planted rows but near-duplicates.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from typing import Any

from explorer.pipeline.demo import WORKSPACE
from explorer.pipeline.refine import refine
from explorer.pipeline.select import select
from explorer.workspace import Snapshot, Store
from tests.benchmarks.machine import save

JUNK = "coalesce(json_extract_string(s.meta, '$.planted'), '') LIKE 'junk%'"


def junk_share(store: Store, reference: str) -> dict[str, float]:
    """Share of a selection's rows that are junk of any kind, and of each kind."""
    run, samples = store.resolve("selections", reference), Snapshot.newest(store).require("samples")
    planted = "coalesce(json_extract_string(s.meta, '$.planted'), '')"
    kinds = ("junk-cluster", "junk-repeated", "junk-truncated", "junk-off-topic")
    each = ", ".join(f"avg(({planted} = '{kind}')::INT)" for kind in kinds)
    rows = f"{store.scan(run)} r JOIN {store.scan(samples)} s USING (sample_id)"
    shares = store.sql(f"SELECT avg(({JUNK})::INT), {each} FROM {rows}").fetchall()[0]
    return {name: round(float(share), 4) for name, share in zip(("any", *kinds), shares, strict=True)}


def junk_clusters(store: Store) -> list[tuple[int, int, int]]:
    """(cluster, rows, junk rows) of the clusters that are junk by half and more, largest junk first."""
    samples, clusters = Snapshot.newest(store).require("samples"), Snapshot.newest(store).require("clusters")
    query = (
        f"SELECT c.cluster, count(*), count(*) FILTER ({JUNK}) AS junk FROM {store.scan(samples)} s "
        f"JOIN {store.scan(clusters)} c USING (sample_id) GROUP BY 1 HAVING junk * 2 > count(*) ORDER BY junk DESC"
    )
    return [tuple(row) for row in store.sql(query).fetchall()]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--budget", default="20%")
    parser.add_argument("--iterations", type=int, default=3)
    parser.add_argument("--factor", default="heuristic")
    parser.add_argument("--workspace", help="a copy of the demo to keep, so that a stopped run goes on")
    options = parser.parse_args()

    def told(stage: str, done: float, total: float | None, note: str = "") -> None:
        print(f"{stage} {done}/{total} {note}", file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder:
        where = options.workspace or f"{folder}/demo"
        shutil.copytree(WORKSPACE, where, dirs_exist_ok=True)
        store = Store.open(where)
        refined = refine(
            store,
            budget=options.budget,
            iterations=options.iterations,
            factor=options.factor,
            params={"epochs": 1, "max_tokens": 384},
            max_new_tokens=64,
            name="refined",
            progress=told,
        )
        select(store, "kmq", budget=options.budget, name="static kmq")
        clusters: dict[str, Any] = {}
        for cluster, rows, junk in junk_clusters(store):
            weights = [entry["weights"][str(cluster)] for entry in refined.iterations]
            clusters[str(cluster)] = {
                "rows": rows,
                "junk": junk,
                "weights": [round(weight, 5) for weight in weights],
                "left": round(weights[-1] / weights[0], 4),
            }
        save(
            "junk",
            {
                "budget": options.budget,
                "rows": refined.rows,
                "factor": options.factor,
                "seconds": refined.seconds,
                "junk_clusters": clusters,
                "junk_share": {name: junk_share(store, name) for name in ("refined", "static kmq")},
            },
        )


if __name__ == "__main__":
    main()
