"""One dataset at a time: what belongs to another dataset of the workspace does not count."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.errors import InputError, MissingStep
from explorer.pipeline.info import info
from explorer.pipeline.ingest import ingest
from explorer.workspace import KINDS, Snapshot, Store
from tests.synthetic import build


def second_dataset(store: Store, folder: Path) -> None:
    file = folder / "second.jsonl"
    file.write_text('{"instruction": "a", "output": "b c d"}\n' * 3)
    ingest(store, str(file))


def test_the_artifacts_of_another_dataset_do_not_count_as_present(tmp_path: Path) -> None:
    store = build(tmp_path / "ws", samples=40, hostile=False).store
    first = Snapshot.newest(store)
    assert info(store).missing == [] and first.clusters is not None and first.rows == 40
    second_dataset(store, tmp_path)
    second = Snapshot.newest(store)
    assert second.rows == 3 and all(second.all(kind) == () for kind in KINDS.slugs if kind != "samples")
    result = info(store)
    assert result.missing == [kind.slug for kind in KINDS if kind.stage in ("prepare", "choose")]
    assert result.next.startswith("extract") and result.health == {}
    assert Snapshot.of(store, first.require("samples")).by_kind == first.by_kind


def test_a_snapshot_does_not_change_when_the_workspace_does(tmp_path: Path) -> None:
    store = build(tmp_path / "ws", samples=40, hostile=False).store
    before = Snapshot.newest(store)
    rows = before.table("samples").df()
    second_dataset(store, tmp_path)
    assert before.table("samples").df().equals(rows) and len(Snapshot.newest(store).table("samples").df()) == 3


def test_the_samples_table_has_token_counts_only_after_an_extraction(tmp_path: Path) -> None:
    made = build(tmp_path / "ws", samples=40, hostile=False)
    counted = Snapshot.newest(made.store).table("samples").df()
    assert counted["response_tokens"].tolist() == [len(words) for words in made.tokens]
    second_dataset(made.store, tmp_path)
    assert Snapshot.newest(made.store).table("samples").df()["response_tokens"].isna().all()


@pytest.mark.parametrize("kind", [kind.slug for kind in KINDS])
def test_a_missing_artifact_is_refused_with_the_command_that_makes_it(tmp_path: Path, kind: str) -> None:
    with pytest.raises(MissingStep, match=f"run: python -m explorer {KINDS[kind].verb}"):
        Snapshot.newest(Store.create(tmp_path / "ws")).require(kind)


def test_an_unknown_table_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="allowed: samples, features"):
        Snapshot.newest(Store.create(tmp_path / "ws")).table("rows")
