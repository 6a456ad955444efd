"""Zero-based rows of the source in pick order: a JSON list, or a NumPy file (`.npy`, int64, never pickled).

Rows are counted over the whole source, dropped rows included; of a folder, file after file in order of their names.
"""

from __future__ import annotations

import json
from pathlib import Path

from explorer.errors import refuse
from explorer.exports.formats.lines import NoParams, Options
from explorer.exports.picks import Picks
from explorer.progress import Progress


class IndicesExport:
    """Only which rows, for `dataset.select(indices)` and the like."""

    slug = "indices"
    title = "Row numbers (JSON or .npy)"
    suffix = ".json"
    takes_extras = False
    Params = NoParams

    def write(self, picks: Picks, target: Path, params: Options, progress: Progress, *, ending: str) -> int:
        """Write the list in the form that the name's ending asks for."""
        del params
        rows = picks.source_rows()
        if ending == ".npy":
            import numpy as np

            with open(target, "wb") as file:
                np.save(file, np.asarray(rows, dtype=np.int64), allow_pickle=False)
        elif ending in (".json", ""):
            target.write_text(json.dumps(rows) + "\n", "utf-8")
        else:
            refuse("indices are written as JSON or as a NumPy file", got=ending, allowed=".json, .npy")
        progress("export", len(rows), len(rows), "rows")
        return len(rows)
