"""A background job runs on without the page, says how far it is, can be stopped and taken up again."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from explorer.ui import jobs
from explorer.workspace import Store

FAKE = """
import json, signal, sys, time
verb, folder = sys.argv[1], sys.argv[2]
def stop(*_):
    sys.exit(130)
signal.signal(signal.SIGINT, stop)
for done in range(int(sys.argv[3])):
    report = {"stage": verb, "done": done, "total": int(sys.argv[3]), "note": "x"}
    print(json.dumps(report), file=sys.stderr, flush=True)
    time.sleep(0.05)
if verb == "bad":
    print("the file is broken at line 3", file=sys.stderr)
    sys.exit(2)
print(json.dumps({"verb": verb}))
"""


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace, and a stand-in for the command line, found before the real one by the job's process."""
    fake = tmp_path / "fake"
    (fake / "explorer" / "ui").mkdir(parents=True)
    real = Path(jobs.__file__)
    (fake / "explorer" / "__init__.py").write_text("")
    (fake / "explorer" / "__main__.py").write_text(FAKE)
    (fake / "explorer" / "ui" / "__init__.py").write_text("")
    (fake / "explorer" / "ui" / "jobs.py").write_text(real.read_text("utf-8"))
    (fake / "explorer" / "workspace").mkdir()
    (fake / "explorer" / "workspace" / "__init__.py").write_text("")
    (fake / "explorer" / "workspace" / "artifact.py").write_text(
        "import json, os\n\n"
        "def write_json(path, value):\n"
        "    part = path.with_name(path.name + '.tmp')\n"
        "    part.write_text(json.dumps(value))\n"
        "    os.replace(part, path)\n"
    )
    monkeypatch.setattr(jobs, "ROOT", fake)
    return Store.create(tmp_path / "workspace").path


def _wait(job: jobs.Job, *states: str) -> jobs.Job:
    deadline = time.time() + 60
    while time.time() < deadline:
        job = jobs.load(job.folder)
        if job.state in states:
            return job
        time.sleep(0.05)
    raise AssertionError(f"still {job.state}: {(job.folder / 'supervisor.log').read_text()}")


def test_steps_run_one_after_the_other_and_leave_their_results(workspace: Path) -> None:
    job = _wait(jobs.start(workspace, "two steps", [["one", "x", "3"], ["two", "x", "3"]]), jobs.DONE)
    results = [json.loads(line)["verb"] for line in (job.folder / "stdout").read_text().splitlines()]
    assert results == ["one", "two"]
    assert job.progress["stage"] == "two"
    assert jobs.listed(workspace)[0].id == job.id


def test_a_step_that_fails_says_why_in_its_own_words(workspace: Path) -> None:
    job = _wait(jobs.start(workspace, "fails", [["bad", "x", "1"], ["two", "x", "1"]]), jobs.FAILED)
    assert job.error == "the file is broken at line 3"
    assert job.step == 0


def test_a_cancelled_job_is_resumed_at_the_step_it_was_in(workspace: Path) -> None:
    job = jobs.start(workspace, "long", [["one", "x", "1"], ["two", "x", "400"]])
    deadline = time.time() + 60
    while jobs.load(job.folder).progress.get("stage") != "two" and time.time() < deadline:
        time.sleep(0.05)
    jobs.cancel(jobs.load(job.folder))
    job = _wait(job, jobs.CANCELLED)
    assert job.step == 1
    again = jobs.resume(job)
    assert again.steps == (("two", "x", "400"),)
    assert [one.id for one in jobs.listed(workspace)] == [again.id]
    jobs.cancel(jobs.load(again.folder))
    _wait(again, jobs.CANCELLED)


def test_a_job_whose_process_is_gone_is_lost_not_running(workspace: Path) -> None:
    job = _wait(jobs.start(workspace, "short", [["one", "x", "1"]]), jobs.DONE)
    about = json.loads((job.folder / "job.json").read_text())
    (job.folder / "job.json").write_text(json.dumps({**about, "state": jobs.RUNNING}))
    assert jobs.load(job.folder).state == jobs.LOST


def test_the_page_of_jobs_imports_nothing_heavy() -> None:
    import subprocess

    code = "import sys, explorer.ui.jobs; print([m for m in ('streamlit','torch','pandas') if m in sys.modules])"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert out.stdout.strip() == "[]"
