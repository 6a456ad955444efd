"""Datasets of the Hugging Face hub, and folders written by `datasets.save_to_disk`, through `datasets`."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import InputError, refuse
from explorer.ingest.datamodels import Row
from explorer.ingest.origin import digest_of
from explorer.ingest.readers import SUFFIXES
from explorer.ingest.readers.parquet import BATCH, rows_of
from explorer.network import hub_if_reachable

if TYPE_CHECKING:
    import pyarrow as pa

_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


@dataclass(frozen=True)
class OpenedDataset:
    """A `datasets.Dataset`, memory-mapped: rows are read from disk as they are asked for."""

    dataset: Any
    name: str
    where: str
    kind: str = "datasets"

    @property
    def stem(self) -> str:
        """The last part of the id or path."""
        return self.name.rsplit("/", 1)[-1]

    def rows(self) -> Generator[Row, None, None]:
        """Yield the rows from the first, without decoding images or audio."""
        batches = self.dataset.with_format("arrow").iter(batch_size=BATCH)
        return rows_of(batch for table in batches for batch in table.to_batches())

    def identity(self) -> dict[str, Any]:
        """Name, size and digest of the Arrow files that hold the rows, and which of their rows are used."""
        size, digest = digest_of([Path(file["filename"]) for file in self.dataset.cache_files])
        return {"name": self.name, "bytes": size, "blake2b": digest, "rows": self.dataset.num_rows}

    def schema(self) -> pa.Schema | None:
        """Return the Arrow schema of the features."""
        return self.dataset.features.arrow_schema


def looks_like_id(source: str) -> bool:
    """Whether a source that is no path can be a dataset id (`name` or `owner/name`), rather than a mistyped file."""
    return _ID.fullmatch(source) is not None and not source.lower().endswith(SUFFIXES)


def is_saved(folder: Path) -> bool:
    """Whether `datasets.save_to_disk` wrote this folder."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def saved(folder: Path, split: str) -> OpenedDataset:
    """Open a folder written by `datasets.save_to_disk`; of several splits, `split`."""
    import datasets

    try:
        found = datasets.load_from_disk(str(folder))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder} cannot be opened as a saved dataset: {_line(error)}") from error
    if isinstance(found, datasets.DatasetDict):
        if split not in found:
            refuse(f"{folder} has no split {split!r}", allowed=list(found))
        found = found[split]
    return OpenedDataset(found, folder.resolve().name, str(folder))


def from_hub(name: str, split: str) -> OpenedDataset:
    """Fetch a dataset of the hub (kept in the `datasets` cache) and open its `split`."""
    import datasets

    try:
        with hub_if_reachable():
            found = datasets.load_dataset(name, split=split)
    except Exception as error:  # the hub client's own families, some of them of its HTTP library: all mean "not had"
        raise InputError(
            f"{name} is neither a file or folder here nor a dataset that could be fetched from the Hugging Face hub "
            f"({_line(error)})"
        ) from error
    return OpenedDataset(found, name, name)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."
