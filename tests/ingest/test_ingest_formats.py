"""Formats: what makes a sample, what is dropped and under which reason, and what detection says beforehand."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.ingest.datamodels import RowDropped
from explorer.ingest.detect import detect
from explorer.ingest.formats import FORMATS

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(lambda text: not text.isspace())
EXCHANGES = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("row", "format", "mapping"),
    [
        (
            {"instruction": "a", "input": "", "output": "b"},
            "alpaca",
            {"prompt": "instruction", "input": "input", "response": "output"},
        ),
        ({"prompt": "a", "response": "b"}, "columns", {"prompt": "prompt", "response": "response"}),
        ({"prompt": "a", "completion": "b"}, "columns", {"prompt": "prompt", "response": "completion"}),
        ({"Question": "a", "Answer": "b"}, "columns", {"prompt": "Question", "response": "Answer"}),
        (
            {"instruction": "a", "context": "c", "response": "b", "category": "qa"},
            "columns",
            {"prompt": "instruction", "input": "context", "response": "response"},
        ),
        (
            {"system_prompt": "s", "question": "a", "response": "b"},
            "columns",
            {"prompt": "question", "response": "response", "system": "system_prompt"},
        ),
        ({"input": "a", "output": "b"}, "columns", {"prompt": "input", "response": "output"}),
        (
            {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
            "sharegpt",
            {"turns": "conversations"},
        ),
        (
            {"prompt": "a", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
            "messages",
            {"turns": "messages"},
        ),
        (
            {"conversations": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
            "messages",
            {"turns": "conversations"},
        ),
        (
            {"dialogue": '[{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]'},
            "sharegpt",
            {"turns": "dialogue"},
        ),
    ],
)
def test_detection_tells_format_and_columns_and_shows_them(row, format, mapping):
    found = detect([row, row])
    assert (found.format, dict(found.mapping), found.confidence) == (format, mapping, 1.0)
    assert found.preview[0].response == "b"
    assert "2 of the first 2 rows make a sample" in found.line


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ([{"x": "a", "y": "b"}], {}, "--map prompt=COL,response=COL"),
        ([{"x": "a", "y": "b"}], {"mapping": {"prompt": "x", "response": "z"}}, "no column 'z' (mapped to response)"),
        ([{"x": "a", "y": "b"}], {"mapping": {"prompt": "x"}}, "names no column for response"),
        ([{"x": "a", "y": "b"}], {"mapping": {"question": "x"}}, "nothing can be mapped to 'question'"),
        ([{"x": "a", "y": "b"}], {"format": "alpacca"}, "unknown format 'alpacca'"),
        ([{"x": "a", "y": "b"}], {"format": "sharegpt"}, "is not in format sharegpt"),
        ([{"x": "a"}], {"format": "columns", "mapping": {"turns": "x"}}, "has no 'turns' to map"),
        ([1, "two"], {}, "no row is an object"),
    ],
)
def test_rows_that_cannot_be_told_are_refused_with_what_is_allowed(rows, options, said):
    with pytest.raises(InputError) as refused:
        detect(rows, **options)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exchanges=EXCHANGES, system=st.none() | WORDS)
def test_the_same_conversation_makes_the_same_sample_in_every_format(exchanges, system):
    flat = [(role, text) for pair in exchanges for role, text in zip(("user", "assistant"), pair, strict=True)]
    turns = ([("system", system)] if system else []) + flat
    names = {"user": "human", "assistant": "gpt", "system": "system"}
    rows = {
        "messages": {"messages": [{"role": role, "content": text} for role, text in turns]},
        "sharegpt": {"conversations": [{"from": names[role], "value": text} for role, text in turns]},
        "alpaca": {
            "instruction": exchanges[-1][0],
            "input": "",
            "output": exchanges[-1][1],
            "system": system,
            "history": [list(pair) for pair in exchanges[:-1]],
        },
    }
    samples = []
    for slug, row in rows.items():
        found = detect([row])
        assert found.format == slug
        samples.append(FORMATS[slug].parse(row, found.mapping))
    assert samples[0] == samples[1] == samples[2]
    assert samples[0].turns == tuple(turns)
    assert samples[0].response == exchanges[-1][1]


def parse(turns: list[tuple[str, object]]):
    row = {"messages": [{"role": role, "content": content} for role, content in turns]}
    return FORMATS["messages"].parse(row, {"turns": "messages"})


def test_content_parts_tools_and_an_unanswered_question_are_understood():
    assert parse(
        [("user", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), ("assistant", "c")]
    ).prompt == ("a\nb")
    assert parse([("user", "a"), ("assistant", "b"), ("user", "c")]).turns == (("user", "a"), ("assistant", "b"))
    used = parse([("user", "a"), ("assistant", "call"), ("tool", "1"), ("tool", "2"), ("assistant", "b")])
    assert used.turns[2] == ("user", "1\n2")
    assert used.prompt == "User: a\n\nAssistant: call\n\nUser: 1\n2"


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([("user", "a")], "broken turns: no assistant turn"),
        ([("assistant", "a")], "broken turns: user and assistant do not alternate"),
        ([("user", "a"), ("user", "b"), ("assistant", "c")], "broken turns: user and assistant do not alternate"),
        ([("user", "a"), ("system", "b"), ("assistant", "c")], "broken turns: a system turn after the first turn"),
        ([("user", "a"), ("narrator", "c")], "broken turns: unknown role"),
        ([("user", "a"), (7, "c")], "broken turns: unknown role"),
        ([("user", "a"), ("assistant", " \n")], "empty response"),
        ([("user", ""), ("assistant", "c")], "empty prompt"),
        ([("user", [{"type": "image"}]), ("assistant", "c")], "column 'messages' is not text"),
        ([], "broken turns: column 'messages' is not a list of turns"),
    ],
)
def test_broken_turns_are_dropped_under_their_reason(turns, reason):
    with pytest.raises(RowDropped) as dropped:
        parse(turns)
    assert str(dropped.value) == reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"instruction": "a"}, "no column 'output'"),
        ({"instruction": "a", "output": None}, "empty response"),
        ({"instruction": "a", "output": float("nan")}, "empty response"),
        ({"instruction": None, "input": "", "output": "b"}, "empty prompt"),
        ({"instruction": "a", "output": {"text": "b"}}, "column 'output' is not text"),
        (
            {"instruction": "a", "output": "b", "history": [["x"]]},
            "broken turns: column 'history' is not a list of pairs",
        ),
    ],
)
def test_rows_without_prompt_or_response_are_dropped_under_their_reason(row, reason):
    mapping = {"prompt": "instruction", "input": "input", "response": "output", "history": "history"}
    with pytest.raises(RowDropped) as dropped:
        FORMATS["alpaca"].parse(row, mapping)
    assert str(dropped.value) == reason


def test_numbers_are_answers_and_nan_is_no_input():
    mapping = {"prompt": "q", "input": "i", "response": "a"}
    sample = FORMATS["columns"].parse({"q": "2 + 2?", "i": float("nan"), "a": 4}, mapping)
    assert (sample.prompt, sample.response) == ("2 + 2?", "4")
