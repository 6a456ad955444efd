"""Empty states: what is not there yet, and the one thing to do about it."""

from __future__ import annotations

import streamlit as st

from explorer.ui import display, links
from explorer.ui.widgets import page
from explorer.workspace import Store

_NEEDS = {
    "samples": ("no dataset yet", "Bring one in on the Overview page", "ingest SOURCE"),
    "activations": ("no activations yet", "Run extraction: the model reads every row once", "extract"),
    "features": ("no feature table yet", "Describe the features from the stored activations", "label"),
    "embeddings": ("no embeddings yet", "Make them from the stored activations", "embed"),
    "clusters": ("no clusters yet", "Group the rows", "cluster"),
    "projection": ("no map yet", "Project the rows to two dimensions", "project"),
    "quality": ("no quality score yet", "Score the rows", "score --scorer heuristic"),
}


def missing(store: Store, name: str, *, coming: bool = False) -> None:
    """Say that the workspace has no `name`, and how it is made: in the app or on the command line.

    `coming`: a job is running in this workspace, and the page shows it.
    """
    what, how, verb = _NEEDS[name]
    if coming:
        st.info(f"This workspace has {what}: this page fills when the job is done.", icon=":material/hourglass_top:")
        return
    with st.container(border=True):
        st.subheader(f"This workspace has {what}", anchor=False)
        st.write(f"{how}, from the Overview page, or on the command line:")
        st.code(f"python -m explorer {verb} -w {store.path}", language="bash")
        st.page_link(links.OVERVIEW, label="Go to Overview", icon=":material/arrow_forward:")


def no_workspace(problem: str, *, new: bool) -> None:
    """Say that there is no workspace, and the one thing to do; `problem` is told where the place is not `new`."""
    page.header("There is no workspace here yet", "This page fills when a dataset has been brought in and read.")
    if not new:
        st.error(display.md(problem, 400), icon=":material/error:")
    st.page_link(links.OVERVIEW, label="Bring in a dataset on the Overview page", icon=":material/arrow_forward:")
