from __future__ import annotations

import pytest

from explorer.queries import rankings, samples
from explorer.queries.conversations import read_items, read_range, read_turns
from explorer.queries.sets import feature_sets
from explorer.workspace import Snapshot
from tests.synthetic import THRESHOLD, Synthetic, build


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return build(tmp_path_factory.mktemp("samples") / "workspace", samples=60)


def test_texts_and_rows_come_in_the_order_they_are_asked_for(made: Synthetic) -> None:
    snapshot = Snapshot.newest(made.store)
    every = samples.texts(snapshot)
    assert len(every) == snapshot.rows
    assert samples.texts(snapshot, [7, 2, 7]) == [every[7], every[2], every[7]] and samples.texts(snapshot, []) == []
    page, total = samples.rows(snapshot, [9, 4, 30, 1], limit=2, offset=1)
    assert page["sample_id"].to_pylist() == [4, 30] and total == 4
    assert page["prompt"].to_pylist() == [every[4][0][:240], every[30][0][:240]]


def test_a_search_is_text_and_never_sql(made: Synthetic) -> None:
    snapshot = Snapshot.newest(made.store)
    word = made.tokens[3][0]
    found, total = samples.rows(snapshot, [3, 5], search=f" {word.upper()} ", limit=10)
    assert 3 in found["sample_id"].to_pylist() and total == found.num_rows
    assert samples.rows(snapshot, None, search="'; DROP TABLE samples; --", limit=10)[1] in (0, 1)
    assert samples.rows(snapshot, None, limit=1)[1] == snapshot.rows


def test_the_features_of_a_sample_are_those_of_its_set(made: Synthetic) -> None:
    snapshot = Snapshot.newest(made.store)
    table = samples.sample_features(snapshot, 5, THRESHOLD, "response", {})
    sets = feature_sets(snapshot)
    assert sorted(table["feature_id"].to_pylist()) == sets.row(5).tolist()
    values = table["max_act"].to_pylist()
    assert values == sorted(values, reverse=True)


def test_a_sample_names_the_selections_that_hold_it(made: Synthetic) -> None:
    snapshot = Snapshot.newest(made.store)
    run = snapshot.selections[0]
    order = rankings.read_ranking(run).tolist()
    held = {one["run"].id: one["rank"] for one in rankings.selections_of_sample(snapshot, order[4])}
    assert held[run.id] == 4
    assert rankings.picks(run)["sample_id"].to_pylist() == order


def test_conversations_are_the_same_however_they_are_read(made: Synthetic) -> None:
    store, artifact = made.store, Snapshot.newest(made.store).require("samples")
    items = list(read_items(store, artifact))
    ids, turns = read_range(store, artifact, 3, 8)
    assert ids == [3, 4, 5, 6, 7, 8] and turns == read_turns(store, artifact, ids)
    assert turns == [list(item.conversation) for item in items[3:9]]
    assert list(read_items(store, artifact, [8, 3])) == [items[8], items[3]]
