"""Pins, bans and named sets of rows: kept by dataset, one excludes the other, nothing half-written."""

from pathlib import Path

import pytest

from explorer.errors import InputError
from explorer.workspace import Artifact, Store, marks
from tests.synthetic import build


@pytest.fixture
def place(tmp_path: Path) -> tuple[Store, Artifact]:
    store = build(tmp_path / "workspace", samples=60, hostile=False).store
    samples = store.newest("samples")
    assert samples is not None
    return store, samples


def test_a_pin_lifts_a_ban_and_the_other_way_round(place):
    store, samples = place
    marks.pin(store, samples, [3, 1, 3])
    marks.ban(store, samples, [1, 7])
    found = marks.read(store, samples)
    assert (found.pinned, found.banned) == ((3,), (1, 7))
    assert marks.pin(store, samples, [7]).banned == (1,)
    marks.clear(store, samples, [3])
    assert marks.read(store, samples).pinned == (7,)
    marks.clear(store, samples)
    assert marks.read(store, samples) == marks.Marks()


def test_sets_keep_their_name_and_leave_with_their_rows(place):
    store, samples = place
    marks.keep_set(store, samples, " the  lasso ", [5, 2])
    marks.keep_set(store, samples, "other", [1])
    assert marks.read(store, samples).sets == {"the lasso": (2, 5), "other": (1,)}
    marks.keep_set(store, samples, "the lasso", [])
    assert set(marks.read(store, samples).sets) == {"other"}


def test_bad_rows_names_and_files_are_refused_in_one_line(place):
    store, samples = place
    with pytest.raises(InputError, match="no such row"):
        marks.pin(store, samples, [60])
    with pytest.raises(InputError, match="name"):
        marks.keep_set(store, samples, "  ", [1])
    assert not (store.path / marks.FILE).exists()
    for text in ("{", "[]", '{"x": 1}'):
        (store.path / marks.FILE).write_text(text)
        with pytest.raises(InputError, match=r"marks\.json"):
            marks.read(store, samples)
