"""What to do next: the missing steps of the pipeline as one button, or the pages that the data is ready for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from explorer.ui import jobs, links
from explorer.ui.context import View
from explorer.ui.widgets import model_form
from explorer.ui.widgets.page import section

STEPS = (  # attribute of the view, verb with its options
    ("activations", ("extract",)),
    ("features", ("label",)),
    ("embeddings", ("embed",)),
    ("clusters", ("cluster",)),
    ("projection", ("project",)),
    ("quality", ("score", "--scorer", "heuristic")),
)


Options = Mapping[str, tuple[str, ...]]
"""More options of the verbs, by verb."""


def missing(view: View) -> list[tuple[str, ...]]:
    """Return the verbs that this workspace still needs; after the first missing one everything is made anew."""
    steps: list[tuple[str, ...]] = []
    for name, verb in STEPS:
        if getattr(view, name) is None or (steps and name != "quality"):
            steps.append(verb)
    return steps


def lines(steps: Sequence[tuple[str, ...]], workspace: Path, options: Options) -> list[tuple[str, ...]]:
    """Return the steps as they are run on a workspace."""
    return [(*step, *options.get(step[0], ()), "-w", str(workspace)) for step in steps]


def draw(view: View) -> None:
    """Draw the next step."""
    steps = missing(view)
    running = any(job.state == jobs.RUNNING for job in jobs.listed(view.store.path))
    if steps and not running:
        names = ", ".join(step[0] for step in steps)
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**Next: {names}.** The model reads every row once; it runs in the background and can be cancelled."
            )
            pressed = st.button("Run", type="primary", icon=":material/play_arrow:", key="run_missing")
        options = model_form.draw("next") if any(step[0] == "extract" for step in steps) else {}
        if pressed and options is not None:
            jobs.start(view.store.path, f"Preparing {view.store.name}", lines(steps, view.store.path, options))
            st.rerun()
    if view.features is None:
        return
    section("Where next?")
    cells = st.columns(4)
    said = [
        (links.MAP, "Where are the rows?", "The map of the dataset, its clusters, and any region of it as a table."),
        (links.LENGTH, "Why does length work?", "How the number of features grows with the length of a response."),
        (links.SELECT, "Which rows for my budget?", "Choose a method and a budget, see what it covers, export it."),
        (links.COMPARE, "What differs between choices?", f"{len(view.selections)} stored selections, side by side."),
    ]
    for cell, (page, title, text) in zip(cells, said, strict=True):
        with cell.container(border=True, height="stretch"):
            st.page_link(page, label=f"**{title}**", icon=":material/arrow_forward:", icon_position="right")
            st.caption(text)
