"""Next steps: the missing steps of the pipeline as one button, or the pages that the data is ready for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from explorer.options.base import Options, argv
from explorer.options.verbs import OPTIONS
from explorer.ui import jobs, links
from explorer.ui.context import View
from explorer.ui.widgets import model_form
from explorer.ui.widgets.elements import section
from explorer.workspace import KINDS, Kind

STEPS = tuple(kind for kind in KINDS if kind.stage == "prepare")


def missing(view: View) -> list[Kind]:
    """Return what this workspace still needs: from the first gap on, everything but the quality score is made anew."""
    steps: list[Kind] = []
    for kind in STEPS:
        if view.get(kind.slug) is None or (steps and kind.slug != "quality"):
            steps.append(kind)
    return steps


def lines(steps: Sequence[Kind], workspace: Path, options: Mapping[str, Options]) -> list[list[str]]:
    """Return the steps as argument lists of `python -m explorer`; `options` by verb, defaults for other verbs."""
    return [argv(options.get(kind.verb) or OPTIONS[kind.verb](), str(workspace)) for kind in steps]


def draw(view: View) -> None:
    """Draw the next step."""
    steps = missing(view)
    running = any(job.state == jobs.RUNNING for job in jobs.listed(view.store.path))
    if steps and not running:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**Next: {', '.join(kind.verb for kind in steps)}.** Runs in the background and can be cancelled; "
                "running the model over every row takes most of the time."
            )
            pressed = st.button("Run", type="primary", icon=":material/play_arrow:", key="run_missing")
        options = model_form.draw("next") if any(kind.verb == "extract" for kind in steps) else {}
        if pressed and options is not None:
            jobs.start(view.store.path, f"Preparing {view.store.name}", lines(steps, view.store.path, options))
            st.rerun()
    if view.features is None:
        return
    section("Next steps")
    cells = st.columns(4)
    pages = [
        (links.MAP, "Where are the rows?", "A map of the dataset, its clusters, and any region of it as a table."),
        (links.LENGTH, "Why does length work?", "How the number of features grows with the length of a response."),
        (links.SELECT, "Which rows for my budget?", "Choose a method and a budget, see what it covers, export it."),
        (links.COMPARE, "What differs between selections?", f"{len(view.selections)} saved selections, side by side."),
    ]
    for cell, (page, title, text) in zip(cells, pages, strict=True):
        with cell.container(border=True, height="stretch"):
            st.page_link(page, label=f"**{title}**", icon=":material/arrow_forward:", icon_position="right")
            st.caption(text)
