"""How an artifact comes to be: whole or not at all, by one writer at a time, and resumed where it may be."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from pathlib import Path

import pyarrow as pa
import pytest

from explorer.errors import ExplorerError
from explorer.workspace import Artifact, Draft, Store

SCORES = pa.table({"sample_id": pa.array([0, 1], pa.int64()), "score": [0.5, None]})
OPTIONS: dict[str, dict[str, object]] = {"parameters": {"scorer": "x"}, "inputs": {"samples": "s"}}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "ws")


def write(store: Store, **more: object) -> Artifact:
    with store.draft("quality", **OPTIONS, **more) as draft:
        draft.write(SCORES)
        return draft.commit()


def leftovers(store: Store) -> list[str]:
    return sorted(path.name for path in (store.path / ".drafts").iterdir())


def test_a_committed_artifact_is_read_back_as_it_was_written(store: Store) -> None:
    artifact = write(store, name="mine", seed=3)
    assert store.artifacts("quality") == [artifact]
    assert artifact.manifest.rows == {"quality": 2} and artifact.manifest.seed == 3
    assert store.sql(f"FROM {store.scan(artifact)}").fetchall() == [(0, 0.5), (1, None)]
    assert leftovers(store) == []


def test_the_id_follows_from_kind_parameters_and_inputs_alone(store: Store) -> None:
    first = Draft(store.path, "quality", parameters={"a": 1, "b": 2}, inputs={"samples": "s"})
    assert first.id == Draft(store.path, "quality", parameters={"b": 2, "a": 1}, inputs={"samples": "s"}, seed=9).id
    others = (
        ("clusters", {"a": 1, "b": 2}, "s"),
        ("quality", {"a": 1, "b": 3}, "s"),
        ("quality", {"a": 1, "b": 2}, "t"),
    )
    ids = {Draft(store.path, kind, parameters=p, inputs={"samples": samples}).id for kind, p, samples in others}
    assert len(ids | {first.id}) == 4


def test_a_block_that_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(RuntimeError), store.draft("quality", **OPTIONS) as draft:
        draft.write(SCORES)
        raise RuntimeError
    assert store.artifacts("quality") == [] and leftovers(store) == []


def test_a_resumable_draft_keeps_its_finished_files(store: Store) -> None:
    with pytest.raises(RuntimeError), store.draft("quality", **OPTIONS, resumable=True) as draft:
        draft.write(SCORES, part="part-0")
        raise RuntimeError
    assert store.artifacts("quality") == []
    with store.draft("quality", **OPTIONS, resumable=True) as draft:
        assert [file.name for file in draft.path.glob("*.parquet")] == ["part-0.parquet"]
        draft.write(SCORES, part="part-1")
        artifact = draft.commit()
    assert len(artifact.files()) == 2 and leftovers(store) == []


def test_a_draft_that_is_not_resumable_starts_afresh_after_a_kill(store: Store) -> None:
    child = multiprocessing.get_context("fork").Process(target=_write_and_die, args=(store,))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert store.artifacts("quality") == [] and leftovers(store), "the kill left a draft behind"
    artifact = write(store)
    assert len(artifact.files()) == 1 and leftovers(store) == []


def _write_and_die(store: Store) -> None:
    with store.draft("quality", **OPTIONS) as draft:
        draft.write(SCORES, part="stale")
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_second_writer_of_the_same_artifact_is_refused_while_the_first_is_at_work(store: Store) -> None:
    with store.draft("quality", **OPTIONS) as draft:
        with (
            pytest.raises(ExplorerError, match="another process is writing quality/") as caught,
            store.draft("quality", **OPTIONS),
        ):
            raise AssertionError("the second draft was opened")
        assert "\n" not in str(caught.value)
        with store.draft("quality", parameters={"scorer": "y"}, inputs={"samples": "s"}) as other:
            other.write(SCORES)
            other.commit()
        draft.write(SCORES)
        draft.commit()
    assert len(store.artifacts("quality")) == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"kind": "quality"}', '{"unknown": 1}'])
def test_a_damaged_manifest_is_refused_by_its_path(store: Store, text: str) -> None:
    artifact = write(store)
    (artifact.path / "manifest.json").write_text(text)
    for read in (lambda: store.artifacts("quality"), lambda: store.find("quality", **OPTIONS)):
        with pytest.raises(ExplorerError, match=r"manifest\.json is damaged") as caught:
            read()
        assert "\n" not in str(caught.value) and artifact.id in str(caught.value)


def test_an_unknown_key_of_a_manifest_is_a_damage(store: Store) -> None:
    artifact = write(store)
    file = artifact.path / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"surprise": 1}))
    with pytest.raises(ExplorerError, match="surprise"):
        store.artifacts("quality")
