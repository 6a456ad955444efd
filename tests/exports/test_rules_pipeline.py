"""Rules from the command line to the recipe: recorded, obeyed, made again elsewhere, with the marks of the app."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest
import yaml

from explorer.errors import InputError
from explorer.pipeline.export import export
from explorer.pipeline.ingest import ingest
from explorer.pipeline.recipe import run
from explorer.pipeline.rules import rows_of
from explorer.pipeline.select import keep, rank, select
from explorer.queries.rankings import read_ranking
from explorer.selection.spec import Rules
from explorer.workspace import Snapshot, Store, marks
from tests.synthetic import Synthetic, build

ROWS = [{"instruction": f"i{n}", "input": "", "output": f"o{n}", "source": "ab"[n % 2]} for n in range(40)]


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return build(tmp_path_factory.mktemp("rules") / "workspace", samples=60)


def picked(store: Store, ref: str) -> list[int]:
    return read_ranking(store.resolve("selections", ref)).tolist()


def test_a_selection_with_rules_is_made_again_in_a_fresh_workspace(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    store = Store.create(tmp_path / "ws")
    samples = store.resolve("samples", ingest(store, str(path)).artifact)
    marks.keep_set(store, samples, "lasso", range(20))
    marks.pin(store, samples, [33])
    marks.ban(store, samples, [2])
    rules = Rules(pin="7,3", ban="4-6", within="set:lasso", min_per_source=3)
    made = select(store, "random", budget=8, seed=1, name="mine", rules=rules)
    picks = picked(store, "mine")
    assert picks[:3] == [7, 3, 33] and len(picks) == 8
    assert set(picks[3:]) <= set(range(20)) - {2, 4, 5, 6}
    export(store, "mine", format="jsonl", out=tmp_path / "out.jsonl")
    recipe = tmp_path / "out.jsonl.recipe.yaml"
    again = run(Store.create(tmp_path / "fresh"), recipe)
    assert again.same and again.artifact == made.artifact
    marks.ban(store, samples, [picks[5]])
    assert run(store, recipe).existed
    line = next(command for command in yaml.safe_load(recipe.read_text())["commands"] if " select " in command)
    assert shlex.split(line)[-11:] == [
        "--pin", "7,3,33", "--ban", "2,4-6", "--within", "ids:0-19", "--min-per", "source=3", "--name", "mine",
        "--no-marks",
    ]  # fmt: skip


def test_the_command_of_a_recipe_gives_the_same_ranking(
    synthetic: Synthetic, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from explorer.cli import _run

    store = synthetic.store
    options = ["--pin", "5,1", "--ban", "9", "--within", "source:books", "--min-per", "cluster=2", "--must-cover", "3"]
    line = ["select", "sae-simscale", "-w", str(store.path), "--budget", "25", "--name", "ruled", *options]
    monkeypatch.setattr(sys, "argv", ["explorer", *line, "--json"])
    assert _run() == 0
    first = json.loads(capsys.readouterr().out)
    export(store, "ruled", format="indices", out=store.path.parent / "indices.json")
    recipe = yaml.safe_load((store.path.parent / "indices.json.recipe.yaml").read_text())
    again = shlex.split(next(one for one in recipe["commands"] if " select " in one))
    monkeypatch.setattr(sys, "argv", ["explorer", *again[3:], "--json"])
    monkeypatch.setattr(sys, "argv", [part if part != "WS" else str(store.path) for part in sys.argv])
    assert _run() == 0
    assert json.loads(capsys.readouterr().out)["artifact"] == first["artifact"]


def test_keeping_a_ranking_stores_what_select_would(synthetic: Synthetic) -> None:
    store = synthetic.store
    rules = Rules(pin=(8,), ban=(1, 2), min_per_source=2)
    ranked = rank(store, "sae-greedselect", "100%", rules=rules)
    for budget in ("20", "30%", "900tok"):
        kept = keep(store, ranked, budget=budget, name=f"kept {budget}")
        order = picked(store, kept.artifact)
        store.discard(store.resolve("selections", kept.artifact))
        made = select(store, "sae-greedselect", budget=budget, rules=rules, with_marks=False)
        assert not made.existed and made.artifact == kept.artifact
        assert picked(store, made.artifact) == order
        assert keep(store, ranked, budget=budget).existed


def test_what_cannot_be_kept_is_refused(synthetic: Synthetic) -> None:
    store = synthetic.store
    with pytest.raises(InputError, match="was ranked for another budget"):
        keep(store, rank(store, "kmeans-random", budget=10), budget=20)
    with pytest.raises(InputError, match="ask for 3 rows"):
        keep(store, rank(store, "longest", "100%", rules=Rules(pin=(1, 2, 3))), budget=2)


def test_rows_are_named_by_where_they_are(synthetic: Synthetic) -> None:
    snapshot = Snapshot.newest(synthetic.store)
    assert rows_of(snapshot, "ids:4,1-2") == (1, 2, 4)
    assert rows_of(snapshot, "cluster:2") == tuple(i for i, c in enumerate(synthetic.cluster) if c == 2)
    assert len(rows_of(snapshot, "run:longest, 30 rows")) == 30
    assert rows_of(snapshot, "all") == tuple(range(len(synthetic.tokens)))
    for place, said in (
        ("set:none", "no set of rows called"),
        ("source:'; DROP TABLE x; --", "no row is in"),
        ("cluster:99", "there is no cluster"),
        ("nonsense", "unknown group of rows"),
        ("run:nothing", "is not there"),
    ):
        with pytest.raises(InputError, match=said):
            rows_of(snapshot, place)
