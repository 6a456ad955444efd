"""Running and stopped jobs of the workspace: progress, estimate, cancel, resume; polled without rerunning the page."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st

from explorer.ui import display, jobs
from explorer.ui.context import View

_WORDS = {
    "ingest": "reading the dataset",
    "extract": "the model reads every row",
    "label": "describing features",
    "embed": "embedding rows",
    "cluster": "grouping rows",
    "project": "laying out the map",
    "score": "scoring rows",
    "select": "selecting",
    "refine": "refining cluster weights",
    "evaluate": "training and measuring",
}


def draw(view: View) -> bool:
    """Draw the jobs of the workspace, if there are any; returns whether one is running."""
    known = jobs.listed(view.store.path)
    if not known:
        return False
    running = any(job.state == jobs.RUNNING for job in known)
    if running:
        _watch(str(view.store.path))
    for job in known:
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
            share, rest = job.share, job.seconds_left
            note = display.md(job.progress.get("note", ""), 60)
            step = f"step {job.step + 1} of {len(job.steps)}"
            estimate = f", about {display.seconds(rest)} left in this stage" if rest is not None else ""
            elapsed = display.seconds(time.time() - job.created)
            left.markdown(f"**{display.md(job.title)}** · {step}: {_WORDS.get(job.verb, job.verb)}")
            stage = display.md(job.progress.get("stage", "starting"), 60)
            amount = f" · {share:.0%}" if share is not None else ""
            text = " · ".join(part for part in (f"{stage}{amount}{estimate}", note, f"{elapsed} so far") if part)
            left.progress(share or 0.0, text=text)
            if right.button("Cancel", key=f"cancel_{job.id}", width="stretch"):
                jobs.cancel(job)
                st.toast("Stopping at the next clean point; it can be resumed.")


def _ended(job: jobs.Job) -> None:
    took = display.seconds((job.ended or job.created) - job.created)
    said = {
        jobs.DONE: f"finished in {took}",
        jobs.FAILED: f"failed in {job.verb}: {job.error}",
        jobs.CANCELLED: f"was cancelled in {job.verb}; what was finished is kept",
        jobs.LOST: f"stopped in {job.verb} without an end (the machine or the process was ended)",
    }[job.state]
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        icon = ":material/check_circle:" if job.state == jobs.DONE else ":material/error:"
        st.markdown(f"{icon} **{display.md(job.title)}** {display.md(said, 400)}")
        if job.state != jobs.DONE and st.button("Resume", key=f"resume_{job.id}", type="primary"):
            jobs.resume(job)
            st.rerun()
        if st.button("Dismiss", key=f"dismiss_{job.id}"):
            jobs.dismiss(job)
            st.rerun()
