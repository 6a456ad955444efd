"""The workspace of a session, and the view of it that pages read."""

from __future__ import annotations

import argparse
import os
import sys
from functools import cached_property
from pathlib import Path

import streamlit as st

from explorer.errors import ExplorerError
from explorer.features import user_labels
from explorer.ui import state
from explorer.workspace import Artifact, Snapshot, Store, marks

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo" / "workspace"


class View(Snapshot):
    """A snapshot as the pages see it, with the user's own feature labels."""

    @property
    def projection(self) -> Artifact | None:
        """The newest map."""
        return self.get("projections")

    @cached_property
    def labels(self) -> dict[int, str]:
        """The user's own feature labels."""
        return user_labels.read(self.store, self.activations) if self.activations else {}

    def key(self, *parts: str) -> tuple[str, ...]:
        """What a cached read depends on: kinds of artifact, the user's `labels`, the user's `sets` of rows."""
        edited = {"labels": lambda: self.labels, "sets": lambda: marks.read(self.store, self.require("samples")).sets}
        ids = super().key(*(part for part in parts if part not in edited))
        return (*ids, *(repr(sorted(edited[part]().items())) for part in parts if part in edited))


def default_path() -> Path:
    """Return the workspace named on the command line (`-- --workspace PATH`), by EXPLORER_WORKSPACE, or the demo."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--workspace", "-w")
    known, _ = parser.parse_known_args(sys.argv[1:])
    return Path(known.workspace or os.environ.get("EXPLORER_WORKSPACE") or DEMO)


@st.cache_resource(max_entries=1, show_spinner=False)
def _remembered() -> dict[str, str]:
    return {}


def choose(path: str) -> None:
    """Show the workspace at `path` in this session, and in those that begin after it (a reload is one)."""
    state.choose_workspace(path)
    _remembered()["path"] = path


def path() -> Path:
    """Return the workspace that this session shows: its own choice, else the last one chosen, else the default."""
    chosen = state.get(state.WORKSPACE) or _remembered().get("path")
    return Path(chosen) if chosen else default_path()


def is_new() -> bool:
    """Whether the folder of this session's workspace is free for a new one."""
    return Store.is_free(path())


def name() -> str:
    """Return the name of this session's workspace, or of the folder where there is none yet."""
    try:
        return Store.open(path()).name
    except ExplorerError:
        return path().name


def current() -> View | None:
    """Return the workspace of this session; None, with the reason in the session state, where it cannot be opened."""
    try:
        view = View.newest(Store.open(path()))
    except ExplorerError as error:
        state.put(state.PROBLEM, str(error))
        return None
    state.put(state.PROBLEM, "")
    return view
