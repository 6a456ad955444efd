"""Recipes and bundles: the same ranking in a fresh workspace, or one line about what differs."""

from __future__ import annotations

import json
import shlex
from types import SimpleNamespace

import pytest
import yaml

from explorer.errors import InputError
from explorer.exports.bundle import bundle
from explorer.exports.recipe import ranking_hash
from explorer.pipeline.export import export
from explorer.pipeline.ingest import ingest
from explorer.pipeline.recipe import run
from explorer.pipeline.select import select
from explorer.workspace import Snapshot, Store

ROWS = [{"instruction": f"i{n}", "input": "", "output": f"o{n}"} for n in range(40)]


@pytest.fixture
def exported(tmp_path):
    path = tmp_path / "data set.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    store = Store.create(tmp_path / "ws")
    ingest(store, str(path))
    made = select(store, "random", budget="25%", seed=5, name="mine")
    export(store, "mine", format="jsonl", out=tmp_path / "out.jsonl")
    return store, made, tmp_path / "out.jsonl.recipe.yaml"


def changed(path, change):
    recipe = yaml.safe_load(path.read_text())
    change(recipe)
    path.write_text(yaml.safe_dump(recipe))


def test_a_recipe_makes_the_same_ranking_in_a_fresh_workspace(exported, tmp_path):
    store, made, recipe = exported
    fresh = Store.create(tmp_path / "fresh")
    result = run(fresh, recipe)
    assert result.same
    assert result.made == [Snapshot.newest(store).require("samples").ref, made.artifact]
    assert result.ranking == yaml.safe_load(recipe.read_text())["selection"]["ranking"]
    again = run(fresh, recipe)
    assert (again.existed, again.made, again.artifact) == (True, [], result.artifact)
    export(fresh, "mine", format="jsonl", out=tmp_path / "fresh.jsonl")
    assert (tmp_path / "fresh.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()


def test_the_commands_of_a_recipe_are_whole_lines_for_a_shell(exported):
    lines = [shlex.split(line) for line in yaml.safe_load(exported[2].read_text())["commands"]]
    assert [line[3] for line in lines] == ["ingest", "select", "export"]
    assert lines[0][4].endswith("data set.jsonl")
    assert all(line[:3] == ["python", "-m", "explorer"] for line in lines)


def test_the_source_may_have_moved_beside_the_recipe_or_anywhere(exported, tmp_path):
    _, _, recipe = exported
    (tmp_path / "elsewhere").mkdir()
    moved = (tmp_path / "data set.jsonl").rename(tmp_path / "elsewhere/data set.jsonl")
    recipe = recipe.rename(tmp_path / "elsewhere/r.yaml")
    assert run(Store.create(tmp_path / "a"), recipe).same
    moved = moved.rename(tmp_path / "other.jsonl")
    with pytest.raises(InputError, match="is not there"):
        run(Store.create(tmp_path / "b"), recipe)
    with pytest.raises(InputError, match=r"must be called 'data set\.jsonl'"):
        run(Store.create(tmp_path / "c"), recipe, source=str(moved))


def test_a_changed_dataset_is_reported(exported, tmp_path):
    _, _, recipe = exported
    with open(tmp_path / "data set.jsonl", "a") as file:
        file.write(json.dumps(ROWS[0]) + "\n")
    with pytest.raises(InputError, match=r"the dataset differs from the recipe's: data set\.jsonl has") as refused:
        run(Store.create(tmp_path / "fresh"), recipe)
    assert "\n" not in str(refused.value)


def test_another_ranking_is_reported(exported, tmp_path):
    _, _, recipe = exported
    changed(recipe, lambda found: found["selection"].update(ranking=ranking_hash([1, 2])))
    with pytest.raises(InputError, match="the ranking differs from the recipe's"):
        run(Store.create(tmp_path / "fresh"), recipe)


def test_a_workspace_whose_newest_samples_are_others_is_refused(exported, tmp_path):
    store, _, recipe = exported
    (tmp_path / "other.jsonl").write_text(json.dumps(ROWS[1]) + "\n")
    ingest(store, str(tmp_path / "other.jsonl"))
    with pytest.raises(InputError, match=r"newest samples here are .* allowed: a new workspace"):
        run(store, recipe)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        (": : :\n\t", "is not YAML"),
        ("- 1", "is not a recipe"),
        ("recipe: 99", "of version 99"),
        ("recipe: 1\nsource: {path: x}", "lacks source.files"),
        ("!!python/object/apply:os.system ['true']", "is not YAML"),
    ],
)
def test_files_that_are_no_recipes_are_refused(tmp_path, text, said):
    if text is not None:
        (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(InputError) as refused:
        run(Store.create(tmp_path / "ws"), tmp_path / "r.yaml")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_ranking_hash_depends_on_order_and_rows():
    assert ranking_hash([1, 2]) == ranking_hash(iter([1, 2]))
    assert len({ranking_hash(ids) for ids in ([], [1], [1, 2], [2, 1])}) == 4


def test_a_bundle_describes_only_columns_that_its_data_has(exported, tmp_path):
    store, made, _ = exported
    selection = store.resolve("selections", made.artifact)
    for format, name in (("alpaca", "one"), ("sharegpt", "two"), ("messages", "three")):
        made = bundle(store, selection, tmp_path / name, format=format)
        assert {path.name for path in made.path.iterdir()} == set(made.files)
        entry = json.loads((made.path / "dataset_info.json").read_text())[name]
        text = (made.path / entry["file_name"]).read_text()
        rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        assert len(rows) == made.rows == 10
        assert set(entry["columns"].values()) <= set(rows[0])
        assert len(json.loads((made.path / "indices.json").read_text())) == 10
        head = (made.path / "README.md").read_text().split("---\n")[1]
        assert yaml.safe_load(head)["configs"][0]["data_files"][0]["path"] == entry["file_name"]
        assert run(Store.create(tmp_path / f"ws-{name}"), made.path / "recipe.yaml").same
    with pytest.raises(InputError, match="exists already"):
        bundle(store, selection, tmp_path / "one")
    with pytest.raises(InputError, match="a bundle has no format 'csv'"):
        bundle(store, selection, tmp_path / "four", format="csv")
    with pytest.raises(InputError, match="may hold letters"):
        bundle(store, selection, tmp_path / "four", name="a b")


def test_another_sae_is_reported_before_anything_is_extracted(exported, tmp_path, monkeypatch):
    _, _, recipe = exported
    step = {"kind": "activations", "id": "ab", "parameters": {"sae": "mine", "sae_fingerprint": "old"}, "inputs": {}}
    changed(recipe, lambda found: found.update(steps=[step]))
    monkeypatch.setattr("explorer.sae.load.load_sae", lambda name: SimpleNamespace(fingerprint=f"new of {name}"))
    with pytest.raises(InputError, match="the SAE here differs from the recipe's: its fingerprint is new of here"):
        run(Store.create(tmp_path / "fresh"), recipe, sae="here")
