"""Typed columns: what a Parquet source declared is what a Parquet export holds."""

from __future__ import annotations

import datetime
import decimal
import json

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.exports.typed import Shape, decode
from explorer.ingest.values import json_text
from explorer.pipeline.export import export

UTC = datetime.UTC
VALUES = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint8(): st.integers(0, 255),
    pa.float64(): st.floats(allow_nan=False),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(st.characters(codec="utf-8")),
    pa.large_string(): st.text(st.characters(codec="utf-8")),
    pa.binary(): st.binary(),
    pa.date32(): st.dates(),
    pa.time64("us"): st.times(),
    pa.timestamp("us"): st.datetimes(datetime.datetime(1678, 1, 1), datetime.datetime(2262, 1, 1)),
    pa.timestamp("us", "UTC"): st.datetimes(
        datetime.datetime(1678, 1, 1), datetime.datetime(2262, 1, 1), timezones=st.just(UTC)
    ),
    pa.duration("us"): st.timedeltas(datetime.timedelta(-9999), datetime.timedelta(9999)),
    pa.decimal128(12, 3): st.decimals(-(10**8), 10**8, places=3, allow_nan=False),
    pa.dictionary(pa.int32(), pa.string()): st.sampled_from(["a", "b"]),
}
TYPES = st.recursive(
    st.sampled_from(list(VALUES)),
    lambda inner: inner.map(pa.list_) | st.tuples(inner, inner).map(lambda two: pa.struct(zip("ab", two, strict=True))),
    max_leaves=4,
)


def values_of(type: pa.DataType) -> st.SearchStrategy:
    if pa.types.is_list(type):
        return st.none() | st.lists(values_of(type.value_type), max_size=3)
    if pa.types.is_struct(type):
        return st.none() | st.fixed_dictionaries({field.name: values_of(field.type) for field in type})
    return st.none() | VALUES[type]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_values_of_every_type_survive_the_way_through_json(data):
    type = data.draw(TYPES)
    values = data.draw(st.lists(values_of(type), max_size=4))
    before = pa.array(values, type)
    texts = [json_text(value) for value in before.to_pylist()]
    after = decode([json.loads(text) for text in texts], type)
    assert after.type == type
    assert after.to_pylist() == before.to_pylist()


def test_a_parquet_source_comes_back_with_its_types(make, tmp_path):
    table = pa.table(
        {
            "prompt": ["a", "b", "c"],
            "response": pa.array(["x", "y", "z"], pa.large_string()),
            "when": pa.array([datetime.datetime(2024, 1, 2, 3, 4, 5, 6), None, None], pa.timestamp("ns")),
            "price": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("2.00")], pa.decimal128(8, 2)),
            "score": pa.array([float("inf"), None, 0.5], pa.float32()),
            "blob": pa.array([b"\x00\xff", None, b""], pa.binary()),
            "pairs": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
            "nested": [{"a": [1, None]}, None, {"a": []}],
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    store, run = make(tmp_path / "rows.parquet", [2, 0, 1])
    export(store, run.id, format="parquet", out=tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet")
    wanted = table.take([2, 0, 1])
    assert found.schema.equals(wanted.schema)
    assert found.to_pylist() == wanted.to_pylist()
    export(store, run.id, format="jsonl", out=tmp_path / "out.jsonl")
    first = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[1])
    assert (first["score"], first["blob"], first["price"]) == ("Infinity", "AP8=", "1.50")


def test_columns_whose_values_do_not_agree_become_text():
    def typed(*values):
        shape = Shape()
        for value in values:
            shape.see(value)
        return str(shape.type()), [shape.fit(value) for value in values]

    assert typed(1, 2.5, None) == ("double", [1.0, 2.5, None])
    assert typed(2**53 + 1, 0.5) == ("string", ["9007199254740993", "0.5"])
    assert typed(2**70, 1) == ("string", [str(2**70), "1"])
    assert typed("a", 1, [2]) == ("string", ["a", "1", "[2]"])
    assert typed({}, {"a": 1})[1] == [{"a": None}, {"a": 1}]
    assert typed({}, None) == ("string", ["{}", None])
    assert typed([], [None]) == ("list<item: string>", [[], [None]])
    assert typed(True, 1) == ("string", ["true", "1"])
