"""Stored selections: found again, equal to the ranking, and honest about the budget."""

from __future__ import annotations

from pathlib import Path

from explorer.pipeline.select import rank, select
from explorer.queries.rankings import read_ranking
from tests.synthetic import THRESHOLD, build


def test_selecting_again_finds_the_stored_selection_and_stores_the_ranking(tmp_path: Path) -> None:
    store = build(tmp_path / "workspace", samples=60, hostile=False).store
    first = select(store, "sae-greedselect", budget="20%", name="twelve")
    again = select(store, "sae-greedselect", budget="20%", name="twelve")
    assert (first.existed, again.existed, again.artifact) == (False, True, first.artifact)
    run = store.resolve("selections", "twelve")
    ranking = rank(store, "sae-greedselect", budget="20%").ranking
    assert read_ranking(run).tolist() == ranking.positions[: first.rows].tolist()
    assert first.rows == 12 and run.manifest.parameters["threshold"] == THRESHOLD


def test_a_budget_larger_than_the_pool_takes_every_row_with_a_note(tmp_path: Path) -> None:
    synthetic = build(tmp_path / "workspace", samples=40)
    n = len(synthetic.tokens)
    exact, share = (select(synthetic.store, "longest", budget=budget) for budget in (n, "50%"))
    assert exact.note == share.note == ""
    in_rows = select(synthetic.store, "longest", budget=5000)
    assert (in_rows.rows, in_rows.note) == (n, f"the budget asks for 5,000 rows; only {n} could be taken")
    in_tokens = select(synthetic.store, "longest", budget="999999tok")
    assert (in_tokens.rows, in_tokens.note) == (n, f"the budget asks for 999,999 tokens; all {n} rows were taken")
