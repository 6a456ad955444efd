from __future__ import annotations

import numpy as np
import pytest

from explorer.features.sets import load_sets
from explorer.maps import browse
from explorer.workspace import Snapshot
from tests.synthetic import THRESHOLD, Synthetic, build


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return build(tmp_path_factory.mktemp("map") / "workspace", samples=120)


def test_features_of_a_cluster_are_ranked_by_share_and_lift_as_counted_by_hand(made: Synthetic) -> None:
    store, n = made.store, len(made.tokens)
    activations, clusters = Snapshot.newest(store).require("activations"), Snapshot.newest(store).require("clusters")
    table = browse.over_represented(
        store, activations, Snapshot.newest(store).require("features"), clusters, 2, threshold=THRESHOLD, top=8
    )
    sets = load_sets(store, activations, segment="response", threshold=THRESHOLD, samples=n)
    present = np.zeros((n, made.width), dtype=bool)
    for row in range(n):
        present[row, sets.row(row)] = True
    share, overall = present[made.cluster == 2].mean(axis=0), present.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = share / overall
        score = np.where(lift > 1, share * np.log2(lift), -np.inf)
    expected = np.argsort(-score, kind="stable")[:8]
    assert table["feature_id"].to_pylist() == expected.tolist()
    assert np.allclose(table["lift"].to_numpy(), lift[expected]) and np.allclose(
        table["share"].to_numpy(), share[expected]
    )


def test_words_come_in_the_order_they_are_asked_for(made: Synthetic) -> None:
    every = browse.words(made.store).to_pylist()
    assert len(every) == len(made.tokens)
    assert browse.words(made.store, [5, 0, 17]).to_pylist() == [every[5], every[0], every[17]]
    assert browse.words(made.store, []).to_pylist() == []


def test_sources_are_coded_from_the_most_frequent(made: Synthetic) -> None:
    codes, names = browse.sources(made.store, len(made.tokens))
    found = made.store.sql(
        f"SELECT source FROM {Snapshot.newest(made.store).samples_sql()} ORDER BY sample_id"
    ).fetchall()
    assert [names[code] for code in codes] == [name for (name,) in found]
    counts = np.bincount(codes)
    assert list(counts) == sorted(counts, reverse=True)


def test_numbers_come_by_sample_and_a_missing_one_is_nan(made: Synthetic) -> None:
    store, n = made.store, len(made.tokens)
    tokens = browse.response_tokens(store, Snapshot.newest(store).require("activations"), n)
    assert tokens.tolist() == [len(text) for text in made.tokens]
    scores = browse.quality(store, Snapshot.newest(store).require("quality"), n)
    stored = store.sql(
        f"SELECT sample_id, score FROM {store.scan(Snapshot.newest(store).require('quality'))}"
    ).fetchall()
    assert all(np.isnan(scores[i]) if value is None else scores[i] == np.float32(value) for i, value in stored)


def test_every_cluster_is_labelled_at_the_median_of_its_points(made: Synthetic) -> None:
    store, n = made.store, len(made.tokens)
    projection = Snapshot.newest(store).require("projections")
    x, y = browse.places(store, projection, n)
    labels = browse.label_places(store, projection, Snapshot.newest(store).require("clusters"))
    assert len(labels) == len(np.unique(made.cluster))
    sizes = np.bincount(made.cluster)
    first = int(sizes.argmax())
    mine = made.cluster == first
    assert labels[0][:2] == pytest.approx((float(np.median(x[mine])), float(np.median(y[mine]))), abs=1e-5)
