"""Cached results of the Select page: the ranker, exports and their size."""

from __future__ import annotations

import streamlit as st

from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.ui.select import downloads
from explorer.ui.select.ranking import Ranker
from explorer.workspace import Artifact


@st.cache_resource(max_entries=1, show_spinner=False)
def ranker() -> Ranker:
    """Return the one worker of this server that ranks samples."""
    return Ranker()


@cached("samples", entries=16, spinner="Writing the file …")
def exported(view: View, run: Artifact, export_format: str, extras: tuple[str, ...]) -> bytes:
    """A saved selection as a file in one of the export formats; a folder format comes as a zip."""
    return downloads.export_bytes(view.store, run.id, export_format, extras)


@cached("samples", entries=64)
def export_size(view: View, run: Artifact) -> int:
    """About how many bytes an export of a saved selection has."""
    return downloads.bytes_of(view.store, run.id)
