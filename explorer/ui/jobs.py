"""Background jobs: a process of its own, started by a page and polled, that outlives the browser session.

A job is a folder `WORKSPACE/.jobs/<id>/` with `job.json` (what runs, how it ended), `progress.json` (how far it is),
`stdout` (one JSON object per step) and `stderr`. `python -m explorer.ui.jobs FOLDER` runs its steps, one
`python -m explorer VERB … --json --progress json` after the other, and holds a lock on the folder while it lives.
Cancelling is SIGINT to the whole group: the step stops at a clean point and can be resumed. Does not import Streamlit.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explorer.workspace.artifact import write_json

ROOT = Path(__file__).resolve().parents[2]
RUNNING, DONE, FAILED, CANCELLED, LOST = "running", "done", "failed", "cancelled", "lost"


@dataclass(frozen=True)
class Job:
    """A job as a page sees it. `state` is running, done, failed, cancelled or lost (its process ended unexpectedly)."""

    folder: Path
    title: str
    steps: tuple[tuple[str, ...], ...]
    state: str
    step: int
    created: float
    ended: float | None = None
    error: str = ""
    progress: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name of its folder."""
        return self.folder.name

    @property
    def verb(self) -> str:
        """The step it is in, e.g. `extract`."""
        return self.steps[min(self.step, len(self.steps) - 1)][0]

    @property
    def share(self) -> float | None:
        """How much of the current step's stage is done, 0 to 1; None where it does not say."""
        done, total = self.progress.get("done"), self.progress.get("total")
        return min(1.0, max(0.0, done / total)) if done is not None and total else None

    @property
    def seconds_left(self) -> float | None:
        """Estimate for the current stage, from its speed so far."""
        share, started = self.share, self.progress.get("stage_started")
        if not share or share < 0.02 or started is None or self.state != RUNNING:
            return None
        return (time.time() - started) * (1 - share) / share


def start(workspace: Path, title: str, steps: Sequence[Sequence[str]]) -> Job:
    """Start the steps (argument lists of `python -m explorer`, without `--json`) as a new job of `workspace`."""
    folder = workspace / ".jobs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"
    folder.mkdir(parents=True)
    description = {"title": title, "steps": [list(step) for step in steps], "state": RUNNING, "step": 0}
    write_json(folder / "job.json", {**description, "created": time.time()})
    command = [sys.executable, "-m", "explorer.ui.jobs", str(folder)]
    with open(folder / "supervisor.log", "ab") as log:
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    deadline = time.time() + 10
    while not (folder / "pid").exists() and time.time() < deadline:
        time.sleep(0.02)
    return load(folder)


def load(folder: Path) -> Job:
    """Read a job as it stands now."""
    job = json.loads((folder / "job.json").read_text("utf-8"))
    progress = folder / "progress.json"
    state = job["state"]
    if state == RUNNING and not _alive(folder):
        job = json.loads((folder / "job.json").read_text("utf-8"))  # it may have ended in between
        state = LOST if job["state"] == RUNNING else job["state"]
    return Job(
        folder=folder,
        title=job["title"],
        steps=tuple(tuple(step) for step in job["steps"]),
        state=state,
        step=job["step"],
        created=job["created"],
        ended=job.get("ended"),
        error=job.get("error", ""),
        progress=json.loads(progress.read_text("utf-8")) if progress.exists() else {},
    )


def listed(workspace: Path) -> list[Job]:
    """Every job of a workspace, newest first."""
    folder = workspace / ".jobs"
    return sorted((load(path.parent) for path in folder.glob("*/job.json")), key=lambda job: job.created, reverse=True)


def cancel(job: Job) -> None:
    """Ask a running job to stop at the next clean point."""
    pid = int((job.folder / "pid").read_text("utf-8"))
    if _alive(job.folder):
        os.killpg(pid, signal.SIGINT)


def resume(job: Job) -> Job:
    """Start the remaining steps of a stopped job; finished shards of the stopped step are reused."""
    workspace = job.folder.parent.parent
    again = start(workspace, job.title, job.steps[job.step :])
    dismiss(job)
    return again


def dismiss(job: Job) -> None:
    """Remove an ended job from the list; its folder stays, with its description renamed."""
    os.replace(job.folder / "job.json", job.folder / "dismissed.json")


def _alive(folder: Path) -> bool:
    """Whether the job's process holds the lock; a job just started counts as alive for ten seconds."""
    if not (folder / "pid").exists():
        return time.time() - (folder / "job.json").stat().st_mtime < 10
    with open(folder / "lock", "a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _update(folder: Path, **values: Any) -> None:
    job = json.loads((folder / "job.json").read_text("utf-8"))
    write_json(folder / "job.json", {**job, **values})


def run(folder: Path) -> int:
    """Run the steps of a job to their end; returns the exit code of the last one that ran."""
    with open(folder / "lock", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / "pid").write_text(str(os.getpid()), "utf-8")
        steps = json.loads((folder / "job.json").read_text("utf-8"))["steps"]
        stopped: list[int] = []
        signal.signal(signal.SIGINT, lambda number, _: stopped.append(number))
        for number, step in enumerate(steps):
            _update(folder, step=number)
            code, error = _step(folder, step)
            if stopped or code in (130, -signal.SIGINT):
                _update(folder, state=CANCELLED, ended=time.time())
                return 130
            if code != 0:
                _update(folder, state=FAILED, ended=time.time(), error=error or f"{step[0]} ended with code {code}")
                return code
        _update(folder, state=DONE, ended=time.time())
        return 0


def _step(folder: Path, step: Sequence[str]) -> tuple[int, str]:
    """Run one verb; its progress lines go to `progress.json`, its last other line is the error, if it fails."""
    command = [sys.executable, "-m", "explorer", *step, "--json", "--progress", "json"]
    stage, began, written, last = "", time.time(), 0.0, ""
    with open(folder / "stdout", "ab") as out, open(folder / "stderr", "a", encoding="utf-8") as err:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, text=True, errors="replace"
        )
        assert process.stderr is not None  # it is a pipe
        for line in process.stderr:
            report = _report(line)
            if report is None:
                err.write(line)
                err.flush()
                last = line.strip() or last
                continue
            now = time.time()
            if report["stage"] != stage:
                stage, began, written = report["stage"], now, 0.0
            if now - written > 0.25:
                write_json(folder / "progress.json", {**report, "verb": step[0], "stage_started": began})
                written = now
        return process.wait(), last


def _report(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and {"stage", "done"} <= value.keys() else None


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1])))
