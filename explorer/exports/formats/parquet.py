"""Parquet of the source rows with typed columns: the source's own types where it declared them, else inferred."""

from __future__ import annotations

from pathlib import Path

from explorer.exports.formats.lines import NoParams, Options
from explorer.exports.picks import Picks
from explorer.exports.typed import batches_of
from explorer.progress import Progress


class ParquetExport:
    """For pandas, DuckDB, Spark and `datasets`."""

    slug = "parquet"
    title = "Parquet (typed columns)"
    suffix = ".parquet"
    takes_extras = True
    Params = NoParams

    def write(self, picks: Picks, target: Path, params: Options, progress: Progress, *, ending: str) -> int:
        """Write one zstd Parquet file, a batch in memory at a time."""
        del params, ending
        import pyarrow.parquet as pq

        schema, batches = batches_of(picks)
        rows = 0
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
                progress("export", rows, picks.rows, "rows")
        return rows
