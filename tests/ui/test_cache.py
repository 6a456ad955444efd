"""The cache of the pages: what a result is looked up by, and that nobody can change it."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from explorer.features import user_labels
from explorer.pipeline.select import select
from explorer.ui import cache
from explorer.ui.cache import cached
from explorer.ui.context import View
from explorer.workspace import marks
from tests.synthetic import Synthetic


def counting(*parts: str, entries: int = 8):
    """A cached read that returns a new number whenever it is computed."""
    numbers = itertools.count()

    @cached(*parts, entries=entries)
    def read(view: View, *parameters: object) -> int:
        del view, parameters
        return next(numbers)

    read.clear()  # type: ignore[attr-defined]
    return read


def test_a_result_is_computed_once_for_equal_parameters(synthetic: Synthetic) -> None:
    read = counting("samples")
    view, again = View.newest(synthetic.store), View.newest(synthetic.store)
    assert read(view, 1, "response") == read(again, 1, "response")
    assert len({read(view, 1, "response"), read(view, 2, "response"), read(view, 1, "prompt")}) == 3


def test_floats_are_compared_to_six_decimals(synthetic: Synthetic) -> None:
    read, view = counting("samples"), View.newest(synthetic.store)
    assert read(view, 0.1 + 0.2) == read(view, 0.3)
    assert read(view, 0.3) != read(view, 0.30001)


def test_an_artifact_is_compared_by_its_id(synthetic: Synthetic) -> None:
    read, view = counting("samples"), View.newest(synthetic.store)
    first, second = view.selections
    assert read(view, first) == read(view, replace(first))
    assert read(view, first) != read(view, second)


def test_a_new_artifact_of_a_named_kind_is_another_result(fresh: Synthetic) -> None:
    of_samples, of_selections = counting("samples"), counting("samples", "selections")
    before = [read(View.newest(fresh.store)) for read in (of_samples, of_selections)]
    select(fresh.store, "random", budget=3)
    after = [read(View.newest(fresh.store)) for read in (of_samples, of_selections)]
    assert before[0] == after[0] and before[1] != after[1]
    fresh.store.discard(View.newest(fresh.store).selections[0])
    assert of_selections(View.newest(fresh.store)) not in (before[1], after[1])


def test_labels_and_sets_of_the_user_are_part_of_the_key_where_they_are_named(fresh: Synthetic) -> None:
    read = counting("samples", "labels", "sets")
    before = read(View.newest(fresh.store))
    view = View.newest(fresh.store)
    user_labels.write(fresh.store, view.require("activations"), 3, "mine")
    labelled = read(View.newest(fresh.store))
    marks.keep_set(fresh.store, view.require("samples"), "lasso", [1, 2])
    assert len({before, labelled, read(View.newest(fresh.store))}) == 3


def test_two_workspaces_never_share_a_result(synthetic: Synthetic, fresh: Synthetic) -> None:
    read = counting("quality")
    assert read(View.newest(synthetic.store)) != read(View.newest(fresh.store))


def test_only_so_many_results_are_held(synthetic: Synthetic) -> None:
    read, view = counting("samples", entries=2), View.newest(synthetic.store)
    first = read(view, 1)
    for number in (2, 3, 4):
        read(view, number)
    assert read(view, 1) != first


def test_what_comes_out_cannot_be_changed(synthetic: Synthetic) -> None:
    view = View.newest(synthetic.store)

    @cached("samples", entries=2)
    def read(view: View) -> object:
        del view
        return {"values": np.zeros(3)}, [np.zeros(3)], pa.table({"x": [1]})

    mapping, parts, table = read(view)  # type: ignore[misc]
    for array in (mapping["values"], parts[0], cache.cluster_of(view)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(TypeError):
        mapping["values"] = 1
    assert isinstance(parts, tuple) and isinstance(table, pa.Table)


def test_reads_of_one_name_in_two_pages_are_two_caches(synthetic: Synthetic) -> None:
    from explorer.ui.features import reads as features_reads
    from explorer.ui.rows import reads as rows_reads

    view = View.newest(synthetic.store)
    of_row = rows_reads.selections_of(view, 3)
    of_feature = features_reads.selections_of(view, 3, 1.0)
    assert all(isinstance(membership, dict) or hasattr(membership, "keys") for membership in of_row)
    assert all(hasattr(pick, "first_rank") for pick in of_feature)
