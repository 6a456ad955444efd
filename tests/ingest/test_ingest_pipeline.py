"""Ingest: every row accounted for, the source kept as it was, and the same content never read twice."""

from __future__ import annotations

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from explorer.errors import InputError
from explorer.ingest.plan import plan
from explorer.pipeline import ingest as module
from explorer.pipeline.ingest import ingest
from explorer.records import SAMPLES
from explorer.workspace import Snapshot, Store


@pytest.fixture
def store(tmp_path):
    return Store.create(tmp_path / "ws")


def table(store):
    return (
        store.sql(f"FROM {store.scan(Snapshot.newest(store).require('samples'))} ORDER BY sample_id")
        .to_arrow_table()
        .to_pylist()
    )


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_samples_have_the_agreed_columns_and_dropped_rows_keep_their_number(tmp_path, store):
    rows = [
        {"instruction": "Sum", "input": "1 2", "output": "3", "source": "maths", "id": 7, "meta": {"planted": "near"}},
        {"instruction": "Sum", "input": "1 2", "output": ""},
        ["not", "an", "object"],
        {"instruction": "Sum", "input": "1 2", "output": "3", "level": float("nan")},
    ]
    result = ingest(store, jsonl(tmp_path / "mine.jsonl", rows))
    assert result.samples == 2
    assert result.dropped == {"empty response": 1, "not an object": 1}
    assert (result.duplicates, result.format, result.existed) == (1, "alpaca", False)
    artifact = Snapshot.newest(store).require("samples")
    assert result.artifact == artifact.ref
    assert pq.read_schema(artifact.files()[0]).equals(SAMPLES)
    first, second = table(store)
    assert (first["prompt"], first["response"], first["source"], first["source_row"]) == ("Sum\n1 2", "3", "maths", 0)
    assert json.loads(first["meta"]) == {"id": 7, "planted": "near"}
    assert first["turns"] == [{"role": "user", "content": "Sum\n1 2"}, {"role": "assistant", "content": "3"}]
    assert (second["source"], second["source_row"], second["duplicate_of"]) == ("mine", 3, 0)
    assert second["raw"] == json.dumps(rows[3])
    assert json.loads(second["meta"]) == {"level": "NaN"}
    assert artifact.manifest.info["source_rows"] == 4


def test_the_same_content_is_a_no_op_and_a_changed_file_is_another_artifact(tmp_path, store):
    path = tmp_path / "a.jsonl"
    first = ingest(store, jsonl(path, [{"prompt": "a", "response": "b"}]))
    (tmp_path / "copy").mkdir()
    shutil.copy(path, tmp_path / "copy/a.jsonl")
    again = ingest(store, str(tmp_path / "copy/a.jsonl"), format="columns")
    assert again.existed
    assert again.artifact == first.artifact
    assert again.samples == 1
    changed = ingest(store, jsonl(path, [{"prompt": "a", "response": "c"}]))
    assert not changed.existed
    assert changed.artifact != first.artifact


def test_batches_do_not_change_the_samples(tmp_path, store, monkeypatch):
    path = jsonl(tmp_path / "a.jsonl", [{"prompt": f"p{i}", "response": f"r{i % 5}"} for i in range(50)])
    ingest(store, path)
    whole = table(store)
    monkeypatch.setattr(module, "BATCH_ROWS", 7)
    other = Store.create(tmp_path / "other")
    ingest(other, path)
    assert table(other) == whole


def test_limit_stops_after_that_many_samples(tmp_path, store):
    path = jsonl(tmp_path / "a.jsonl", [{"prompt": "p", "response": "" if i % 2 else f"{i}"} for i in range(10)])
    result = ingest(store, path, limit=3)
    assert (result.samples, result.dropped) == (3, {"empty response": 2})


def test_lone_surrogates_and_nul_are_kept_in_raw_and_harmless_in_text(tmp_path, store):
    path = tmp_path / "a.jsonl"
    line = r'{"prompt": "a\ud800b \ud83d\ude00", "response": "x\u0000y", "note": "\udfff"}'
    path.write_text(line + "\n")
    result = ingest(store, str(path))
    assert result.repaired == {module.SURROGATES: 1}
    (row,) = table(store)
    assert (row["prompt"], row["response"], row["raw"]) == ("a\ufffdb \U0001f600", "x\x00y", line)
    assert json.loads(row["meta"]) == {"note": "\ufffd"}


def test_a_row_with_a_repeated_key_is_dropped_and_counted(tmp_path, store):
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "a", "response": "b", "response": "c"}\n{"prompt": "a", "response": "b"}\n')
    assert ingest(store, str(path)).dropped == {"the same key twice": 1}


