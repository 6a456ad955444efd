"""The rows a comparison is measured on: a part of the workspace's rows, or other rows from a file."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from explorer.errors import refuse
from explorer.evaluate.split import held_out
from explorer.pipeline.conversations import read_items
from explorer.progress import Progress, silent
from explorer.quality.base import Item
from explorer.selection import Budget
from explorer.workspace import Artifact, Snapshot, Store


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows with their sources. `excluded` are the sample ids that must not be trained on.

    `shares` is each source's share of the rows of the workspace, `identity` names the choice in an artifact's
    parameters, and `about` says it in numbers.
    """

    items: list[Item]
    sources: list[str]
    shares: dict[str, float]
    excluded: frozenset[int]
    identity: dict[str, Any]
    about: dict[str, Any]

    def only(self, positions: list[int]) -> HeldOut:
        """The rows at `positions`: those that a model has a loss on."""
        items, sources = ([kept[i] for i in positions] for kept in (self.items, self.sources))
        if not items:
            refuse("no held-out row has a response token within max_tokens")
        about = {**self.about, "rows": len(items), "unusable": len(self.items) - len(items)}
        return replace(self, items=items, sources=sources, about=about)


def hold_out(store: Store, samples: Artifact, wanted: str, rows: int, *, progress: Progress = silent) -> HeldOut:
    """Choose the held-out rows.

    Args:
        store: The workspace.
        samples: Its samples.
        wanted: A share or number of its rows, or a data file. Of a file, rows whose content or whose prompt is in the
            workspace are left out.
        rows: At most so many are measured on.
        progress: Told while a file is read.

    Raises:
        InputError: a file that cannot be read, or no row left.
    """
    if rows < 1:
        refuse("at least 1 row must be held out", got=rows)
    table = store.sql(
        f"SELECT sample_id, content_hash, coalesce(source, '') AS source FROM {store.scan(samples)} ORDER BY sample_id"
    ).to_arrow_table()
    hashes, sources = table.column("content_hash").to_pylist(), table.column("source").to_pylist()
    counts = Counter(sources)
    shares = {name: count / len(sources) for name, count in counts.items()}
    if Path(wanted).is_file() or Path(wanted).is_dir():
        return _from_file(store, samples, Path(wanted), rows, shares, progress)
    budget = Budget.parse(wanted)
    if budget.unit == "tokens":
        refuse("held-out rows are a share, a number of rows or a file", got=wanted, allowed="10%, 500, heldout.jsonl")
    wanted_rows = budget.rows(len(hashes))
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
    known = f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
    folder = store.path / ".cache" / "held-out" / hashlib.blake2b(known.encode(), digest_size=6).hexdigest()
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
        refuse(f"no row of {path} is left to be held out: every one is in the workspace")
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
