"""What each method takes: the planted rows of the demo, and people's own choices of Alpaca beside ours.

    python -m tests.benchmarks.choices
    python -m tests.benchmarks.choices --data mix.jsonl --published published_alpaca_selections.json --rows 2500

The first prints, for every method at 5 % of the demo, the share of its picks that are near-duplicates or junk. The
second extracts the first Alpaca rows of a mixture and measures the published selections among them against ours at the
same number of rows and at the same number of response tokens.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from explorer.pipeline.demo import WORKSPACE
from explorer.pipeline.extract import extract
from explorer.pipeline.ingest import ingest
from explorer.pipeline.select import rank
from explorer.selection.methods import METHODS
from explorer.selection.metrics import coverage, redundancy
from explorer.workspace import Snapshot, Store
from tests.benchmarks.machine import save

KINDS = ("near-duplicate", "junk-truncated", "junk-repeated", "junk-off-topic", "junk-cluster")
NEED_MORE = ("curated", "union", "intersection", "vote")
OURS = ("sae-greedselect", "sae-saturated", "sae-simscale", "longest", "random")


def planted() -> list[dict[str, object]]:
    """For each method at 5 % of the demo: picks by planted kind, as shares of the picks."""
    store = Store.open(WORKSPACE)
    rows = Snapshot.newest(store).table("samples").df()
    kind = rows.meta.map(lambda text: json.loads(text).get("planted") or "").to_numpy()
    table: list[dict[str, object]] = [{"method": "(the whole demo)", **{k: float(np.mean(kind == k)) for k in KINDS}}]
    for method in METHODS:
        if method.slug not in NEED_MORE:
            picks = rank(store, method.slug, budget="5%").ranking.positions
            shares = {k: float(np.mean(kind[picks] == k)) for k in KINDS}
            table.append({"method": method.slug, "rows": len(picks), **shares})
    return table


def alpaca(data: Path, rows: int, folder: Path) -> tuple[Store, dict[str, int]]:
    """A workspace in `folder` of the first `rows` Alpaca rows of `data`, and the sample of each row id."""
    kept = []
    with open(data, encoding="utf-8") as lines:
        for line in lines:
            if json.loads(line)["source"].startswith("alpaca") and "gpt4" not in json.loads(line)["source"]:
                kept.append(line)
            if len(kept) == rows:
                break
    (folder / "alpaca.jsonl").write_text("".join(kept), "utf-8")
    store = Store.create(folder / "workspace")
    ingest(store, str(folder / "alpaca.jsonl"))
    extract(store)
    samples = Snapshot.newest(store).table("samples").df()
    ids = {str(json.loads(raw)["id"]): int(sample) for raw, sample in zip(samples.raw, samples.sample_id, strict=True)}
    return store, ids


def published(store: Store, ids: dict[str, int], path: Path) -> list[dict[str, object]]:
    """Coverage, redundancy and length of each published selection and of ours at its rows and at its tokens."""
    pool = rank(store, "random", "100%").pool
    sets, tokens = pool.features, pool.response_tokens
    assert sets is not None and tokens is not None

    def figures(name: str, at: str, picks: np.ndarray) -> dict[str, object]:
        return {
            "selection": name,
            "at": at,
            "rows": len(picks),
            "coverage": round(coverage(sets, picks), 4),
            "redundancy": round(redundancy(sets, picks), 4),
            "tokens": int(tokens[picks].sum()),
        }

    table = []
    for name, entry in json.loads(path.read_text("utf-8")).items():
        known = [ids[str(row)] for row in entry["ids"] if str(row) in ids]
        if len(known) < 5:
            continue
        picks = np.asarray(known, dtype=np.int64)
        table.append(figures(name, "published", picks))
        for slug in OURS:
            for at, budget in (("its rows", str(len(picks))), ("its tokens", f"{int(tokens[picks].sum())}tok")):
                table.append(figures(slug, at, rank(store, slug, budget=budget).ranking.positions))
    return table


def show(rows: list[dict[str, object]], write: Callable[[str], object] = print) -> None:
    """Print a table as Markdown; shares as percentages."""
    columns = list(rows[-1])
    write(f"| {' | '.join(columns)} |")
    write(f"|{'---|' * len(columns)}")
    for row in rows:
        cells = [row.get(column, "") for column in columns]
        write(f"| {' | '.join(f'{c:.1%}' if isinstance(c, float) else str(c) for c in cells)} |")


def main() -> None:
    """Print both tables and save them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--published", type=Path)
    parser.add_argument("--rows", type=int, default=2500)
    options = parser.parse_args()
    result: dict[str, object] = {"planted": planted()}
    show(result["planted"])  # type: ignore[arg-type]
    if options.data and options.published:
        with tempfile.TemporaryDirectory() as folder:
            store, ids = alpaca(options.data, options.rows, Path(folder))
            result["published"] = published(store, ids, options.published)
        show(result["published"])  # type: ignore[arg-type]
    save("choices", result)


if __name__ == "__main__":
    main()
