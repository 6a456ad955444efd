"""Alpaca: `instruction`, `input` and `output`, with `system` and `history` where a row has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from explorer.ingest.formats.columns import Columns

NAMES = {"prompt": "instruction", "input": "input", "response": "output", "system": "system", "history": "history"}


class Alpaca(Columns):
    """The columns of Alpaca under their own names."""

    slug = "alpaca"
    title = "Alpaca (instruction, input, output)"

    def match(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
        """Fits where `instruction` and `output` are there; the other columns are used where present."""
        columns = {name for row in rows for name in row}
        if not {"instruction", "output"} <= columns:
            return None
        return {role: name for role, name in NAMES.items() if name in columns}
