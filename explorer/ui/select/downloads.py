"""A saved selection as the bytes of a download. Does not import Streamlit."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from explorer.workspace import Store


def export_bytes(store: Store, run_id: str, export_format: str, extras: Sequence[str]) -> bytes:
    """Export a selection into memory; `bundle` and formats that write a folder come as a zip."""
    from explorer.exports.bundle import bundle
    from explorer.pipeline.export import export

    with tempfile.TemporaryDirectory() as folder:
        if export_format == "bundle":
            target = bundle(store, store.resolve("selections", run_id), Path(folder) / "selection", extras=extras).path
        else:
            out = Path(folder) / file_name("selection", export_format)
            target = Path(export(store, run_id, format=export_format, out=out, extras=extras).path)
        return _zipped(target) if target.is_dir() else target.read_bytes()


def bytes_of(store: Store, run_id: str) -> int:
    """Estimate the size of an export: the bytes of its source rows."""
    from explorer.exports.picks import Picks

    return Picks.of(store, store.resolve("selections", run_id)).source_bytes()


def file_name(stem: str, export_format: str) -> str:
    """Return the file name of the export, before zipping."""
    from explorer.exports.formats import EXPORTS

    return f"{stem}{EXPORTS[export_format].suffix}"


def download_name(stem: str, export_format: str) -> str:
    """Return the file name of the download."""
    if export_format == "bundle":
        return f"{stem}.zip"
    name = file_name(stem, export_format)
    return name if "." in name[len(stem) :] else f"{name}.zip"


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder.parent))
    return buffer.getvalue()
