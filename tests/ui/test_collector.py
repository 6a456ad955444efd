"""What survives a slow collection is set aside, once and for good."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from explorer.ui import collector


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The collector is watched during the test only."""
    collector.watch()
    yield monkeypatch
    collector.release()


def test_survivors_of_a_slow_collection_are_not_walked_through_again(watched: pytest.MonkeyPatch) -> None:
    gc.unfreeze()
    watched.setattr(collector, "_SLOW", 60.0)
    gc.collect()
    assert gc.get_freeze_count() == 0
    watched.setattr(collector, "_SLOW", 0.0)
    gc.collect(1)
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert gc.get_freeze_count() > 1_000
    assert len(gc.get_objects()) < gc.get_freeze_count()


def test_watching_twice_is_watching_once(watched: pytest.MonkeyPatch) -> None:
    collector.watch()
    assert gc.callbacks.count(collector._settle) == 1
