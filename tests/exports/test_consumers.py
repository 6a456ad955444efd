"""What trainers do with an export: load it, and find the conversations where their documentation says they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explorer.errors import InputError
from explorer.exports import hub
from explorer.exports.bundle import bundle
from explorer.exports.hub import push
from explorer.exports.write import write
from explorer.workspace import Artifact, Store

Make = Callable[..., tuple[Store, Artifact]]
ROWS = [{"instruction": f"Ask {n}", "input": "ctx" if n % 2 else "", "output": f"Say “{n}” ✓"} for n in range(12)]
ORDER = [7, 0, 3, 11]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return str(tmp_path / "cache")


def test_messages_are_what_a_chat_trainer_takes(make: Make, tmp_path: Path, cache: str) -> None:
    import datasets

    store, selection = make(ROWS, ORDER)
    write(store, selection, format="messages", out=tmp_path / "m.jsonl")
    loaded = datasets.load_dataset("json", data_files=str(tmp_path / "m.jsonl"), split="train", cache_dir=cache)
    assert loaded.column_names == ["messages"]
    for row, picked in zip(loaded, ORDER, strict=True):
        turns = row["messages"]
        assert [set(turn) for turn in turns] == [{"role", "content"}] * 2
        assert [turn["role"] for turn in turns] == ["user", "assistant"]
        assert turns[-1]["content"] == ROWS[picked]["output"] and ROWS[picked]["instruction"] in turns[0]["content"]


def test_a_bundle_is_a_dataset_for_load_dataset(make: Make, tmp_path: Path, cache: str) -> None:
    import datasets

    store, selection = make(ROWS, ORDER)
    bundle(store, selection, tmp_path / "mine")
    loaded = datasets.load_dataset(str(tmp_path / "mine"), split="train", cache_dir=cache)
    assert loaded.to_list() == [ROWS[i] for i in ORDER]


@pytest.mark.parametrize("shape", ["alpaca", "sharegpt", "messages"])
def test_llama_factory_finds_every_column_and_tag_that_the_entry_names(make: Make, tmp_path: Path, shape: str) -> None:
    """The entry as its documentation reads (data/README.md of hiyouga/LLaMA-Factory): what it names must be there."""
    store, selection = make(ROWS, ORDER)
    made = bundle(store, selection, tmp_path / "mine", format=shape)
    entry = json.loads((made.path / "dataset_info.json").read_text())["mine"]
    assert set(entry) <= {"file_name", "formatting", "columns", "tags"}
    text = (made.path / entry["file_name"]).read_text("utf-8")
    rows = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
    for row, picked in zip(rows, ORDER, strict=True):
        assert set(entry["columns"].values()) <= set(row)
        if shape == "alpaca":
            assert set(entry["columns"]) <= {"prompt", "query", "response", "system", "history"}
            assert row[entry["columns"]["response"]] == ROWS[picked]["output"]
            continue
        assert entry["formatting"] == "sharegpt"
        tags = entry["tags"]
        turns = row[entry["columns"]["messages"]]
        roles = [turn[tags["role_tag"]] for turn in turns]
        assert roles == [tags["user_tag"], tags["assistant_tag"]]
        assert turns[-1][tags["content_tag"]] == ROWS[picked]["output"]


class _Hub:
    """Stands in for the Hub's client: remembers what it was asked, and copies what it is given."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.files: dict[str, bytes] = {}

    def create_repo(self, repo: str, **options: Any) -> str:
        self.asked.append((repo, options))
        return f"https://hub.example/datasets/{repo}"

    def upload_folder(self, *, repo_id: str, repo_type: str, folder_path: Path, commit_message: str) -> None:
        self.asked.append((repo_id, {"repo_type": repo_type, "message": commit_message}))
        self.files = {path.name: path.read_bytes() for path in Path(folder_path).iterdir()}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> _Hub:
    import huggingface_hub

    stand_in = _Hub()
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: stand_in)
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_not_a_real_one")
    monkeypatch.setattr(hub, "hub_is_reachable", lambda: True)
    return stand_in


def test_a_push_uploads_the_bundle_and_nothing_else(make: Make, there: _Hub) -> None:
    store, selection = make(ROWS, ORDER)
    pushed = push(store, selection, "someone/five-percent")
    assert pushed.url.endswith("someone/five-percent") and pushed.rows == 4 and pushed.private
    assert there.asked[0] == ("someone/five-percent", {"repo_type": "dataset", "private": True, "exist_ok": True})
    assert set(there.files) == set(pushed.files)
    assert json.loads(there.files["five-percent.json"]) == [ROWS[i] for i in ORDER]
    assert b"hf_not_a_real_one" not in b"".join(there.files.values())


def test_a_push_that_cannot_be_is_refused_in_one_line(make: Make, there: _Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    store, selection = make(ROWS, ORDER)
    with pytest.raises(InputError, match="USER/NAME"):
        push(store, selection, "no slash")
    monkeypatch.setattr(there, "create_repo", lambda *_, **__: (_ for _ in ()).throw(OSError("no\nroute")))
    with pytest.raises(InputError, match="refused to take someone/mine: no route"):
        push(store, selection, "someone/mine")
    monkeypatch.setattr(hub, "hub_is_reachable", lambda: False)
    with pytest.raises(InputError, match="cannot be reached from here"):
        push(store, selection, "someone/mine")
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(InputError, match="nobody is logged in"):
        push(store, selection, "someone/mine")
    assert there.files == {}
