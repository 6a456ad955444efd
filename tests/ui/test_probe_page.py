"""The Probe page and the token view of a row with a real, tiny model behind them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from explorer.pipeline.extract import extract
from explorer.pipeline.ingest import ingest
from explorer.pipeline.label import label
from explorer.ui.probe import keys as probe_keys
from explorer.ui.probe import model as probe_model
from explorer.ui.rows import keys as rows_keys
from explorer.workspace import Store
from tests import tiny
from tests.features.test_extract import rows
from tests.ui.test_pages import said

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probe-page")
    model, sae = str(tiny.save_model(folder / "model")), str(tiny.save_sae(folder / "sae", width=48))
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows(12)), "utf-8")
    store = Store.create(folder / "w")
    ingest(store, str(source))
    extract(store, model=model, sae=sae, dtype="float32")
    label(store)
    return store.path


@pytest.fixture(autouse=True)
def _no_model() -> None:
    probe_model.holder.clear()


def passages(app: AppTest) -> list[dict[str, Any]]:
    """Every passage of tokens on the page."""
    found = []
    for element in app.get("bidi_component"):
        data = json.loads(element.proto.mixed.json if element.proto.HasField("mixed") else element.proto.json)
        found += [line for line in data.get("lines", []) if line.get("kind", "").startswith("text")]
    return found


def test_a_rows_text_is_read_token_by_token_compared_and_steered(workspace: Path, open_page: Open) -> None:
    app = open_page(workspace, "probe", sample="2")
    assert not app.exception
    row = list(rows(12))[2]
    prompt, response = passages(app)
    assert "".join(prompt["tokens"]) == row["instruction"]
    assert "".join(response["tokens"]) == row["output"]
    assert any(features for features in response["features"])
    assert "on **" not in said(app) and "above the threshold" in said(app)
    app.slider(key=probe_keys.FACTOR).set_value(5.0)
    next(button for button in app.button if button.label == "Steer").click().run()
    assert not app.exception
    assert "bits" in said(app)
    app.text_area(key=probe_keys.RESPONSE_2).set_value("the lazy dog")
    next(button for button in app.button if button.label == "Analyze").click().run()
    assert not app.exception
    assert len(passages(app)) >= 3
    assert any(caption.value.startswith("In both") for caption in app.caption)


def test_a_rows_page_shows_its_tokens_on_demand(workspace: Path, open_page: Open) -> None:
    app = open_page(workspace, "samples", sample="3")
    assert not passages(app)
    app.toggle(key=rows_keys.TOKENS).set_value(True).run()
    assert not app.exception
    assert "".join(passages(app)[1]["tokens"]) == list(rows(12))[3]["output"]


def test_a_feature_page_lists_what_points_the_same_way_and_the_map_shows_it(workspace: Path, open_page: Open) -> None:
    app = open_page(workspace, "features", feature="1")
    assert not app.exception
    app = open_page(workspace, "features", view="map")
    assert not app.exception
    assert any("similar decoder directions" in caption.value for caption in app.caption)
