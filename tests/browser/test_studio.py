"""The walk of a new user: bring 1,000 rows, choose 5 %, understand, ban, run again, compare, export for a trainer.

It starts in an empty folder. The model and the SAE are tiny and random, so that reading takes seconds, not minutes;
with the embedded model the same steps run in `tests/test_readme.py`.
"""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from explorer.queries.rankings import read_ranking
from explorer.workspace import Snapshot, Store, marks
from tests.browser import studio
from tests.server import serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ROWS = 1_000
GOALS = {
    "longest": ("The strong simple baseline: long answers hold many features", "Longest responses"),
    "random": ("The baseline that every method has to beat", "Random"),
}


def write_rows(path: Path) -> list[dict[str, str]]:
    """Write `ROWS` short instructions with answers of 2 to 30 words to `path`."""
    rng = random.Random(8)
    topics = {
        "travel": "train ticket hotel coast island luggage map border ferry",
        "kitchen": "flour butter oven salt pepper onion knife recipe spoon",
        "numbers": "sum product fraction integer root prime angle proof",
        "garden": "seed root leaf soil spade rain bean apple shade",
    }
    rows = []
    for number in range(ROWS):
        name, words = rng.choice(list(topics.items()))
        told = " ".join(rng.choices(words.split(), k=rng.randint(2, 30)))
        rows.append({"instruction": f"Say something about {name}, {number}.", "input": "", "output": f"{told}."})
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return rows


def test_a_new_user_brings_rows_chooses_understands_bans_compares_and_exports(page: Page, tmp_path: Path) -> None:
    tiny = pytest.importorskip("tests.tiny", reason="needs the packages of the model")
    rows = write_rows(tmp_path / "thousand.jsonl")
    model, sae = tiny.save_model(tmp_path / "model"), tiny.save_sae(tmp_path / "sae", width=1_024, bias=False)
    with serve(tmp_path / "workspace", tmp_path / "home") as url:
        assert "alpaca" in studio.bring(page, url, tmp_path / "thousand.jsonl", model, sae)
        studio.read(page, patience=240)
        store = Store.open(tmp_path / "workspace")  # made where the app was started
        samples = Snapshot.newest(store).require("samples")
        assert samples.manifest.rows == {"samples": ROWS}
        page.get_by_role("link", name="Which rows for my budget?").click()
        assert studio.chosen(page, "SAE-GreedSelect").startswith("50 rows")
        reasons = [studio.understand(page, row) for row in (0, 2, 5)]
        assert reasons[0].startswith("The first pick") and all("no earlier pick" in one for one in reasons[1:])
        assert studio.ban(page, "SAE-GreedSelect").startswith("50 rows")
        (banned,) = marks.read(store, samples).banned
        studio.keep(page, "greedy walk")
        for method, (goal, title) in GOALS.items():
            assert studio.choose(page, goal, title).startswith("50 rows")
            studio.keep(page, f"{method} walk")
        answer = studio.compare(page)
        assert "greedy walk covers" in answer.replace("*", "")
        page.get_by_role("link", name="Select").first.click()
        studio.download(page, "OpenAI messages", tmp_path / "messages.jsonl")
        studio.download(page, "Bundle", tmp_path / "bundle.zip")
    picked = {run.manifest.name: read_ranking(run).tolist() for run in store.artifacts("selections")}
    assert all(len(found) == 50 and banned not in found for found in picked.values())
    assert list(picked) == ["greedy walk", "longest walk", "random walk"]
    wanted = [rows[row] for row in picked["random walk"]]
    loads_as_messages(tmp_path / "messages.jsonl", wanted)
    loads_as_bundle(tmp_path / "bundle.zip", wanted)


def loads_as_messages(path: Path, wanted: list[dict[str, str]]) -> None:
    """The file loads as conversations of a trainer, in pick order."""
    datasets = pytest.importorskip("datasets")
    cache = str(path.parent / "cache")
    loaded = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=cache)
    said = [[(turn["role"], turn["content"]) for turn in row["messages"]] for row in loaded]
    assert said == [[("user", row["instruction"]), ("assistant", row["output"])] for row in wanted]


def loads_as_bundle(path: Path, wanted: list[dict[str, str]]) -> None:
    """LLaMA-Factory's entry names the file and its columns; the rows are those of the source."""
    with zipfile.ZipFile(path) as archive:
        entry = next(name for name in archive.namelist() if name.endswith("dataset_info.json"))
        ((_, about),) = json.loads(archive.read(entry)).items()
        rows = json.loads(archive.read(entry.replace("dataset_info.json", about["file_name"])))
    assert rows == wanted
