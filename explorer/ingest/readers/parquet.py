"""Parquet files, and Arrow record batches of any other origin: typed, nested and null values are kept."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import InputError, refuse
from explorer.ingest.datamodels import Row
from explorer.ingest.values import json_text

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 1024  # rows turned into Python objects at a time


class Parquet:
    """Reader of Parquet files."""

    slug = "parquet"
    suffixes = (".parquet", ".pq")

    def rows(self, path: Path, *, split: str) -> Generator[Row, None, None]:
        """Yield one row per record, a batch in memory at a time."""
        del split
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(path) as file:
                names = file.schema_arrow.names
                twice = [name for name in names if names.count(name) > 1]
                if twice:
                    refuse(f"{path}: two columns are called {twice[0]!r}")
                yield from rows_of(file.iter_batches(batch_size=BATCH))
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _broken(path, error) from error

    def schema(self, path: Path) -> pa.Schema | None:
        """Return the file's own Arrow schema."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise _broken(path, error) from error


def rows_of(batches: Iterable[pa.RecordBatch]) -> Generator[Row, None, None]:
    """Turn record batches into rows whose `raw` is a JSON object that restores the values."""
    for batch in batches:
        for value in batch.to_pylist():
            yield Row(value, json_text(value))


def _broken(path: Path, error: Exception) -> InputError:
    return InputError(f"{path} cannot be read as Parquet: {' '.join(str(error).split())}")
