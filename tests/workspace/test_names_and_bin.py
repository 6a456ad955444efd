"""Selections renamed, thrown away and brought back; names in the list of what there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from explorer.errors import InputError
from explorer.pipeline.ingest import ingest
from explorer.pipeline.select import select
from explorer.workspace import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    rows = [{"instruction": f"i{n}", "input": "", "output": f"o{n}"} for n in range(9)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = Store.create(tmp_path / "ws")
    ingest(made, str(tmp_path / "rows.jsonl"))
    return made


def test_a_new_name_is_found_and_shown_and_the_manifest_stays(store: Store) -> None:
    made = select(store, "random", budget=3, name="old")
    run = store.resolve("selections", "old")
    before = (run.path / "manifest.json").read_bytes()
    store.rename(run, "  new   name ")
    assert store.resolve("selections", "new name").ref == made.artifact
    assert store.artifacts("selections")[0].manifest.name == "new name"
    assert (run.path / "manifest.json").read_bytes() == before
    for name in ("", " ", "x" * 201):
        with pytest.raises(InputError, match=r"a name (has letters|is short)"):
            store.rename(run, name)


def test_a_name_means_what_was_called_so_last(store: Store) -> None:
    first = select(store, "random", budget=3, name="mine")
    assert first.note == ""
    second = select(store, "random", budget=4, name="mine")
    assert first.artifact in second.note and store.resolve("selections", "mine").ref == second.artifact
    again = select(store, "random", budget=3, name="mine")
    assert again.existed and second.artifact in again.note
    assert store.resolve("selections", "mine").ref == first.artifact
    store.rename(store.resolve("selections", second.artifact), "mine")
    assert store.resolve("selections", "mine").ref == second.artifact
    store.discard(store.resolve("selections", "mine"))
    assert store.resolve("selections", "mine").ref == first.artifact


@pytest.mark.parametrize("name", ["x" * 201, "bell \x07"])
def test_a_name_that_would_spoil_every_list_is_refused_and_nothing_is_stored(store: Store, name: str) -> None:
    with pytest.raises(InputError, match="a name is short"):
        select(store, "random", budget=3, name=name)
    assert store.artifacts("selections") == []
    assert select(store, "random", budget=3, name="two\nlines").name == "two lines"


def test_the_bin_gives_back_what_was_thrown_into_it(store: Store) -> None:
    made = select(store, "random", budget=3, name="mine")
    run = store.resolve("selections", "mine")
    store.discard(run)
    assert store.artifacts("selections") == []
    (binned,) = store.binned("selections")
    assert (binned.id, binned.manifest.name) == (run.id, "mine")
    assert store.restore(binned).ref == made.artifact
    assert store.binned("selections") == [] and store.resolve("selections", "mine").id == run.id
    store.discard(run)
    select(store, "random", budget=3)
    with pytest.raises(InputError, match="is there already"):
        store.restore(store.binned("selections")[0])


def test_an_unknown_selection_is_answered_with_names_for_the_unnamed_ones_too(store: Store) -> None:
    select(store, "random", budget="50%")
    with pytest.raises(InputError, match=r"\(random, 50%\)"):
        store.resolve("selections", "nothing")
