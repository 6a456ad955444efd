"""Export formats: one file each, `EXPORTS` the one list of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from explorer.exports.formats.alpaca import AlpacaExport
from explorer.exports.formats.indices import IndicesExport
from explorer.exports.formats.jsonl import JsonLinesExport
from explorer.exports.formats.lines import Options
from explorer.exports.formats.messages import MessagesExport
from explorer.exports.formats.parquet import ParquetExport
from explorer.exports.formats.saved import SavedExport
from explorer.exports.formats.separated import SeparatedExport
from explorer.exports.formats.sharegpt import ShareGptExport
from explorer.exports.picks import Picks
from explorer.progress import Progress
from explorer.registry import Registry


class ExportFormat(Protocol):
    """Writes picks to one file or folder. `Params` is a dataclass of options (see `explorer.registry`)."""

    @property
    def slug(self) -> str:
        """Its name in options and recipes."""
        ...

    @property
    def title(self) -> str:
        """What a person reads."""
        ...

    @property
    def suffix(self) -> str:
        """The usual ending of its files; "" for a folder."""
        ...

    @property
    def takes_extras(self) -> bool:
        """Whether extra columns have a place in it."""
        ...

    @property
    def Params(self) -> type[Any]:
        """Its options."""
        ...

    def write(self, picks: Picks, target: Path, params: Options, progress: Progress, *, ending: str) -> int:
        """Write all picks to `target`, a new path; returns the rows. `ending` is that of the final name."""
        ...


EXPORTS: Registry[ExportFormat] = Registry(
    "export format",
    [
        AlpacaExport(),
        JsonLinesExport(),
        ParquetExport(),
        SeparatedExport(),
        SavedExport(),
        ShareGptExport(),
        MessagesExport(),
        IndicesExport(),
    ],
)
