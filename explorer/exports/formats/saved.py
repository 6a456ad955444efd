"""A folder of `datasets.save_to_disk`: the source rows with the same typed columns as the Parquet export."""

from __future__ import annotations

from pathlib import Path

from explorer.exports.formats.lines import NoParams, Options
from explorer.exports.picks import Picks
from explorer.exports.typed import batches_of
from explorer.progress import Progress


class SavedExport:
    """For `datasets.load_from_disk`."""

    slug = "hf"
    title = "Hugging Face dataset (save_to_disk)"
    suffix = ""
    takes_extras = True
    Params = NoParams

    def write(self, picks: Picks, target: Path, params: Options, progress: Progress, *, ending: str) -> int:
        """Stream the rows to an Arrow file beside the target, map it into memory, and save it as a dataset."""
        del params, ending
        import datasets
        import pyarrow as pa

        schema, batches = batches_of(picks)
        rows = 0
        streamed = target.with_name("stream.arrow")
        with pa.ipc.new_stream(streamed, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
                progress("export", rows, picks.rows, "rows")
        shown = datasets.are_progress_bars_disabled()
        datasets.disable_progress_bars()
        try:
            datasets.Dataset.from_file(str(streamed)).save_to_disk(str(target))
        finally:
            if not shown:
                datasets.enable_progress_bars()
            streamed.unlink(missing_ok=True)
        return rows
