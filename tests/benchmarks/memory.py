"""Peak memory of an extraction of 5,000 and of 50,000 rows, which must be about the same.

    python -m tests.benchmarks.memory

Runs on a tiny random model and SAE, in a process of its own each time, so that what is left is what the rows cost.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from explorer.workspace import Snapshot
from tests.benchmarks.kills import fresh, prepare
from tests.benchmarks.machine import save


def peak(rows: int) -> int:
    """Highest resident memory, in bytes, of `extract` on `rows` rows."""
    folder = Path(tempfile.mkdtemp())
    arguments = prepare(folder, rows)
    store = fresh(folder, "workspace")
    command = [sys.executable, "-m", "explorer", "extract", "-w", str(store.path), *arguments]
    subprocess.run(command, check=True, capture_output=True)
    return Snapshot.newest(store).require("activations").manifest.peak_memory


def main() -> None:
    """Measure both and save the ratio."""
    small, large = peak(5_000), peak(50_000)
    save(
        "memory",
        {
            "peak_mib_5000_rows": round(small / 2**20, 1),
            "peak_mib_50000_rows": round(large / 2**20, 1),
            "ratio": round(large / small, 3),
        },
    )


if __name__ == "__main__":
    main()
