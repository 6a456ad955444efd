"""The walk of a new user: choose 5 %, understand three picks, ban one, run again, compare, export for a trainer.

The rows are those of the synthetic workspace: reading 1,000 rows with a language model takes minutes on two cores. The
way from a file to a workspace is tested in `tests/ui`, and with the model in `tests/test_readme.py`.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from explorer.workspace import marks
from tests.browser import studio
from tests.browser.conftest import Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_a_new_user_chooses_understands_bans_compares_and_exports(page: Page, served: Served, tmp_path: Path) -> None:
    store = served.synthetic.store
    samples = store.require("samples")
    marks.clear(store, samples)
    before = studio.open_studio(page, served.url, "sae-greedselect", "SAE-GreedSelect", budget="30")
    assert before.startswith("30 rows")
    reasons = [studio.understand(page, row) for row in (0, 2, 5)]
    assert reasons[0].startswith("The first pick") and all("no earlier pick" in one for one in reasons[1:])
    assert studio.ban(page, "SAE-GreedSelect").startswith("30 rows")
    (banned,) = marks.read(store, samples).banned
    studio.keep(page, "greedy walk")
    for method, title in (("longest", "Longest responses"), ("random", "Random")):
        studio.open_studio(page, served.url, method, title, budget="30")
        studio.keep(page, f"{method} walk")
    answer = studio.compare(page, served.url)
    assert "greedy walk covers" in answer.replace("*", "")
    studio.open_studio(page, served.url, "random", "Random", budget="30")
    studio.download_bundle(page, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        entry = next(name for name in archive.namelist() if name.endswith("dataset_info.json"))
        ((_, about),) = json.loads(archive.read(entry)).items()
        rows = json.loads(archive.read(entry.replace("dataset_info.json", about["file_name"])))
        indices = json.loads(archive.read(entry.replace("dataset_info.json", "indices.json")))
    assert len(rows) == len(indices) == 30
    assert banned not in indices
    marks.clear(store, samples)
