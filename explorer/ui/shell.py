"""The frame around every page: navigation, title with the workspace menu, jobs, and what a page needs to begin."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import streamlit as st

from explorer.errors import ExplorerError
from explorer.ui import context, display, jobs, links, state
from explorer.ui.context import View
from explorer.ui.widgets import threshold
from explorer.workspace import KINDS, Kind, Store


def pages() -> list[Any]:
    """Every page in the order of the navigation; the first one is the start page."""
    return [
        st.Page(links.OVERVIEW, title="Overview", icon=":material/monitoring:", default=True),
        st.Page(links.FEATURES, title="Features", icon=":material/hub:", url_path="features"),
        st.Page(links.SAMPLES, title="Rows", icon=":material/notes:", url_path="samples"),
        st.Page(links.MAP, title="Map", icon=":material/scatter_plot:", url_path="map"),
        st.Page(links.LENGTH, title="Length", icon=":material/straighten:", url_path="length"),
        st.Page(links.SELECT, title="Select", icon=":material/filter_alt:", url_path="select"),
        st.Page(links.COMPARE, title="Compare", icon=":material/compare_arrows:", url_path="compare"),
        st.Page(links.DIFFERENCES, title="Differences", icon=":material/difference:", url_path="differences"),
        st.Page(links.PROBE, title="Probe", icon=":material/science:", url_path="probe"),
        st.Page(links.REFINE, title="Refine", icon=":material/autorenew:", url_path="refine"),
        st.Page(links.RESULTS, title="Results", icon=":material/trending_up:", url_path="results"),
    ]


def header(question: str, answer: str, *, counts: View | None = None) -> None:
    """Draw a page's question and its answer for this data (Markdown; text of the dataset escaped with `display.md`).

    A page that counts features passes its view as `counts`: the threshold is shown beside the title.
    """
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(question, anchor=False, width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if counts is not None:
                threshold.draw(counts)
            _workspace_menu()
    if answer:
        st.markdown(answer)


def require(*kinds: str) -> View:
    """Return the current view with an artifact of each of `kinds`; else draw the empty state and end the page."""
    view = context.current()
    if view is None:
        _no_workspace()
        st.stop()
    for kind in kinds:
        if view.get(kind) is None:
            _missing(view, KINDS[kind])
            st.stop()
    return view


def _no_workspace() -> None:
    header("There is no workspace here yet", "This page fills when you import a dataset.")
    if not context.is_new():
        st.error(display.md(state.get(state.PROBLEM), 400), icon=":material/error:")
    links.draw(links.OVERVIEW, "Import a dataset on the Overview page", ":material/arrow_forward:")


def _missing(view: View, kind: Kind) -> None:
    """Name what is missing and how to make it, in the app or on the command line."""
    header(f"This workspace has no {kind.noun} yet", "")
    if draw_jobs(view):
        st.info("A job is running: this page fills when it is done.", icon=":material/hourglass_top:")
        return
    st.write(f"{kind.hint}, on the Overview page or on the command line:")
    st.code(f"python -m explorer {kind.command} -w {view.store.path}", language="bash")
    links.draw(links.OVERVIEW, "Go to Overview", ":material/arrow_forward:")


def _workspace_menu() -> None:
    with st.popover(display.md(context.name(), 32), icon=":material/database:", type="tertiary"):
        st.caption("This workspace")
        st.code(str(context.path()), language=None, wrap_lines=True)
        st.text_input("Open another workspace", key=state.OPEN_PATH, placeholder="path of a workspace folder")
        if st.button("Open", key="open_workspace"):
            _open(str(state.get(state.OPEN_PATH) or "").strip())
        st.segmented_control(
            "Plots are saved as",
            ["png", "svg"],
            key=state.IMAGE_FORMAT,
            required=True,
            default="png",
            persist_state="session",
        )


def _open(path: str) -> None:
    """Show another workspace, from its Overview: addresses of features and rows belong to the old one."""
    try:
        Store.open(path)
    except ExplorerError as error:
        st.error(display.md(error, 300), icon=":material/error:")
        return
    context.choose(path)
    st.switch_page(links.OVERVIEW, query_params={})


def draw_jobs(view: View) -> bool:
    """Draw the jobs of the workspace, if there are any; returns whether one is running."""
    listed = jobs.listed(view.store.path)
    running = any(job.state == jobs.RUNNING for job in listed)
    if running:
        _watch(str(view.store.path))
    for job in listed:
        if job.state != jobs.RUNNING:
            _ended(job)
    return running


@st.fragment(run_every=1.0)
def _watch(workspace: str) -> None:
    """Draw the running jobs; when one ends, the page runs again once, to show what it made."""
    running = [job for job in jobs.listed(Path(workspace)) if job.state == jobs.RUNNING]
    if not running:
        st.rerun()
    for job in running:
        with st.container(border=True):
            left, right = st.columns([6, 1], vertical_alignment="center")
            left.markdown(f"**{display.md(job.title)}** · step {job.step + 1} of {len(job.steps)}: {_doing(job.verb)}")
            left.progress(job.share or 0.0, text=_progress(job))
            if right.button("Cancel", key=f"cancel_{job.id}", width="stretch"):
                jobs.cancel(job)
                st.toast("The job stops at the next safe point; you can resume it.")


def _doing(verb: str) -> str:
    return next((kind.doing for kind in KINDS if kind.verb == verb), verb)


def _progress(job: jobs.Job) -> str:
    amount = f" · {job.share:.0%}" if job.share is not None else ""
    rest = job.seconds_left
    estimate = f", about {display.seconds(rest)} left in this stage" if rest is not None else ""
    stage = display.md(job.progress.get("stage", "starting"), 60)
    note = display.md(job.progress.get("note", ""), 60)
    elapsed = display.seconds(time.time() - job.created)
    return " · ".join(part for part in (f"{stage}{amount}{estimate}", note, f"{elapsed} so far") if part)


def _ended(job: jobs.Job) -> None:
    seconds = display.seconds((job.ended or job.created) - job.created)
    outcome = {
        jobs.DONE: f"finished in {seconds}",
        jobs.FAILED: f"failed in {job.verb}: {job.error}",
        jobs.CANCELLED: f"was cancelled in {job.verb}; finished work is saved",
        jobs.LOST: f"stopped in {job.verb}: its process ended unexpectedly",
    }[job.state]
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        icon = ":material/check_circle:" if job.state == jobs.DONE else ":material/error:"
        st.markdown(f"{icon} **{display.md(job.title)}** {display.md(outcome, 400)}")
        if job.state != jobs.DONE and st.button("Resume", key=f"resume_{job.id}", type="primary"):
            jobs.resume(job)
            st.rerun()
        if st.button("Dismiss", key=f"dismiss_{job.id}"):
            jobs.dismiss(job)
            st.rerun()
