"""Which workspace the app shows, and the newest chain of artifacts in it that belong together."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import streamlit as st

from explorer.errors import ExplorerError
from explorer.features import user_labels
from explorer.ui import state
from explorer.workspace import Artifact, Store

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo" / "workspace"


@dataclass(frozen=True)
class View:
    """A workspace as the pages see it: the newest samples and what was made from just those samples."""

    store: Store
    samples: Artifact | None
    activations: Artifact | None
    features: Artifact | None
    embeddings: Artifact | None
    clusters: Artifact | None
    projections: tuple[Artifact, ...]
    quality: Artifact | None
    selections: tuple[Artifact, ...]

    @property
    def rows(self) -> int:
        """Samples in the workspace."""
        return sum(self.samples.manifest.rows.values()) if self.samples else 0

    @property
    def projection(self) -> Artifact | None:
        """The newest map."""
        return self.projections[-1] if self.projections else None

    @property
    def threshold(self) -> float:
        """The activation above which a feature counts as present, as the SAE's extraction sets it."""
        info = self.activations.manifest.info if self.activations else {}
        return float(info.get("default_threshold", 0.0))

    @cached_property
    def labels(self) -> dict[int, str]:
        """The user's own feature labels."""
        return user_labels.read(self.store, self.activations) if self.activations else {}

    def key(self, *names: str) -> tuple[str, ...]:
        """Return what a cached result depends on: the workspace and the ids of the artifacts named."""
        ids = []
        for name in names:
            artifact: Artifact | None = getattr(self, name)
            ids.append(f"{name}:{artifact.id if artifact else ''}")
        return (str(self.store.path.resolve()), *ids)

    def run(self, artifact_id: str) -> Artifact | None:
        """Return the stored selection of that id, of these samples."""
        return next((run for run in self.selections if run.id == artifact_id), None)


def view_of(store: Store) -> View:
    """Return the newest artifacts of `store` that were made from each other."""
    samples = store.newest("samples")
    mine = {"samples": samples.id} if samples else None
    activations = store.newest("activations", inputs=mine) if mine else None
    features = store.newest("features", inputs={"activations": activations.id}) if activations else None
    parents = {artifact.id for artifact in (samples, activations) if artifact}
    embedded = [a for a in store.artifacts("embeddings") if parents & set(a.manifest.inputs.values())]
    by_id = {a.id: a for a in embedded}
    made_from = {*by_id, activations.id} if activations else set(by_id)
    placed = {
        kind: [a for a in store.artifacts(kind) if made_from & set(a.manifest.inputs.values())]
        for kind in ("clusters", "projections")
    }
    clusters = placed["clusters"][-1] if placed["clusters"] else None
    runs = [a for a in store.artifacts("selections") if mine and a.manifest.inputs.get("samples") == mine["samples"]]
    return View(
        store=store,
        samples=samples,
        activations=activations,
        features=features,
        embeddings=embedded[-1] if embedded else None,
        clusters=clusters,
        projections=tuple(placed["projections"]),
        quality=store.newest("quality", inputs=mine) if mine else None,
        selections=tuple(runs),
    )


def default_path() -> Path:
    """Return the workspace named on the command line (`-- --workspace PATH`), by EXPLORER_WORKSPACE, or the demo."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--workspace", "-w")
    known, _ = parser.parse_known_args(sys.argv[1:])
    return Path(known.workspace or os.environ.get("EXPLORER_WORKSPACE") or DEMO)


@st.cache_resource(max_entries=1, show_spinner=False)
def _remembered() -> dict[str, str]:
    return {}


def remember(path: str) -> None:
    """Show the workspace at `path` to sessions that begin after this one, so that a reload comes back to it."""
    _remembered()["path"] = path


def path() -> Path:
    """Return the workspace that this session shows: its own choice, else the last one chosen, else the default."""
    chosen = state.get(state.WORKSPACE) or _remembered().get("path")
    return Path(chosen) if chosen else default_path()


def is_new() -> bool:
    """Whether there is nothing yet where the workspace of this session is to be."""
    return Store.is_free(path())


def name() -> str:
    """Return the name of the workspace on show, or of the folder where there is none yet."""
    try:
        return Store.open(path()).name
    except ExplorerError:
        return path().name


def current() -> View | None:
    """Return the workspace of this session; None, with the reason in the session state, where it cannot be opened."""
    try:
        view = view_of(Store.open(path()))
    except ExplorerError as error:
        state.put(state.PROBLEM, str(error))
        return None
    state.put(state.PROBLEM, "")
    return view


def require(*names: str) -> View:
    """Return the current view with all of `names` there, or say what to do next and end the page."""
    from explorer.ui.widgets import empty, jobs_panel

    view = current()
    if view is None:
        empty.no_workspace(state.get(state.PROBLEM), new=is_new())
        st.stop()
    missing = [name for name in names if getattr(view, name) is None]
    if missing:
        empty.missing(view.store, missing[0], coming=jobs_panel.draw(view))
        st.stop()
    return view
