"""JSON rows as typed Arrow columns: by the schema that the source declared, else by what the values are.

Inferred types: truth values, int64, double, text, lists and structs of those. A column whose values do not agree
(text here, a list there), or whose integers do not fit, is text: strings as they are, everything else as JSON.
"""

from __future__ import annotations

import base64
import datetime
import decimal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from explorer.errors import refuse
from explorer.exports.picks import Picks
from explorer.ingest.values import Json, json_text

if TYPE_CHECKING:
    import pyarrow as pa

_INT64 = range(-(2**63), 2**63)
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


@dataclass
class Shape:
    """What the values of a column have been so far: null, bool, int, float, str, list, object or mixed."""

    kind: str = "null"
    items: Shape | None = None
    fields: dict[str, Shape] = field(default_factory=dict)
    wide: bool = False  # an integer was seen that a double cannot hold

    def see(self, value: Json) -> None:
        """Take one more value into account."""
        if value is None or self.kind == "mixed":
            return
        kind = _kind(value)
        if self.kind == "null":
            self.kind = kind
        elif {self.kind, kind} == {"int", "float"}:
            self.kind = "float"
        elif self.kind != kind:
            self.kind = "mixed"
        self.wide = self.wide or (kind == "int" and float(value) != value)
        if self.kind == "float" and self.wide:
            self.kind = "mixed"
        if self.kind == "list":
            self.items = self.items or Shape()
            for item in value:
                self.items.see(item)
        elif self.kind == "object":
            for name, item in value.items():
                self.fields.setdefault(name, Shape()).see(item)

    def type(self) -> pa.DataType:
        """Return the Arrow type that holds them all."""
        import pyarrow as pa

        if self.kind == "list" and self.items is not None:
            return pa.list_(self.items.type())
        if self.kind == "object" and self.fields:
            return pa.struct([(name, shape.type()) for name, shape in self.fields.items()])
        # an object that never has a key is text too: a struct without fields has no place in a Parquet file
        return {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64()}.get(self.kind, pa.string())

    def fit(self, value: Json) -> Json:
        """Return a value in the form that `type` takes."""
        if value is None:
            return None
        if self.kind == "list" and self.items is not None:
            return [self.items.fit(item) for item in value]
        if self.kind == "object" and self.fields:
            return {name: shape.fit(value.get(name)) for name, shape in self.fields.items()}
        if self.kind == "float":
            return float(value)
        return value if self.kind in ("bool", "int", "str") or isinstance(value, str) else json_text(value)


def batches_of(picks: Picks) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the schema of the picked rows with their extras, and the record batches, streamed."""
    import pyarrow as pa

    extras = {"rank": pa.int64(), "gain": pa.float64(), "cluster": pa.int32(), "score": pa.float64()}
    added = [pa.field(name, extras[extra]) for extra, name in picks.extras.items()]
    declared = _declared(picks)
    if declared is not None:
        metadata = None if added else declared.metadata  # what `datasets` notes there lists every column
        schema = pa.schema([*declared, *added], metadata=metadata)
        return schema, _restored(picks, declared, schema)
    shapes = {name: Shape() for name in picks.columns}
    for batch in picks.stream():
        for pick in batch:
            for name, value in pick.row.items():
                shapes.setdefault(name, Shape()).see(value)
    schema = pa.schema([*((name, shape.type()) for name, shape in shapes.items()), *added])
    return schema, _inferred(picks, shapes, schema)


def decode(values: Sequence[Any], type: pa.DataType) -> pa.Array:
    """Turn values that `explorer.ingest.values.json_text` wrote back into an Arrow array of `type`."""
    import pyarrow as pa

    t = pa.types
    if isinstance(type, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(type, decode(values, type.storage_type))
    if t.is_dictionary(type):
        return decode(values, type.value_type).dictionary_encode().cast(type)
    if t.is_floating(type):
        return pa.array([None if v is None else float(v) for v in values], pa.float64()).cast(type)
    if t.is_binary(type) or t.is_large_binary(type) or t.is_fixed_size_binary(type):
        return pa.array([None if v is None else base64.b64decode(v) for v in values], type)
    if t.is_decimal(type):
        return pa.array([None if v is None else decimal.Decimal(v) for v in values], type)
    if t.is_timestamp(type) or t.is_date(type):
        return pa.array(values, pa.string()).cast(type)
    if t.is_time(type):
        return pa.array([None if v is None else datetime.time.fromisoformat(v) for v in values], type)
    if t.is_duration(type):
        return pa.array([None if v is None else v // _NANOSECONDS[type.unit] for v in values], pa.int64()).cast(type)
    if t.is_map(type):
        pairs = [pair for value in values if value is not None for pair in value]
        keys = decode([key for key, _ in pairs], type.key_type)
        items = decode([item for _, item in pairs], type.item_type)
        return pa.MapArray.from_arrays(_offsets(values), keys, items, type=type)
    if t.is_list(type) or t.is_large_list(type) or t.is_fixed_size_list(type):
        return _decode_list(values, type)
    if t.is_struct(type):
        parts = [decode([None if v is None else v.get(f.name) for v in values], f.type) for f in type]
        nulls = pa.array([v is None for v in values], pa.bool_())
        return pa.StructArray.from_arrays(parts, fields=list(type), mask=nulls)
    return pa.array(values, type)


def _decode_list(values: Sequence[Any], type: pa.DataType) -> pa.Array:
    import pyarrow as pa

    items = decode([item for value in values if value is not None for item in value], type.value_type)
    variable = pa.list_(type.value_type)
    made = pa.ListArray.from_arrays(_offsets(values), items, type=variable)
    return made if type == variable else made.cast(type)


def _offsets(values: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    offsets: list[int | None] = []
    at = 0
    for value in values:
        offsets.append(None if value is None else at)
        at += 0 if value is None else len(value)
    return pa.array([*offsets, at], pa.int32())


def _declared(picks: Picks) -> pa.Schema | None:
    schemas = [origin.arrow_schema() for origin in picks.origins]
    first = schemas[0]
    if first is None or any(one is None or not one.equals(first) for one in schemas):
        return None
    return first


def _restored(picks: Picks, declared: pa.Schema, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for batch in picks.stream():
        arrays = []
        for column in declared:
            try:
                arrays.append(decode([pick.row.get(column.name) for pick in batch], column.type))
            except (pa.ArrowException, ValueError, TypeError) as error:
                refuse(f"column {column.name!r} cannot be written with its type {column.type}: {error}")
        yield pa.record_batch([*arrays, *_added(picks, batch, schema)], schema=schema)


def _inferred(picks: Picks, shapes: dict[str, Shape], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for batch in picks.stream():
        arrays = [
            pa.array([shape.fit(pick.row.get(name)) for pick in batch], schema.field(name).type)
            for name, shape in shapes.items()
        ]
        yield pa.record_batch([*arrays, *_added(picks, batch, schema)], schema=schema)


def _added(picks: Picks, batch: Sequence[Any], schema: pa.Schema) -> list[pa.Array]:
    import pyarrow as pa

    names = picks.extras.values()
    return [pa.array([pick.extras[name] for pick in batch], schema.field(name).type) for name in names]


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if value in _INT64 else "mixed"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "str"
    if isinstance(value, list):
        return "list"
    return "object"
