"""Which rows are held out, and how arms are made equal."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.evaluate.seed_groups import arms_of, equalise
from explorer.evaluate.split import LEAST, held_out


def hashes_of(n):
    return [hashlib.blake2b(str(i).encode()).hexdigest() for i in range(n)]


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5), rows=st.integers(1, 120))
def test_held_out_rows_are_as_many_as_asked_and_of_every_source(sizes, rows):
    sources = [f"s{j}" for j, size in enumerate(sizes) for _ in range(size)]
    taken = held_out(hashes_of(len(sources)), sources, rows)
    assert len(set(taken.tolist())) == len(taken) == min(rows, len(sources))
    if LEAST * len(sizes) * 2 <= rows:
        for j, size in enumerate(sizes):
            assert sum(sources[i] == f"s{j}" for i in taken) >= min(LEAST, size)


def test_the_choice_belongs_to_the_content_not_to_the_order():
    hashes, rng = hashes_of(60), np.random.default_rng(0)
    order = rng.permutation(60)
    first = {hashes[i] for i in held_out(hashes, ["a"] * 60, 12)}
    second = {hashes[order[i]] for i in held_out([hashes[j] for j in order], ["a"] * 60, 12)}
    assert first == second


def test_of_equal_contents_one_is_held_out():
    taken = held_out(["x", "x", "y", "y", "z"], ["a"] * 5, 5)
    assert taken.tolist() == [0, 2, 4]


def selection(identity, method, seed, name="", **params):
    manifest = SimpleNamespace(name=name, parameters={"method": method, "seed": seed, "params": params, "budget": "5%"})
    return SimpleNamespace(id=identity, manifest=manifest)


def test_selections_that_differ_in_their_seed_are_one_arm():
    runs = [selection("a", "random", 1), selection("b", "longest", 0), selection("c", "random", 0)]
    arms = arms_of(runs)
    assert [(arm.label, [run.id for run in arm.runs]) for arm in arms] == [("random", ["c", "a"]), ("longest", ["b"])]
    assert [arms[0].run(seed).id for seed in range(3)] == ["c", "a", "c"]


def test_two_settings_of_one_method_are_told_apart_by_name():
    arms = arms_of([selection("a", "kmq", 0, "one", k=1), selection("b", "kmq", 0, "", k=2)])
    assert [arm.label for arm in arms] == ["one", "kmq b"]


def test_every_selection_is_cut_in_pick_order_to_the_smallest():
    orders = {"a": [4, 3, 2, 1], "b": [1, 2, 5], "c": [9, 4, 1, 2]}
    chosen, size = equalise(orders, {1, 2, 3, 4, 9}, dict.fromkeys(range(10), 1), "rows")
    assert chosen == {"a": [4, 3], "b": [1, 2], "c": [9, 4]}
    assert size == {"rows": 2, "tokens": None}


def test_equal_tokens_is_a_prefix_within_the_smallest_total():
    tokens = {1: 10, 2: 10, 3: 30, 4: 5}
    chosen, size = equalise({"a": [1, 2], "b": [4, 3, 1], "c": [1, 4, 2]}, set(tokens), tokens, "tokens")
    assert size == {"rows": None, "tokens": 20}
    assert chosen == {"a": [1, 2], "b": [4], "c": [1, 4]}


def test_a_selection_without_a_usable_row_is_refused():
    with pytest.raises(InputError, match="selection a has no row left"):
        equalise({"a": [1]}, set(), {}, "rows")


def test_refinements_alike_but_for_the_seed_are_one_arm():
    runs = [selection(name, "iterative-kmq", seed, name, refinement=name) for seed, name in enumerate("abc")]
    made = {name: {"iterations": 3, "seed": seed} for seed, name in enumerate("ab")} | {
        "c": {"iterations": 4, "seed": 2}
    }
    assert [[run.id for run in arm.runs] for arm in arms_of(runs, made)] == [["a", "b"], ["c"]]
