"""Which workspace the app shows, and the newest chain of artifacts in it that belong together."""

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
from explorer.workspace import Artifact, Snapshot, Store

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
        view = View.newest(Store.open(path()))
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
