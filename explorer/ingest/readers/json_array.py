"""A JSON document: an array of objects, or an object that holds one under `data` (or under the split's name).

The text is read through a window, so that memory is bounded by the largest row, not by the file. `raw` of a row is
the very text of its object in the file.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from explorer.errors import InputError
from explorer.ingest.datamodels import Row
from explorer.ingest.readers.json_lines import Decoder
from explorer.ingest.readers.text import not_utf8, opened

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = ("data", "rows", "examples", "instances")  # under which an object may hold its rows
CHUNK = 1 << 20  # bytes
_BLANK = re.compile(r"[ \t\r\n]*")
_NUMERIC = "0123456789.eE+-"  # after a value they can only mean that a number goes on beyond the window
_LOOKAHEAD = 64  # an error nearer than this to the window's end may only mean that the window ends there


class JsonArray:
    """Reader of JSON documents."""

    slug = "json"
    suffixes = (".json", ".json.gz")

    def rows(self, path: Path, *, split: str) -> Generator[Row, None, None]:
        """Yield the elements of the array; after the last one the rest of the document is checked too."""
        with opened(path) as stream:
            window = _Window(stream, path)
            start = window.peek()
            if start == "":
                return
            if start == "[":
                yield from _array(window)
            elif start == "{":
                yield from _object(window, (*KEYS, split))
            else:
                window.fail("a JSON document must be an array of objects, or an object that holds one under 'data'")
            if window.peek():
                window.fail("broken JSON: text after the end of the document")

    def schema(self, path: Path) -> pa.Schema | None:
        """JSON declares no types."""
        del path


def is_row(line: str) -> bool:
    """Whether a line of a `.json` file is an object that is a row itself, rather than one that holds rows."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and not any(isinstance(value.get(key), list) for key in KEYS)


def _array(window: _Window) -> Iterator[Row]:
    window.take("[")
    if window.peek() == "]":
        window.take("]")
        return
    while True:
        yield window.value()
        if window.peek() == "]":
            window.take("]")
            return
        window.take(",")


def _object(window: _Window, keys: tuple[str, ...]) -> Iterator[Row]:
    window.take("{")
    found, seen = "", []
    while window.peek() != "}":
        if seen:
            window.take(",")
        if window.peek() != '"':
            window.fail("broken JSON: expecting a key")
        key = str(window.value().value)
        seen.append(key)
        window.take(":")
        if key in keys and window.peek() == "[":
            if found:
                window.fail(f"rows under both {found!r} and {key!r}; keep one of them")
            found = key
            yield from _array(window)
        else:
            window.value()
    window.take("}")
    if not found:
        held = ", ".join(repr(key) for key in seen[:8]) or "nothing"
        window.fail(
            f"a JSON object must hold its rows as a list under one of {', '.join(dict.fromkeys(keys))}; it holds {held}"
        )


class _Window:
    """The part of the text that is in memory, and where in the file it is."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream = stream
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._path = path
        self._text = ""
        self._at = 0
        self._done = False
        self._lines = 0  # newlines before the window
        self._columns = 0  # characters between the last of them and the window
        self._decoder = Decoder()

    def peek(self) -> str:
        """Return the next character that is not white space; "" at the end of the file."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if self._done:
                return ""
            self._fill()

    def take(self, wanted: str) -> None:
        """Step over `wanted`, or fail."""
        if self.peek() != wanted:
            self.fail(f"broken JSON: expecting {wanted!r}")
        self._at += 1

    def value(self) -> Row:
        """Return the value that comes next, with its text."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.start(self._text, self._at)
            except json.JSONDecodeError as error:
                certain = error.pos < len(self._text) - _LOOKAHEAD and not error.msg.startswith("Unterminated")
                if self._done or certain:
                    self.fail(f"broken JSON: {error.msg}", at=error.pos)
            except RecursionError:
                self.fail("JSON nested too deeply")
            except ValueError as error:  # an integer of thousands of digits
                self.fail(f"broken JSON: {error}")
            else:
                if self._done or (end < len(self._text) and self._text[end] not in _NUMERIC):
                    raw = self._text[self._at : end]
                    self._at = end
                    return Row(value, raw, self._decoder.problem)
            self._fill()

    def fail(self, message: str, *, at: int | None = None) -> NoReturn:
        """Refuse the file with the line and column of `at` (default: here), both from 1."""
        at = self._at if at is None else at
        line = self._lines + self._text.count("\n", 0, at) + 1
        newline = self._text.rfind("\n", 0, at)
        column = at - newline if newline >= 0 else self._columns + at + 1
        raise InputError(f"{self._path}, line {line}, column {column}: {message}")

    def _fill(self) -> None:
        used = self._text[: self._at]
        newline = used.rfind("\n")
        self._lines += used.count("\n")
        self._columns = len(used) - newline - 1 if newline >= 0 else self._columns + len(used)
        rest = self._text[self._at :]
        read = self._stream.read(max(CHUNK, len(rest)))
        try:
            more = self._utf8.decode(read, final=not read)
        except UnicodeDecodeError as error:
            line = self._lines + rest.count("\n") + error.object.count(b"\n", 0, error.start) + 1
            raise not_utf8(self._path, line, error) from error
        self._done = not read
        self._text, self._at = rest + more, 0
