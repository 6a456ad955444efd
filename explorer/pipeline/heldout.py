"""The held-out rows of an evaluation: part of the dataset, or rows from a file."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from explorer.errors import refuse
from explorer.evaluate.split import held_out
from explorer.progress import Progress, silent
from explorer.quality.base import Item
from explorer.queries import columns
from explorer.queries.conversations import read_items
from explorer.selection.budget import Budget
from explorer.workspace import Artifact, Snapshot, Store


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows with their sources. `excluded` are the sample ids that must not be trained on.

    `shares` is the share of each source in the dataset, `identity` goes into the artifact's parameters, and `about`
    holds the counts.
    """

    items: list[Item]
    sources: list[str]
    shares: dict[str, float]
    excluded: frozenset[int]
    identity: dict[str, Any]
    about: dict[str, Any]

    def only(self, positions: list[int]) -> HeldOut:
        """The rows at `positions`, those with a loss."""
        items, sources = ([values[i] for i in positions] for values in (self.items, self.sources))
        if not items:
            refuse("no held-out row has a response token within max_tokens")
        about = {**self.about, "rows": len(items), "unusable": len(self.items) - len(items)}
        return replace(self, items=items, sources=sources, about=about)


def hold_out(snapshot: Snapshot, wanted: str, rows: int, *, progress: Progress = silent) -> HeldOut:
    """Choose the held-out rows.

    Args:
        snapshot: The dataset that is trained on.
        wanted: A share or number of its rows, or a data file, of which rows with a content or prompt of the dataset are
            left out.
        rows: Maximum number of rows that are measured.
        progress: Called while a file is read.

    Raises:
        InputError: a file that cannot be read, or no row left.
    """
    if rows < 1:
        refuse("at least 1 row must be held out", got=rows)
    store, samples = snapshot.store, snapshot.require("samples")
    hashes = columns.hashes(snapshot).tolist()
    codes, names = columns.sources(snapshot)
    sources = [names[code] for code in codes]
    counts = Counter(sources)
    shares = {name: count / len(sources) for name, count in counts.items()}
    if Path(wanted).is_file() or Path(wanted).is_dir():
        return _from_file(store, samples, Path(wanted), rows, shares, progress)
    wanted_rows = Budget.parse(wanted, units=("rows", "share")).rows(len(hashes))
    taken = held_out(hashes, sources, wanted_rows)
    contents = {hashes[i] for i in taken}
    excluded = frozenset(i for i, content in enumerate(hashes) if content in contents)
    measured = taken
    if len(taken) > rows:
        measured = taken[held_out([hashes[i] for i in taken], [sources[i] for i in taken], rows)]
    return HeldOut(
        items=list(read_items(store, samples, measured.tolist())),
        sources=[sources[i] for i in measured],
        shares=shares,
        excluded=excluded,
        identity={"from": "samples", "rows": wanted_rows, "measured": rows},
        about={"from": "the workspace", "rows": len(measured), "excluded": len(excluded)},
    )


def _from_file(
    store: Store, samples: Artifact, path: Path, rows: int, shares: dict[str, float], progress: Progress
) -> HeldOut:
    from explorer.pipeline.ingest import ingest

    status = path.stat()
    version = f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
    folder = store.path / ".cache" / "held-out" / hashlib.blake2b(version.encode(), digest_size=6).hexdigest()
    folder.parent.mkdir(parents=True, exist_ok=True)
    other = Store.create(folder, name="held out")
    if other.newest("samples") is None:
        ingest(other, str(path), progress=progress)
    theirs = Snapshot.newest(other).require("samples")
    query = (
        "SELECT h.sample_id, h.content_hash, coalesce(h.source, '') AS source "
        f"FROM {other.scan(theirs)} h WHERE NOT EXISTS (SELECT 1 FROM {store.scan(samples)} s "
        "WHERE s.content_hash = h.content_hash OR s.prompt = h.prompt) ORDER BY h.sample_id"
    )
    left = other.sql(query).to_arrow_table()
    ids = left.column("sample_id").to_pylist()
    if not ids:
        refuse(f"every row of {path} is in the dataset: none can be held out")
    hashes, sources = left.column("content_hash").to_pylist(), left.column("source").to_pylist()
    taken = held_out(hashes, sources, rows)
    total = theirs.manifest.rows["samples"]
    unknown = sorted({sources[i] for i in taken} - shares.keys())
    if unknown:  # the file's own shares, where its sources are not those of the workspace
        shares = {name: count / len(sources) for name, count in Counter(sources).items()}
    return HeldOut(
        items=list(read_items(other, theirs, [ids[i] for i in taken])),
        sources=[sources[i] for i in taken],
        shares=shares,
        excluded=frozenset(),
        identity={"from": "file", "samples": theirs.id, "measured": rows},
        about={"from": path.name, "rows": len(taken), "excluded": total - len(ids)},
    )
