"""The command line as a user meets it: help, figures as JSON, one line for bad input, nothing half-written."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.main import get_command

from explorer.cli import app
from tests import tiny

ROOT = Path(__file__).parents[2]
VERBS = sorted(get_command(app).commands)
HEAVY = ("torch", "transformers", "sae_lens", "umap", "faiss", "streamlit", "numba", "pyarrow", "duckdb", "pandas")


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    return tiny.save_model(folder / "model"), tiny.save_sae(folder / "sae", width=48)


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "rows.jsonl"
    words = "sea sand sky fox dog Paris France poem quick brown".split()
    rows = [
        {"instruction": f"Write about {words[i % 10]}", "input": "", "output": " ".join(words[: 1 + i % 10]), "n": i}
        for i in range(60)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def test_help_loads_nothing_heavy_and_is_fast():
    code = "import sys; sys.argv = ['explorer', '--help']; import explorer.cli as c; c._run(); print(*sys.modules)"
    best = 9.0
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
        best = min(best, time.perf_counter() - began)
    loaded = set(done.stdout.split())
    assert not loaded & set(HEAVY)
    assert best < 5, "the help must not take seconds even on a busy machine"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_an_example_in_the_readme(verb, explorer):
    outcome = explorer(verb, "--help")
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) > 5
    assert re.search(rf"^\$ python -m explorer {verb}\b", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)


def test_from_a_file_to_an_exported_subset(explorer, tmp_path, source, parts):
    model, sae = parts
    w = tmp_path / "w"
    ingested = explorer("ingest", source, "-w", w, "--json")
    assert ingested.json["samples"] == 60
    extracted = explorer("extract", "-w", w, "--model", model, "--sae", sae, "--dtype", "float32", "--json").json
    assert extracted["samples"] == 60
    assert {"artifact", "tokens", "seconds", "tokens_per_second"} <= extracted.keys()
    selected = explorer("select", "sae-greedselect", "-w", w, "--budget", "10%", "--name", "pick", "--json").json
    assert (selected["rows"], selected["method"]) == (6, "sae-greedselect")
    assert (w / selected["artifact"] / "manifest.json").is_file()
    out = tmp_path / "out.jsonl"
    exported = explorer("export", "pick", "-w", w, "--format", "jsonl", "--out", out, "--json").json
    assert exported["rows"] == 6
    lines = out.read_text("utf-8").splitlines()
    assert set(lines) <= set(source.read_text("utf-8").splitlines())
    assert len(lines) == 6


def test_a_threshold_that_is_no_number_is_refused(explorer, tmp_path, source, parts):
    w = tmp_path / "w"
    explorer("ingest", source, "-w", w)
    explorer("extract", "-w", w, "--model", parts[0], "--sae", parts[1], "--dtype", "float32")
    for verb in (["select", "sae-greedselect", "--budget", "5"], ["length"]):
        outcome = explorer(*verb, "-w", w, "--threshold", "nan")
        assert outcome.code == 2
        assert "threshold" in outcome.err
    outcome = explorer("select", "sae-greedselect", "--budget", "5", "-w", w, "--threshold", "1e9")
    assert outcome.code == 2 and "no feature is active above the threshold" in outcome.err


def test_with_json_standard_output_is_one_object_and_progress_goes_elsewhere(explorer, tmp_path, source):
    outcome = explorer("ingest", source, "-w", tmp_path / "w", "--json", "--progress", "json")
    assert isinstance(json.loads(outcome.out), dict)
    reports = [json.loads(line) for line in outcome.err.splitlines()]
    assert reports and all({"stage", "done", "total"} <= report.keys() for report in reports)


def test_a_step_run_again_says_that_it_existed(explorer, tmp_path, source):
    assert explorer("ingest", source, "-w", tmp_path / "w", "--json").json["existed"] is False
    assert explorer("ingest", source, "-w", tmp_path / "w", "--json").json["existed"] is True


def test_info_says_what_to_run_next(explorer, tmp_path, source):
    w = tmp_path / "w"
    explorer("ingest", source, "-w", w)
    outcome = explorer("info", "-w", w, "--json").json
    assert outcome["next"].startswith("extract")
    assert "activations" in outcome["missing"]


def write(folder, name, text):
    file = folder / name
    file.write_text(text, "utf-8")
    return file


BAD = {
    "a missing file": (lambda t, p: ["ingest", t / "no.json", "-w", t / "w"], "no.json"),
    "an empty file": (lambda t, p: ["ingest", write(t, "e.jsonl", ""), "-w", t / "w"], "e.jsonl"),
    "broken JSON": (
        lambda t, p: ["ingest", write(t, "b.jsonl", '{"instruction":"a","output":"b"}\n{"x\n'), "-w", t / "w"],
        "line 2",
    ),
    "missing columns": (lambda t, p: ["ingest", write(t, "c.jsonl", '{"a":1}\n'), "-w", t / "w"], "column"),
    "empty responses": (
        lambda t, p: ["ingest", write(t, "r.jsonl", '{"instruction":"a","output":" "}\n'), "-w", t / "w"],
        "empty",
    ),
    "a file that is no dataset": (lambda t, p: ["ingest", write(t, "x.xyz", "hello"), "-w", t / "w"], "x.xyz"),
    "no workspace": (lambda t, p: ["info", "-w", t / "nothing"], "not a workspace"),
    "an unknown verb": (lambda t, p: ["selekt"], "selekt"),
    "an unknown option": (lambda t, p: ["info", "--nope"], "--nope"),
    "a missing option": (lambda t, p: ["info"], "workspace"),
    "a port that is none": (lambda t, p: ["serve", "--port", "99999999"], "65535"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_line_and_code_2_and_leaves_nothing(what, explorer, tmp_path, parts):
    arguments, mentioned = BAD[what]
    outcome = explorer(*arguments(tmp_path, parts))
    assert outcome.code == 2
    lines = [line for line in outcome.err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1
    assert mentioned in lines[0]
    assert "Traceback" not in outcome.err
    assert not (tmp_path / "w").exists()


def test_a_port_that_is_taken_is_refused(explorer):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = explorer("serve", "--port", taken.getsockname()[1])
    assert outcome.code == 2 and "cannot listen" in outcome.err


BAD_LATER = {
    "an unknown method": (["select", "magic", "--budget", "5"], "sae-greedselect"),
    "budget 0": (["select", "random", "--budget", "0"], "budget"),
    "a budget that is no number": (["select", "random", "--budget", "lots"], "lots"),
    "an unknown SAE": (["extract", "--sae", "no-such-release/x"], "no-such-release"),
    "an unknown model": (["extract", "--model", "/no/such/model"], "/no/such/model"),
    "an unknown parameter": (["select", "random", "--budget", "5", "--param", "magic=1"], "magic"),
    "an unknown selection": (["export", "nothing", "--out", "x.jsonl"], "nothing"),
    "selecting before extracting": (["select", "sae-greedselect", "--budget", "5"], "extract"),
}


@pytest.mark.parametrize("what", BAD_LATER)
def test_a_bad_step_gets_one_line_and_code_2_and_adds_nothing(what, explorer, tmp_path, source):
    w = tmp_path / "w"
    explorer("ingest", source, "-w", w)
    before = sorted(str(file) for file in w.rglob("*") if file.is_file())
    arguments, mentioned = BAD_LATER[what]
    outcome = explorer(*arguments, "-w", w)
    assert outcome.code == 2
    [line] = [line for line in outcome.err.splitlines() if line.startswith("error:")]
    assert mentioned in line
    assert sorted(str(file) for file in w.rglob("*") if file.is_file()) == before


def test_an_sae_of_another_width_than_the_model_is_refused(explorer, tmp_path, source, parts):
    explorer("ingest", source, "-w", tmp_path / "w")
    narrow = tiny.save_sae(tmp_path / "narrow", d_in=16)
    outcome = explorer("extract", "-w", tmp_path / "w", "--model", parts[0], "--sae", narrow)
    assert outcome.code == 2
    assert "width 16" in outcome.err and "width 32" in outcome.err


def test_a_workspace_of_a_newer_schema_is_refused(explorer, tmp_path, source):
    explorer("ingest", source, "-w", tmp_path / "w")
    (tmp_path / "w" / "workspace.json").write_text('{"schema_version": 99}', "utf-8")
    outcome = explorer("info", "-w", tmp_path / "w")
    assert outcome.code == 2
    assert "99" in outcome.err and "newer" in outcome.err


def test_a_folder_that_is_no_workspace_is_left_alone(explorer, tmp_path, source):
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious.txt").write_text("keep", "utf-8")
    assert explorer("ingest", source, "-w", other).code == 2
    assert os.listdir(other) == ["precious.txt"]
