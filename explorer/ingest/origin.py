"""Where rows come from: a file on disk or a dataset opened by `datasets`, with the identity of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from explorer.errors import InputError
from explorer.ingest.datamodels import Row
from explorer.ingest.readers import Reader

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1 << 22


class Origin(Protocol):
    """A stream of rows that can be read again, and what its content is."""

    @property
    def name(self) -> str:
        """Its name inside the source, the same on every machine."""
        ...

    @property
    def where(self) -> str:
        """What messages call it."""
        ...

    @property
    def stem(self) -> str:
        """The name without endings: the `source` of rows that have no such column."""
        ...

    @property
    def kind(self) -> str:
        """What kind of file it is: a slug of `READERS`, or `datasets`."""
        ...

    def rows(self) -> Generator[Row, None, None]:
        """Yield the rows from the first."""
        ...

    def identity(self) -> dict[str, Any]:
        """`name`, `bytes` and `blake2b` (of the bytes): another content is another identity."""
        ...

    def schema(self) -> pa.Schema | None:
        """Return the column types it declares, or None."""
        ...


@dataclass(frozen=True)
class SourceFile:
    """One data file on disk."""

    path: Path
    reader: Reader
    split: str
    name: str

    @property
    def where(self) -> str:
        """Its path."""
        return str(self.path)

    @property
    def stem(self) -> str:
        """The file's name up to its data ending: `mix.jsonl.gz` is `mix`."""
        low = self.path.name.lower()
        ending = max((s for s in self.reader.suffixes if low.endswith(s)), key=len, default=self.path.suffix)
        return self.path.name[: len(self.path.name) - len(ending)] or self.path.name

    @property
    def kind(self) -> str:
        """The reader's name."""
        return self.reader.slug

    def rows(self) -> Generator[Row, None, None]:
        """Yield the rows from the first."""
        return self.reader.rows(self.path, split=self.split)

    def identity(self) -> dict[str, Any]:
        """Name, size in bytes and digest of the file as it is on disk (packed, where it is packed)."""
        size, digest = digest_of([self.path])
        return {"name": self.name, "bytes": size, "blake2b": digest}

    def schema(self) -> pa.Schema | None:
        """Return the types that the file declares, or None."""
        return self.reader.schema(self.path)


def digest_of(paths: list[Path]) -> tuple[int, str]:
    """Size in bytes and blake2b of the files' bytes, one after the other."""
    digest, size = hashlib.blake2b(digest_size=16), 0
    for path in paths:
        try:
            with open(path, "rb") as stream:
                while block := stream.read(BLOCK):
                    digest.update(block)
                    size += len(block)
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    return size, digest.hexdigest()
