"""Opening text files for the readers: gzip, byte-order marks, and errors that say file and line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from explorer.errors import InputError

BOM = b"\xef\xbb\xbf"
WIDE = (b"\xff\xfe", b"\xfe\xff")  # UTF-16, which some spreadsheets write


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open `path` for reading bytes, unpacking `.gz`; what goes wrong on the way is refused in one line."""
    try:
        with gzip.open(path, "rb") if path.name.lower().endswith(".gz") else open(path, "rb") as stream:
            yield stream  # type: ignore[misc]
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} is damaged: {error}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def decoded(line: bytes, path: Path, number: int) -> str:
    """Decode one line; text that is not UTF-8 is refused with file, line and byte."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(path, number, error) from error


def not_utf8(path: Path, number: int, error: UnicodeDecodeError) -> InputError:
    """Say where a file stops being UTF-8."""
    bad = error.object[error.start : error.start + 1].hex()
    return InputError(f"{path}, line {number}: not UTF-8 (byte 0x{bad}); save the file as UTF-8 and try again")
