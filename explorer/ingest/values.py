"""Values of source rows as text and as strict JSON: what is done about NaN, lone surrogates and types JSON lacks.

JSON text written here is strict: a number that is not finite becomes the string `NaN`, `Infinity` or `-Infinity`
(`explorer.exports.typed` turns it back into a number where the column is one); bytes become base64; dates, times and
decimals become their ISO or decimal text.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
import re
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A value as a reader yields it: what JSON has, and from Parquet also bytes, dates, decimals."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")


def has_escaped_surrogate(raw: str) -> bool:
    """Whether JSON text holds a surrogate escape at all (a paired one is fine; `without_surrogates` sorts it out)."""
    return _ESCAPED.search(raw) is not None


def without_surrogates(value: Json) -> Json:
    """Replace lone surrogates, which no UTF-8 file can hold, by U+FFFD in every string of a JSON value."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {without_surrogates(key): without_surrogates(item) for key, item in value.items()}
    return value


def is_missing(value: Json) -> bool:
    """Null, or the NaN that frames write for null."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def json_text(value: Json) -> str:
    """Strict JSON text of any value a reader yields; see the module's docstring for what JSON has no form for."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)


def plain(value: Json) -> Json:
    """Turn a value into what strict JSON can hold."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, datetime.timedelta):  # before the rest: whole nanoseconds, exact also for pandas' own type
        nanoseconds = getattr(value, "nanoseconds", 0)
        return ((value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds) * 1_000 + nanoseconds
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return str(value)
