from __future__ import annotations

import pytest

from explorer.errors import InputError
from explorer.queries import groups
from explorer.workspace import Snapshot, marks
from tests.synthetic import Synthetic, build


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return build(tmp_path_factory.mktemp("groups") / "workspace", samples=60)


def test_every_kind_of_key_means_the_rows_it_names(synthetic):
    store = synthetic.store
    snapshot = Snapshot.newest(store)
    marks.keep_set(store, snapshot.require("samples"), "lasso", [3, 5])
    for key in groups.choices(snapshot):
        assert len(groups.resolve(snapshot, key)) > 0
    lasso = groups.resolve(snapshot, "set:lasso")
    assert lasso.ids.tolist() == [3, 5]
    rest = groups.resolve(snapshot, "rest", lasso)
    assert len(rest) == len(synthetic.tokens) - 2
    found = groups.resolve(snapshot, "search:luggage")
    scan = store.scan(snapshot.require("samples"))
    prompts = dict(store.sql(f"SELECT sample_id, prompt FROM {scan}").fetchall())
    texts = {i: f"{prompts[i]} {' '.join(words)}" for i, words in enumerate(synthetic.tokens)}
    assert found.ids.tolist() == [i for i, text in texts.items() if "luggage" in text]
    assert len(groups.resolve(snapshot, "all")) == len(synthetic.tokens)


@pytest.mark.parametrize(
    "key", ["", "run:none", "cluster:999", "cluster:x", "set:no", "search: ", "x:y", "rest", "a" * 999]
)
def test_a_key_that_names_nothing_is_refused(synthetic, key):
    with pytest.raises(InputError):
        groups.resolve(Snapshot.newest(synthetic.store), key)
