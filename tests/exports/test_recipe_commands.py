"""Every command that a recipe prints runs as printed, in an empty workspace, and ends in the same ranking."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from explorer.workspace import Store
from tests import tiny

WORDS = "sea sand sky fox dog Paris France poem quick brown".split()
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A language model, an SAE that does not say which layer it reads, and an encoder."""
    folder = tmp_path_factory.mktemp("tiny parts")
    return (
        tiny.save_model(folder / "model"),
        tiny.save_sae(folder / "sae", width=48, hook=None),
        tiny.save_model(folder / "encoder", "qwen2"),
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "data set.csv"
    lines = ["instruction,output,source,rating", *(_line(i) for i in range(60))]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def _line(i: int) -> str:
    answer = " ".join(WORDS[(i + j) % 10] for j in range(1 + i % 7))
    return f"Write about {WORDS[i % 10]},{answer} {i},{'ab'[i % 2]},{i % 5}"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    from explorer.cli import _run

    def call(*arguments: object) -> Any:
        monkeypatch.setattr(sys, "argv", ["explorer", *map(str, arguments), "--json"])
        code = _run()
        shown = capsys.readouterr()
        assert code == 0, f"{shlex.join(map(str, arguments))}: {shown.err}"
        return json.loads(shown.out)

    return call


def repeated(run: Run, workspace: Path, name: str) -> tuple[list[list[str]], str, str]:
    """Export a selection, run all printed commands elsewhere; the commands and the two hashes of the ranking."""
    out = workspace.parent / "out.jsonl"
    run("export", name, "-w", workspace, "--out", out)
    recipe = yaml.safe_load(out.with_name("out.jsonl.recipe.yaml").read_text("utf-8"))
    lines = [shlex.split(command) for command in recipe["commands"]]
    fresh = workspace.parent / "fresh"
    for line in lines:
        assert line[:3] == ["python", "-m", "explorer"]
        arguments = [str(fresh) if part == "WS" else part for part in line[3:]]
        if arguments[0] == "export":
            arguments = [str(fresh / part) if part == "out.jsonl" else part for part in arguments]
        run(*arguments)
    again = yaml.safe_load((fresh / "out.jsonl.recipe.yaml").read_text("utf-8"))
    return [line[3:] for line in lines], recipe["selection"]["ranking"], again["selection"]["ranking"]


def prepared(run: Run, source: Path, parts: tuple[Path, ...]) -> Path:
    workspace = source.parent / "ws"
    run("ingest", source, "-w", workspace)
    run("extract", "-w", workspace, "--model", parts[0], "--sae", parts[1], "--layer", 1, "--dtype", "float32")
    return workspace


def test_a_score_from_a_column(run: Run, source: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    run("ingest", source, "-w", workspace)
    run("score", "-w", workspace, "--scorer", "rating")
    run("select", "quality-top", "-w", workspace, "--budget", 9, "--name", "best")
    lines, first, second = repeated(run, workspace, "best")
    assert first == second
    assert lines[1][:7] == ["score", "-w", "WS", "--scorer", "column", "--param", "column=rating"]


def test_a_sentence_model_from_a_folder(run: Run, source: Path, parts: tuple[Path, ...]) -> None:
    workspace = prepared(run, source, parts)
    run("embed", "-w", workspace, "--method", parts[2])
    run("cluster", "-w", workspace, "--k", 4, "--seed", 3)
    run("select", "kmeans-closest", "-w", workspace, "--budget", "20%", "--name", "near")
    lines, first, second = repeated(run, workspace, "near")
    assert first == second
    assert [line[0] for line in lines] == ["ingest", "extract", "embed", "cluster", "select", "export"]
    assert {"--model", str(parts[0]), "--sae", str(parts[1]), "--layer"} <= set(lines[1])


def test_rules_marks_thresholds_and_an_option_with_a_comma(run: Run, source: Path, parts: tuple[Path, ...]) -> None:
    from explorer.workspace import Snapshot, marks

    workspace = prepared(run, source, parts)
    store = Store.open(workspace)
    marks.pin(store, Snapshot.newest(store).require("samples"), [41])
    rules = ["--pin", "7,3", "--ban", "9", "--within", "source:b", "--min-per", "source=2"]
    options = ["--threshold", 0.25, "--segment", "all", "--seed", 4, "--name", "ruled, all"]
    run("select", "sae-simscale", "-w", workspace, "--budget", "25%", *options, *rules)
    _, first, second = repeated(run, workspace, "ruled, all")
    assert first == second


def test_a_union_of_named_selections_of_which_one_was_renamed(run: Run, source: Path, parts: tuple[Path, ...]) -> None:
    workspace = prepared(run, source, parts)
    run("select", "longest", "-w", workspace, "--budget", 5, "--name", "long, 5")
    run("select", "random", "-w", workspace, "--budget", 5, "--seed", 2, "--name", "drawn")
    run("select", "union", "-w", workspace, "--budget", 8, "--param", 'runs="long, 5",drawn', "--name", "both")
    store = Store.open(workspace)
    store.rename(store.resolve("selections", "drawn"), "renamed")
    _, first, second = repeated(run, workspace, "both")
    assert first == second


def test_a_budget_in_training_time(run: Run, source: Path, parts: tuple[Path, ...]) -> None:
    workspace = prepared(run, source, parts)
    selected = run("select", "longest", "-w", workspace, "--budget", "30s,2epochs,20tok/s", "--name", "half a minute")
    assert 0 < selected["rows"] < 60 and selected["budget"] == "30s,2epochs,20tok/s"
    _, first, second = repeated(run, workspace, "half a minute")
    assert first == second


@pytest.mark.parametrize("budget", ["10%", "6"])
def test_a_refinement(run: Run, source: Path, parts: tuple[Path, ...], budget: str) -> None:
    from explorer.workspace import Snapshot, marks

    workspace = prepared(run, source, parts)
    store = Store.open(workspace)
    marks.ban(store, Snapshot.newest(store).require("samples"), [0, 1, 2, 30, 31])
    run("cluster", "-w", workspace, "--k", 3)
    options = ["--param", "epochs=1", "--param", "max_tokens=32", "--max-new-tokens", 3, "--dtype", "float32"]
    options += ["--model", parts[0], "--iterations", 2, "--budget", budget, "--name", "refined"]
    run("refine", "-w", workspace, *options)
    lines, first, second = repeated(run, workspace, "refined")
    assert first == second
    assert [line[0] for line in lines].count("select") == 0
