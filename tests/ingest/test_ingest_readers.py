"""Readers: the very text of each row, whatever the file looks like, with bounded windows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.ingest.readers import READERS, json_array, reader_of
from explorer.ingest.readers.separated import separator

FILES = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
INDENT = st.sampled_from([None, 0, 1, 4])


def read(path: Path, split: str = "train") -> list:
    reader = reader_of(path)
    assert reader is not None
    return list(reader.rows(path, split=split))


@FILES
@given(rows=st.lists(JSON, max_size=8), ending=st.sampled_from(["\n", "\r\n"]), packed=st.booleans(), bom=st.booleans())
def test_json_lines_give_back_every_line_as_it_was(tmp_path, rows, ending, packed, bom):
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    data = ("\ufeff" if bom and lines else "").encode() + "".join(line + ending for line in lines).encode()
    path = tmp_path / ("rows.jsonl.gz" if packed else "rows.jsonl")
    path.write_bytes(gzip.compress(data) if packed else data)
    found = list(READERS["jsonl"].rows(path, split="train"))
    assert [row.raw for row in found] == lines
    assert [row.value for row in found] == rows


@FILES
@given(rows=st.lists(JSON, max_size=8), indent=INDENT, chunk=st.integers(1, 80), wrapped=st.booleans())
def test_an_array_gives_back_the_text_of_every_element_whatever_the_window(tmp_path, rows, indent, chunk, wrapped):
    texts = [json.dumps(row, ensure_ascii=False, indent=indent) for row in rows]
    body = "[\r\n" + " ,\n".join(texts) + "]"
    path = tmp_path / "rows.json"
    text = '{"version": [1, {"data": []}], "data": ' + body + ', "n": 3.5}\n' if wrapped else body
    path.write_bytes(text.encode())
    before = json_array.CHUNK
    json_array.CHUNK = chunk
    try:
        found = list(READERS["json"].rows(path, split="train"))
    finally:
        json_array.CHUNK = before
    assert [row.raw for row in found] == texts
    assert [row.value for row in found] == rows


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_broken_json_in_an_array_is_refused_with_line_and_column(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(json_array, "CHUNK", chunk)
    path = tmp_path / "rows.json"
    path.write_text('[\n {"a": "x"},\n {"a": tru}\n]' + " " * 200)
    with pytest.raises(InputError, match=r"rows\.json, line 3, column 8: broken JSON"):
        read(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"a": 1}', "expecting ','"),
        ('[{"a": 1}, ]', "line 1, column 12"),
        ('[{"a": 1}] x', "after the end"),
        ('{"a": {"b": 1}}\n[', "line 2, column 2"),
        ('{"data": []}\n[', "after the end"),
        ('{"rows": [], "data": []}', "both 'rows' and 'data'"),
        ('{"a":\n 1}', "must hold its rows as a list"),
        ("7", "must be an array of objects"),
        ('[{"a": "never closed}]', "Unterminated string"),
        ("[" * 100_000, "nested too deeply"),
        ("[" + "9" * 5000 + "]", "broken JSON"),
    ],
)
def test_documents_that_are_no_rows_are_refused_in_one_line(tmp_path, text, said):
    path = tmp_path / "rows.json"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        read(path)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_text_decides_between_an_array_and_json_lines_not_the_name(tmp_path):
    (tmp_path / "lines.json").write_text('{"a": 1}\n{"a": 2}\n')
    (tmp_path / "array.jsonl").write_text('[{"a": 1}, {"a": 2}]')
    (tmp_path / "held.json").write_text('{"data": [{"a": 1}, {"a": 2}]}')
    (tmp_path / "splits.json").write_text('{\n"train": [{"a": 1}, {"a": 2}], "test": [{"a": 3}]}')
    for name in ("lines.json", "array.jsonl", "held.json", "splits.json"):
        assert [row.value for row in read(tmp_path / name)] == [{"a": 1}, {"a": 2}]


def test_blank_lines_are_no_rows_and_a_repeated_key_is_a_problem_of_its_row(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('\n{"a": 1, "a": 2}\n   \n{"a": {"b": 1, "b": 2}}\n{"a": 3}')
    assert [(row.raw, row.problem) for row in read(path)] == [
        ('{"a": 1, "a": 2}', "the same key twice"),
        ('{"a": {"b": 1, "b": 2}}', "the same key twice"),
        ('{"a": 3}', ""),
    ]


def test_a_line_separator_inside_a_string_does_not_end_the_line(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": "x\u2028y\u0085z"}\n', "utf-8")
    assert [row.value for row in read(path)] == [{"a": "x\u2028y\u0085z"}]


@FILES
@given(
    cells=st.lists(st.tuples(TEXT, TEXT), max_size=6).filter(lambda rows: all(a or b for a, b in rows)),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_csv_cells_come_back_as_they_were(tmp_path, cells, end):
    import csv

    path = tmp_path / "rows.csv"
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL)
        writer.writerows([("prompt", "response"), *cells])
    found = read(path)
    assert [tuple(row.value.values()) for row in found] == cells
    assert [json.loads(row.raw) for row in found] == [row.value for row in found]


def test_csv_with_a_huge_field_an_unclosed_quote_and_ragged_records(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n" + "x" * 300_000 + ",y\nonly one\n1,2,3\n")
    assert [row.problem for row in read(path)] == ["", "wrong number of cells", "wrong number of cells"]
    path.write_text('a,b\n1,2\n"never closed,4\n5,6\n')
    with pytest.raises(InputError, match="broken CSV"):
        read(path)
    path.write_text("a,a\n1,2\n")
    with pytest.raises(InputError, match="two columns are called 'a'"):
        read(path)
    path.write_text("a;b\n1,5;2\n")
    assert separator(path) == ";"


def test_parquet_keeps_types_nulls_and_nesting(tmp_path):
    rows = [{"a": 1, "b": None, "c": [{"d": "x", "e": 2.5}], "f": True}, {"a": None, "b": "é", "c": [], "f": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    found = read(tmp_path / "rows.parquet")
    assert [row.value for row in found] == rows
    assert [json.loads(row.raw) for row in found] == rows


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.jsonl", b'{"a": "\xff"}\n', "line 1: not UTF-8 (byte 0xff)"),
        ("a.json", b'[{"a": 1},\n{"a": "\xff"}]', "line 2: not UTF-8"),
        ("a.csv", b"a,b\nx,\xff\n", "not UTF-8"),
        ("a.jsonl", '{"a": 1}'.encode("utf-16"), "UTF-16"),
        ("a.csv", "a,b".encode("utf-16"), "UTF-16"),
        ("a.jsonl.gz", b"not packed", "damaged"),
        ("a.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 99)[:-9], "damaged"),
        ("a.parquet", b"PAR1 nothing PAR1", "cannot be read as Parquet"),
        ("a.jsonl", b'{"a": 1}\n{"a": 1\n', "line 2, column 8: broken JSON"),
        ("a.jsonl", b'{"a": ' + b"[" * 100_000 + b"\n", "nested too deeply"),
        ("a.jsonl", b'{"a": "\x00"}\n', "control character"),
    ],
)
def test_files_that_are_broken_are_refused_with_file_and_place(tmp_path, name, data, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as refused:
        read(tmp_path / name)
    assert said in str(refused.value)
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)
