"""The bundled demo: its rows, its prebuilt workspace, and how the one is made from the other."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from explorer.progress import Progress, silent
from explorer.workspace import Snapshot, Store

FOLDER = Path(__file__).parents[2] / "data" / "demo"
ROWS = FOLDER / "demo.jsonl"
WORKSPACE = FOLDER / "workspace"
SELECTIONS = (
    ("kmq", "kmq 5%"),
    ("sae-simscale", "simscale 5%"),
    ("random", "random 5%"),
    ("longest", "longest 5%"),
    ("sae-greedselect", "greedy 5%"),
)


@dataclass(frozen=True)
class DemoResult:
    """Where the demo is, and how many samples and files it holds."""

    workspace: str
    samples: int
    bytes: int
    rebuilt: bool


def demo(*, rebuild: bool = False, progress: Progress = silent) -> DemoResult:
    """Open the demo workspace; with `rebuild` make it again beside the old one and swap the two at the end."""
    if rebuild or not (WORKSPACE / "workspace.json").is_file():
        _rebuild(progress)
        rebuilt = True
    else:
        rebuilt = False
    store = Store.open(WORKSPACE)
    size = sum(file.stat().st_size for file in WORKSPACE.rglob("*") if file.is_file())
    return DemoResult(str(WORKSPACE), Snapshot.newest(store).rows, size, rebuilt)


def _rebuild(progress: Progress) -> None:
    from explorer.pipeline.cluster import cluster
    from explorer.pipeline.embed import embed
    from explorer.pipeline.extract import extract
    from explorer.pipeline.ingest import ingest
    from explorer.pipeline.label import label
    from explorer.pipeline.project import project
    from explorer.pipeline.score import score
    from explorer.pipeline.select import select

    fresh = FOLDER / "workspace.new"
    store = Store.create(fresh, name="Demo")
    ingest(store, os.path.relpath(ROWS), progress=progress)  # the manifest goes to other machines
    extract(store, progress=progress)
    label(store, progress=progress)
    embed(store, progress=progress)
    cluster(store, k="auto", progress=progress)
    project(store, progress=progress)
    score(store, scorer="heuristic", progress=progress)
    for method, name in SELECTIONS:
        select(store, method, budget="5%", name=name, progress=progress)
    for leftover in (".drafts", ".cache"):
        shutil.rmtree(fresh / leftover, ignore_errors=True)
    old = FOLDER / "workspace.old"
    if WORKSPACE.exists():
        os.rename(WORKSPACE, old)
    os.rename(fresh, WORKSPACE)
    shutil.rmtree(old, ignore_errors=True)
