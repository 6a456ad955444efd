"""What to select: one spec, the same after manifest, command line and address."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from explorer.cli import options as cli
from explorer.errors import InputError
from explorer.options.base import argv
from explorer.selection.methods import METHODS
from explorer.selection.spec import MARKS, Rules, SelectionSpec, read_query
from explorer.workspace import artifact_id

ids = st.lists(st.integers(0, 99), unique=True, max_size=6).map(tuple)
budgets = st.one_of(
    st.integers(1, 10**6).map(str),
    st.integers(1, 100).map(lambda percent: f"{percent}%"),
    st.integers(1, 10**9).map(lambda tokens: f"{tokens}tok"),
    st.integers(1, 500).map(lambda minutes: f"{minutes}min"),
    st.tuples(st.integers(1, 99), st.integers(1, 9), st.integers(1, 99_999)).map(
        "{0[0]}h,{0[1]}epochs,{0[2]}tok/s".format
    ),
)
methods = st.sampled_from(
    [
        ("sae-greedselect", {}),
        ("sae-greedselect", {"weights": "idf", "exclude": (3, 4, 9)}),
        ("sae-simscale", {"max_overlap": 0.37}),
        ("random", {}),
        ("union", {"runs": ("longest, 30 rows", 'with "quotes"', "plain")}),
        ("curated", {"rows": ("7", "3")}),
    ]
)


@st.composite
def rules(draw: st.DrawFn, place: st.SearchStrategy[str]) -> Rules:
    pin, must = draw(ids), draw(ids)
    return Rules(
        pin=pin,
        ban=tuple(row for row in draw(ids) if row not in pin),
        within=draw(place),
        must_cover=must,
        exclude=tuple(feature for feature in draw(ids) if feature not in must),
        min_per_source=draw(st.integers(0, 9)),
        min_per_cluster=draw(st.integers(0, 9)),
    )


@st.composite
def specs(draw: st.DrawFn, place: st.SearchStrategy[str]) -> SelectionSpec:
    method, params = draw(methods)
    return SelectionSpec(
        method,
        draw(budgets),  # type: ignore[arg-type] - text is converted
        threshold=draw(st.none() | st.floats(0, 1e6, allow_nan=False)),
        segment=draw(st.sampled_from(["response", "prompt", "all"])),
        seed=draw(st.integers(0, 10**6)),
        params=params,
        rules=draw(rules(place)),
    )


places = st.sampled_from(["", "source:books", "search:a, b=c & d", "run:longest, 30 rows", "ids:1-4,9"])
resolved = st.sampled_from(["", "ids:0-3", "ids:2,7-9"])


def parsed(arguments: list[str]) -> SelectionSpec:
    """The spec that the command line makes of its arguments."""
    seen: list[SelectionSpec] = []

    def select(workspace: cli.WorkspaceOption, spec: SelectionSpec) -> None:
        seen.append(spec)

    app = typer.Typer()
    app.command()(cli.spread(select))
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return seen[0]


@given(specs(resolved))
def test_a_spec_survives_its_manifest(spec: SelectionSpec) -> None:
    stored = json.loads(json.dumps(spec.manifest()))
    again = SelectionSpec.from_manifest(stored)
    assert again == spec and hash(again) == hash(spec)
    assert artifact_id("selections", again.manifest(), {}) == artifact_id("selections", stored, {})


@settings(deadline=None)
@given(specs(places))
def test_a_spec_survives_the_command_line(spec: SelectionSpec) -> None:
    verb, *arguments = argv(spec, "WS")
    assert verb == "select"
    assert parsed(arguments) == spec


@given(specs(places))
def test_a_spec_survives_its_address_but_for_the_marks_of_the_workspace(spec: SelectionSpec) -> None:
    query = spec.query()
    assert all(isinstance(value, str) for value in query.values()) and not set(query) & set(MARKS)
    again = SelectionSpec.from_query(query)
    assert again.query() == query
    assert again == SelectionSpec.of(**{**vars(spec), "pin": (), "ban": ()})


def test_what_is_at_its_default_is_in_no_address_and_in_no_arguments() -> None:
    spec = SelectionSpec("kmq", "5%")  # type: ignore[arg-type]
    assert spec.query() == {"method": "kmq", "budget": "5%"}
    assert argv(spec, "WS") == ["select", "kmq", "-w", "WS", "--budget", "5%"]


def test_the_manifest_of_old_selections_is_what_it_always_was() -> None:
    spec = SelectionSpec.of("sae-simscale", "5%", threshold=3.9, min_per_source=2, pin="7,3")
    assert spec.manifest() == {
        "method": "sae-simscale", "budget": "5%", "threshold": 3.9, "segment": "response", "seed": 0,
        "params": {"max_overlap": 0.8}, "rules": {"pin": "7,3", "min_per_source": 2},
    }  # fmt: skip
    assert (
        artifact_id(
            "selections",
            SelectionSpec.of("random", "5%", threshold=3.9).manifest(),
            {"samples": "e37c44b0523c", "activations": "c7a8c0df84af"},
        )
        == "97f82e6e4c0c"
    )  # fmt: skip - of the bundled demo


@given(
    st.dictionaries(st.sampled_from(["method", "budget", "threshold", "params", "seed", "within", "pin"]), st.text())
)
def test_nonsense_in_an_address_is_left_out(query: dict[str, str]) -> None:
    options = read_query(query)
    assert set(options) <= set(query) - set(MARKS)
    if "method" in options:
        SelectionSpec.of(**{"budget": "5%", **options})


def test_an_address_may_give_only_some_options() -> None:
    assert read_query(
        {"within": "set:lasso", "seed": "4", "min_per_source": "-1", "segment": "sky", "nonsense": "1"}
    ) == {
        "within": "set:lasso",
        "seed": 4,
    }


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: SelectionSpec.of("random", budget=5, seed=-1), "seed must be at least 0"),
        (lambda: SelectionSpec.of("random", budget=5, segment="sky"), "segment must be one of response, prompt, all"),
        (lambda: SelectionSpec.of("random", budget=5, threshold=float("nan")), "threshold must be a finite number"),
        (lambda: SelectionSpec.of("random", budget=5, magic=1), "has no option 'magic'"),
        (lambda: SelectionSpec.of("random"), "needs the option budget"),
        (lambda: SelectionSpec.of("magic", budget=5), "unknown method 'magic'"),
        (lambda: SelectionSpec.of("random", budget=5, params={"magic": 1}), "no parameter 'magic'"),
        (lambda: SelectionSpec.of("random", budget=5, within="source:x").manifest(), "is not a list of rows"),
    ],
)
def test_what_cannot_be_a_spec_is_said_in_one_line(make: Callable[[], Any], problem: str) -> None:
    with pytest.raises((InputError, ValueError)) as caught:
        make()
    assert problem in str(caught.value) and "\n" not in str(caught.value)


def test_every_option_has_a_help_text() -> None:
    from explorer.options.verbs import OPTIONS
    from explorer.registry import describe

    for cls in (*OPTIONS.values(), SelectionSpec, *(method.Params for method in METHODS)):
        assert all(spec.doc for spec in describe(cls)), cls
