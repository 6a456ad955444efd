"""Refine and Results on what a tiny model made, and their forms before anything was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from explorer.pipeline.evaluate import evaluate
from explorer.pipeline.refine import refine
from explorer.pipeline.select import select
from tests import synthetic, tiny
from tests.ui.test_pages import Open, said

HOW = {"rank": 2, "epochs": 1, "batch_rows": 8, "max_tokens": 128, "learning_rate": 1e-2}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = synthetic.build(tmp_path_factory.mktemp("trained") / "ws", samples=60).store
    where = {"model": str(tiny.save_model(tmp_path_factory.mktemp("model"))), "params": HOW, "device": "cpu"}
    refine(store, budget=12, iterations=2, max_new_tokens=4, dtype="float32", name="first", **where)
    select(store, "kmq", budget=12)
    for seed in (0, 1):
        select(store, "random", budget=12, seed=seed)
    runs = [run.id for run in store.artifacts("selections") if run.manifest.info.get("rows") == 12]
    evaluate(store, runs, seeds=2, held_out_rows=8, dtype="float32", **where)
    return store.path


def test_results_say_what_trains_best_with_every_method_in_the_table(trained: Path, open_page: Open) -> None:
    app = open_page(trained, "results")
    assert not app.exception
    assert "held\\-out loss" in said(app)
    table = app.dataframe[0].value
    assert {"random", "kmq", "iterative-kmq"} <= set(table["method"])
    assert "baseline" in set(table["verdict"])


def test_refine_shows_weights_and_the_rows_of_the_cluster_that_lost_most(trained: Path, open_page: Open) -> None:
    app = open_page(trained, "refine")
    assert not app.exception
    assert "After 2 iterations and 12 rows" in said(app)
    assert len(app.dataframe[0].value)
    app.slider(key="refine_round").set_value(1).run()
    assert not app.exception
    assert "They share" in said(app)


@pytest.mark.parametrize(("page", "said_there"), [("refine", "No refinement yet"), ("results", "No training runs yet")])
def test_before_anything_was_made_the_form_is_open(page: str, said_there: str, tmp_path: Path, open_page: Open) -> None:
    store = synthetic.build(tmp_path / "ws", samples=40).store
    app = open_page(store.path, page)
    assert not app.exception
    assert said_there in said(app)
    assert any(button.label in ("Refine", "Train and compare") for button in app.button)
