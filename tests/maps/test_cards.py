from __future__ import annotations

import numpy as np

from explorer.maps.cards import representatives
from explorer.maps.kmeans import kmeans


def test_representatives_are_the_nearest_of_each_cluster() -> None:
    vectors = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32)
    found = kmeans(vectors, 3, rng=np.random.default_rng(0))
    chosen = representatives(found, 5)
    for cluster in range(3):
        mine = np.flatnonzero(found.labels == cluster)
        nearest = set(mine[np.argsort(found.distances[mine], kind="stable")[:5]])
        assert nearest == {i for i in chosen if found.labels[i] == cluster}
