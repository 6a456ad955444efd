"""Methods that take long report how far they are, stop where they are asked to, and rank the same in any pieces."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.errors import Cancelled
from explorer.progress import reporting
from explorer.selection.method import Pool
from tests.selection.pools import entries, run

SLOW = ("k-center", "repr-filter", "deita", "qdit")


@pytest.fixture(scope="module")
def pool() -> Pool:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(120, 6)).astype(np.float32)
    vectors[::7] = vectors[0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    from explorer.features.sets import FeatureSets

    sets = FeatureSets.from_rows([sorted({int(f) for f in rng.integers(0, 30, 5)}) for _ in range(120)], 30)
    tokens = rng.integers(1, 90, 120).astype(np.int32)
    return Pool(n=120, features=sets, response_tokens=tokens, embeddings=vectors, quality=rng.random(120))


@pytest.mark.parametrize("slug", SLOW)
def test_the_ranking_does_not_depend_on_the_pieces_it_is_worked_out_in(
    slug: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = entries(run(slug, pool, 90))
    monkeypatch.setattr("explorer.selection.pieces.PIECE", 3_000)
    said: list[float] = []
    with reporting(lambda stage, done, total, note="": said.append(done)):
        assert entries(run(slug, pool, 90)) == whole
    assert len(said) > 3


@pytest.mark.parametrize("slug", SLOW)
def test_a_cancelled_ranking_stops_at_the_next_piece(slug: str, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.selection.pieces.PIECE", 1)

    def stop(stage: str, done: float, total: float | None, note: str = "") -> None:
        raise Cancelled("cancelled")

    with pytest.raises(Cancelled), reporting(stop):
        run(slug, pool, 90)
    assert len(run(slug, pool, 5)) == 5  # nobody listens any more
