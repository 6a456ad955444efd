"""Exports: the source rows come back as they were, in pick order, in the shape of each consumer."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.errors import InputError
from explorer.exports.formats import EXPORTS
from explorer.exports.write import preview
from explorer.pipeline.export import export
from explorer.pipeline.ingest import ingest
from explorer.workspace import Snapshot, Store
from tests.exports.conftest import decorate, pick

FILES = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
SOLID = TEXT.filter(lambda text: bool(text) and not text.isspace())
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
ROWS = st.lists(
    st.fixed_dictionaries(
        {"instruction": SOLID, "output": SOLID},
        optional={"input": TEXT, "id": VALUES, "tags": st.lists(VALUES, max_size=3), "x": VALUES},
    ),
    min_size=1,
    max_size=6,
)
TALK = [
    {"id": 1, "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
    {
        "id": 2,
        "conversations": [
            {"from": "system", "value": "s"},
            {"from": "human", "value": "c"},
            {"from": "gpt", "value": "d"},
            {"from": "human", "value": "e"},
            {"from": "gpt", "value": "f"},
        ],
    },
]
TEN = [{"instruction": f"i{n}", "input": "", "output": f"o{n}", "score": n} for n in range(10)]


def room(tmp_path: Path) -> Path:
    folder = tmp_path / f"case{len(list(tmp_path.glob('case*')))}"
    folder.mkdir()
    return folder


@FILES
@given(rows=ROWS, data=st.data(), indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans())
def test_rows_of_any_source_come_back_byte_for_byte(tmp_path, rows, data, indent, ascii_only):
    folder = room(tmp_path)
    order = data.draw(st.permutations(range(len(rows))))
    texts = [json.dumps(row, ensure_ascii=ascii_only, indent=indent) for row in rows]
    lines = [json.dumps(row, ensure_ascii=ascii_only) for row in rows]
    for name, body in (("rows.json", "[" + ",\n".join(texts) + "]"), ("rows.jsonl", "\n".join(lines))):
        (folder / name).write_text(body, "utf-8", newline="")
        store = Store.create(folder / f"ws-{name}")
        ingest(store, str(folder / name))
        run = pick(store, order).id
        export(store, run, format="jsonl", out=folder / f"{name}.out.jsonl")
        export(store, run, format="alpaca", out=folder / f"{name}.out.json")
        written = (folder / f"{name}.out.jsonl").read_bytes().decode().split("\n")
        array = (folder / f"{name}.out.json").read_bytes().decode()
        source = texts if name == "rows.json" else lines
        assert array == "[\n" + ",\n".join(source[i] for i in order) + "\n]\n"
        assert written[-1] == ""
        assert [json.loads(line) for line in written[:-1]] == [rows[i] for i in order]
        if name == "rows.jsonl" or indent is None:
            assert written[:-1] == [source[i] for i in order]


@FILES
@given(rows=ROWS)
def test_typed_and_spreadsheet_exports_hold_every_value(tmp_path, rows):
    folder = room(tmp_path)
    store = Store.create(folder / "ws")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ingest(store, str(folder / "rows.jsonl"))
    run = pick(store, list(range(len(rows)))).id
    export(store, run, format="parquet", out=folder / "rows.parquet")
    export(store, run, format="csv", out=folder / "rows.csv", params={"safe": "false"})
    table = pq.read_table(folder / "rows.parquet").to_pylist()
    with open(folder / "rows.csv", encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert len(table) == len(cells) == len(rows)
    for row, typed, text in zip(rows, table, cells, strict=True):
        for name in ("instruction", "output", "input"):
            assert typed.get(name) == row.get(name)
            assert (text.get(name) or "") == row.get(name, "")
        known = row.get("id")
        if known is not None and not isinstance(typed["id"], str):
            assert typed["id"] == known
        elif known is not None and not isinstance(known, str):
            assert json.loads(typed["id"]) == known


def test_conversations_are_converted_to_every_shape_and_kept_in_their_own(make, tmp_path):
    store, run = make(TALK, [1, 0])
    for format in ("alpaca", "sharegpt", "messages"):
        export(store, run.id, format=format, out=tmp_path / format)
    assert json.loads((tmp_path / "sharegpt").read_text()) == [TALK[1], TALK[0]]
    assert json.loads((tmp_path / "alpaca").read_text()) == [
        {"instruction": "e", "input": "", "output": "f", "system": "s", "history": [["c", "d"]]},
        {"instruction": "a", "input": "", "output": "b", "system": "", "history": []},
    ]
    first, second = [json.loads(line) for line in (tmp_path / "messages").read_text().splitlines()]
    assert [turn["role"] for turn in first["messages"]] == ["system", "user", "assistant", "user", "assistant"]
    assert second == {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}


def test_what_goes_out_as_messages_comes_in_again_as_the_same_samples(make, tmp_path):
    store, run = make(TALK, [0, 1])
    for format, name in (
        ("messages", "m.jsonl"),
        ("sharegpt", "s.json"),
        ("alpaca", "a.json"),
        ("parquet", "p.parquet"),
    ):
        export(store, run.id, format=format, out=tmp_path / name)
        again = Store.create(tmp_path / f"again-{format}")
        ingest(again, str(tmp_path / name))
        hashes = [
            s.sql(
                f"SELECT content_hash FROM {s.scan(Snapshot.newest(s).require('samples'))} ORDER BY sample_id"
            ).fetchall()
            for s in (store, again)
        ]
        assert hashes[0] == hashes[1]


def test_instruction_and_input_stay_apart_when_other_columns_become_alpaca(make, tmp_path):
    store, run = make([{"instruction": "x", "context": "y", "response": "z"}], [0])
    export(store, run.id, format="alpaca", out=tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == [{"instruction": "x", "input": "y", "output": "z"}]


def test_extra_columns_are_added_on_demand_and_never_overwrite_the_source(make, tmp_path):
    rows = [row | {"grade": None if row["score"] == 9 else row["score"] / 2} for row in TEN]
    store, run = make(rows, [9, 4])
    decorate(store)
    extras = ("rank", "gain", "cluster", "score")
    result = export(store, run.id, format="jsonl", out=tmp_path / "e.jsonl", extras=extras)
    assert result.extras == {"rank": "rank", "gain": "gain", "cluster": "cluster", "score": "selection_score"}
    lines = (tmp_path / "e.jsonl").read_text().splitlines()
    assert lines[0] == json.dumps(rows[9])[:-1] + ', "rank": 0, "gain": 1.0, "cluster": 0, "selection_score": null}'
    for format in ("alpaca", "parquet", "csv", "hf", "sharegpt", "messages"):
        export(store, run.id, format=format, out=tmp_path / format, extras=extras)
    table = pq.read_table(tmp_path / "parquet").to_pylist()
    assert [(row["score"], row["rank"], row["cluster"], row["selection_score"]) for row in table] == [
        (9, 0, 0, None),
        (4, 1, 1, 2.0),
    ]
    with pytest.raises(InputError, match="no place for extra columns"):
        export(store, run.id, format="indices", out=tmp_path / "i.json", extras=("rank",))


def test_extras_that_need_a_step_say_which(make, tmp_path):
    store, run = make(TEN, [0])
    with pytest.raises(InputError, match="has no clusters yet; run: python -m explorer cluster"):
        export(store, run.id, format="jsonl", out=tmp_path / "e.jsonl", extras=("cluster",))
    assert not (tmp_path / "e.jsonl").exists()


def test_csv_is_safe_for_spreadsheets_unless_asked_otherwise(make, tmp_path):
    rows = [{"prompt": text, "response": "r", "n": -5} for text in ("=1+1", "+1", "-1", "@a", "\tx", "\rx", "a=b")]
    store, run = make(rows, list(range(7)))
    for safe in (True, False):
        export(store, run.id, format="csv", out=tmp_path / f"{safe}.csv", params={"safe": safe})
        with open(tmp_path / f"{safe}.csv", encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        mark = "'" if safe else ""
        assert [row["prompt"] for row in found] == [mark + row["prompt"] for row in rows[:-1]] + ["a=b"]
        assert {row["n"] for row in found} == {"-5"}


def test_indices_count_source_rows_in_pick_order(make, tmp_path):
    rows = [{"prompt": "p", "response": "" if n == 1 else f"r{n}"} for n in range(5)]
    store, run = make(rows, [3, 0, 1])
    export(store, run.id, format="indices", out=tmp_path / "i.json")
    export(store, run.id, format="indices", out=tmp_path / "i.npy")
    assert json.loads((tmp_path / "i.json").read_text()) == [4, 0, 2]
    assert np.load(tmp_path / "i.npy", allow_pickle=False).tolist() == [4, 0, 2]
    with pytest.raises(InputError, match=r"\.json, \.npy"):
        export(store, run.id, format="indices", out=tmp_path / "i.pkl")


def test_every_export_loads_in_its_consumer(make, tmp_path):
    import datasets
    import pandas as pd

    store, run = make(TEN, [7, 2, 5])
    for format in EXPORTS.slugs:
        export(store, run.id, format=format, out=tmp_path / f"x-{format}{EXPORTS[format].suffix}")
    wanted = [TEN[7], TEN[2], TEN[5]]
    assert datasets.load_from_disk(str(tmp_path / "x-hf")).to_list() == wanted
    assert pd.read_json(tmp_path / "x-jsonl.jsonl", lines=True).to_dict("records") == wanted
    assert pd.read_json(tmp_path / "x-alpaca.json").to_dict("records") == wanted
    assert pd.read_csv(tmp_path / "x-csv.csv", keep_default_na=False).to_dict("records") == wanted
    assert (
        store.sql("FROM read_parquet(?)", [str(tmp_path / "x-parquet.parquet")]).to_arrow_table().to_pylist() == wanted
    )
    cache = str(tmp_path / "cache")
    for name in ("x-alpaca.json", "x-jsonl.jsonl", "x-messages.jsonl", "x-sharegpt.json"):
        loaded = datasets.load_dataset("json", data_files=str(tmp_path / name), split="train", cache_dir=cache)
        assert loaded.num_rows == 3


def test_a_failed_or_unwanted_export_leaves_nothing_and_touches_nothing(make, tmp_path, monkeypatch):
    store, run = make(TEN, [0])
    out = tmp_path / "deep/er/x.json"
    first = export(store, run.id, format="alpaca", out=out)
    before = out.read_bytes()
    assert Path(first.recipe) == tmp_path / "deep/er/x.json.recipe.yaml"
    with pytest.raises(InputError, match="exists already"):
        export(store, run.id, format="alpaca", out=out)
    with pytest.raises(InputError, match=r"recipe\.yaml exists already"):
        (tmp_path / "y.json.recipe.yaml").write_text("mine")
        export(store, run.id, format="alpaca", out=tmp_path / "y.json")
    assert not (tmp_path / "y.json").exists()

    def stop(stage, done, total, note=""):
        raise InputError("stopped")

    with pytest.raises(InputError, match="stopped"):
        export(store, run.id, format="jsonl", out=out, overwrite=True, progress=stop)
    assert out.read_bytes() == before
    assert sorted(path.name for path in out.parent.iterdir()) == ["x.json", "x.json.recipe.yaml"]
    export(store, run.id, format="jsonl", out=out, overwrite=True)
    assert out.read_text() == json.dumps(TEN[0]) + "\n"
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter.txt").write_text("mine")
    with pytest.raises(InputError, match="did not write; it is not replaced"):
        export(store, run.id, format="hf", out=tmp_path / "home", overwrite=True)
    for _ in range(2):
        export(store, run.id, format="hf", out=tmp_path / "saved", overwrite=True)
    assert (tmp_path / "home/letter.txt").read_text() == "mine"
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        export(store, run.id, format="jsonl", out=tmp_path / "file/x.jsonl")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"format": "xlsx"}, "unknown export format 'xlsx'"),
        ({"format": "csv", "params": {"save": 1}}, "has no parameter 'save'"),
        ({"format": "csv", "params": {"safe": "perhaps"}}, "must be true or false"),
        ({"format": "jsonl", "extras": ("length",)}, "unknown extra column 'length'"),
        ({"format": "jsonl", "run": "none"}, "is not there"),
    ],
)
def test_wrong_options_are_refused_in_one_line(make, tmp_path, options, said):
    store, run = make(TEN, [0])
    with pytest.raises(InputError) as refused:
        export(store, **{"run": run.id, "out": tmp_path / "x", **options})
    assert said in str(refused.value)
    assert not (tmp_path / "x").exists()


def test_a_preview_is_what_the_export_begins_with(make, tmp_path):
    store, run = make(TEN, [7, 2, 5])
    for format in EXPORTS.slugs:
        shown = preview(store, run, format=format, rows=2)
        assert "i5" not in shown
        assert ("i7" in shown and "i2" in shown) or shown == "[7, 2]\n"
    assert "score: int64" in preview(store, run, format="parquet")