def test_a_folder_is_read_file_by_file_each_in_its_own_format(tmp_path, store):
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    jsonl(folder / "b.jsonl", [{"prompt": "a", "response": "b"}])
    (folder / "a.json").write_text(json.dumps([{"instruction": "x", "output": "y"}, {"instruction": "x"}]))
    pq.write_table(pa.table({"question": ["q"], "answer": ["w"]}), folder / "sub/c.parquet")
    (folder / "README.md").write_text("about")
    jsonl(folder / "test-00000.jsonl", [{"prompt": "t", "response": "t"}])
    (folder / "empty.jsonl").write_text("")
    result = ingest(store, str(folder))
    assert result.format == "alpaca+columns"
    assert result.left_out == {
        "README.md": "not a data file",
        "test-00000.jsonl": "split test",
        "empty.jsonl": "no rows",
    }
    assert [(row["source"], row["source_row"], row["prompt"]) for row in table(store)] == [
        ("a", 0, "x"),
        ("b", 2, "a"),
        ("c", 3, "q"),
    ]
    files = Snapshot.newest(store).require("samples").manifest.info["files"]
    assert [(file["name"], file["first_row"], file["rows"]) for file in files] == [
        ("a.json", 0, 2),
        ("b.jsonl", 2, 1),
        ("sub/c.parquet", 3, 1),
    ]
    assert [file.origin.name for file in plan(str(folder), split="test").files][-1] == "test-00000.jsonl"


def test_saved_datasets_are_opened_by_split(tmp_path, store):
    import datasets

    one = datasets.Dataset.from_dict({"prompt": ["a", "b"], "response": ["c", "d"]})
    datasets.DatasetDict({"train": one, "other": one.select([1])}).save_to_disk(str(tmp_path / "saved"))
    result = ingest(store, str(tmp_path / "saved"))
    assert result.samples == 2
    assert table(store)[0]["raw"] == '{"prompt": "a", "response": "c"}'
    assert {row["source"] for row in table(store)} == {"saved"}
    assert ingest(store, str(tmp_path / "saved"), split="other").samples == 1
    with pytest.raises(InputError, match=r"no split 'validation'; .*allowed: train, other"):
        ingest(store, str(tmp_path / "saved"), split="validation")


def test_a_dataset_id_without_a_reachable_hub_is_refused_in_one_line(store, monkeypatch):
    monkeypatch.setattr("explorer.network.hub_is_reachable", lambda: False)
    with pytest.raises(
        InputError, match="neither a file or folder here nor a dataset that could be fetched"
    ) as refused:
        ingest(store, "nobody/nothing-of-the-kind")
    assert "\n" not in str(refused.value)


BAD = {
    "missing file": ("none.jsonl", None, {}, "is not there"),
    "empty file": ("a.jsonl", "", {}, "holds no rows"),
    "blank file": ("a.json", "\n\n", {}, "holds no rows"),
    "empty array": ("a.json", "[]", {}, "holds no rows"),
    "header only": ("a.csv", "prompt,response\n", {}, "holds no rows"),
    "broken late": (
        "a.jsonl",
        '{"prompt": "a", "response": "b"}\n' * 999 + '{"prompt": "a", "resp',
        {},
        "line 1000, column 17: broken JSON",
    ),
    "missing columns": ("a.jsonl", '{"x": "a", "y": "b"}\n', {}, "it has x, y"),
    "wrong mapping": (
        "a.jsonl",
        '{"x": "a", "y": "b"}\n',
        {"mapping": {"prompt": "x", "response": "q"}},
        "no column 'q'",
    ),
    "all empty": ("a.jsonl", '{"prompt": "a", "response": " "}\n' * 3, {}, "no row makes a sample; dropped: 3 empty"),
    "unknown format": ("a.jsonl", '{"prompt": "a", "response": "b"}\n', {"format": "xml"}, "unknown format 'xml'"),
    "unknown kind": ("a.docx", "word", {}, "no kind that can be read"),
    "limit 0": ("a.jsonl", '{"prompt": "a", "response": "b"}\n', {"limit": 0}, "limit must be at least 1"),
    "not utf-8": ("a.jsonl", b'{"prompt": "\xe9"}\n', {}, "not UTF-8"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_one_line_and_nothing_is_left_behind(tmp_path, store, case):
    name, content, options, said = BAD[case]
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = sorted(path.relative_to(store.path) for path in store.path.rglob("*") if path.is_file())
    with pytest.raises(InputError) as refused:
        ingest(store, str(tmp_path / name), **options)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert name in str(refused.value) or "format" in said or "limit" in said
    assert sorted(path.relative_to(store.path) for path in store.path.rglob("*") if path.is_file()) == before
    assert not store.artifacts("samples")


def test_a_workspace_of_a_newer_schema_is_refused(tmp_path):
    Store.create(tmp_path / "new")
    (tmp_path / "new/workspace.json").write_text('{"schema_version": 99, "name": "x"}')
    with pytest.raises(InputError, match="schema version is 99; allowed: up to"):
        Store.create(tmp_path / "new")


def test_an_interrupted_ingest_leaves_nothing(tmp_path, store):
    from explorer.errors import Cancelled

    path = jsonl(tmp_path / "a.jsonl", [{"prompt": "p", "response": "r"}])

    def stop(stage, done, total, note=""):
        if stage == "ingest":
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        ingest(store, path, progress=stop)
    assert not store.artifacts("samples")
    assert not list(store.path.rglob("*.parquet"))
