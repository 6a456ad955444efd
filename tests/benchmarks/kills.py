"""Kill an extraction with SIGKILL at random moments, start it again until it ends, and compare its files.

    python -m tests.benchmarks.kills --kills 25

Runs on a tiny random model and SAE, so that it is the interruptions that are measured and not the model.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from explorer.pipeline.ingest import ingest
from explorer.workspace import Snapshot, Store
from tests import tiny
from tests.benchmarks.machine import save

ROWS = 9000


def prepare(folder: Path, rows: int = ROWS) -> list[str]:
    """Write a tiny model and SAE and `rows` rows; returns the options of `extract` that name them."""
    tiny.save_model(folder / "model")
    tiny.save_sae(folder / "sae")
    words = "sea sand sky fox dog Paris France poem quick brown lazy capital write jump over".split()
    rng = random.Random(0)
    with open(folder / "rows.jsonl", "w", encoding="utf-8") as file:
        for i in range(rows):
            text = " ".join(rng.choices(words, k=rng.randint(3, 60)))
            file.write(json.dumps({"instruction": f"row {i}", "input": "", "output": text}) + "\n")
    return ["--model", str(folder / "model"), "--sae", str(folder / "sae"), "--dtype", "float32", "--json"]


def fresh(folder: Path, name: str) -> Store:
    """A workspace with the rows in it."""
    store = Store.create(folder / name)
    ingest(store, str(folder / "rows.jsonl"))
    return store


def digests(store: Store) -> dict[str, str]:
    """SHA-256 of every table file of the newest extraction."""
    folder = Snapshot.newest(store).require("activations").path
    files = sorted(folder.rglob("*.parquet"))
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def main() -> None:
    """Kill, resume, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    arguments = prepare(folder)

    def command(store: Store) -> list[str]:
        return [sys.executable, "-m", "explorer", "extract", "-w", str(store.path), *arguments]

    whole = fresh(folder, "whole")
    began = time.perf_counter()
    subprocess.run(command(whole), check=True, capture_output=True)
    seconds = time.perf_counter() - began
    expected = digests(whole)
    rng = random.Random(1)
    kills, runs, equal = 0, 0, 0
    while kills < options.kills:
        store = fresh(folder, f"run-{runs}")
        while store.newest("activations") is None:
            process = subprocess.Popen(command(store), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=rng.uniform(0.4, 1.05) * seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
        runs += 1
        equal += digests(store) == expected
    save("kills", {"rows": ROWS, "kills": kills, "runs": runs, "runs_with_equal_files": equal})
    if equal != runs:
        sys.exit(1)


if __name__ == "__main__":
    main()
