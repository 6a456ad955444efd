from __future__ import annotations

import numpy as np
import pytest

from explorer.queries import maps
from explorer.queries.sets import feature_sets
from explorer.workspace import Snapshot
from tests.synthetic import THRESHOLD, Synthetic, build


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Synthetic:
    return build(tmp_path_factory.mktemp("map") / "workspace", samples=120)


def test_features_of_a_cluster_are_ranked_by_share_and_lift_as_counted_by_hand(made: Synthetic) -> None:
    snapshot, n = Snapshot.newest(made.store), len(made.tokens)
    table = maps.over_represented(snapshot, 2, threshold=THRESHOLD, top=8)
    sets = feature_sets(snapshot, threshold=THRESHOLD)
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


def test_every_cluster_is_labelled_at_the_median_of_its_points(made: Synthetic) -> None:
    snapshot = Snapshot.newest(made.store)
    projection = snapshot.require("projections")
    x, y = maps.places(snapshot, projection)
    labels = maps.label_places(snapshot, projection)
    assert len(labels) == len(np.unique(made.cluster))
    sizes = np.bincount(made.cluster)
    first = int(sizes.argmax())
    mine = made.cluster == first
    assert labels[0][:2] == pytest.approx((float(np.median(x[mine])), float(np.median(y[mine]))), abs=1e-5)
