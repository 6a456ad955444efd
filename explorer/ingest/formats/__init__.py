"""Formats: what the columns of a row mean. `FORMATS` is the one list, in the order detection prefers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from explorer.ingest.formats.alpaca import Alpaca
from explorer.ingest.formats.chat import Chat
from explorer.ingest.formats.columns import Columns
from explorer.records import Sample
from explorer.registry import Registry


class Format(Protocol):
    """Turns a row into a sample. `roles` are the keys its mapping may have (see `datamodels.ROLES`)."""

    @property
    def slug(self) -> str:
        """Its name in options and manifests."""
        ...

    @property
    def title(self) -> str:
        """What a person reads."""
        ...

    @property
    def roles(self) -> tuple[str, ...]:
        """What its mapping may name."""
        ...

    def match(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
        """Return the mapping this format would use for such rows, or None where it does not fit."""
        ...

    def parse(self, row: Mapping[str, Any], mapping: Mapping[str, str]) -> Sample:
        """Make a sample (without `source` and `meta`); `RowDropped` with the reason where the row makes none."""
        ...


FORMATS: Registry[Format] = Registry(
    "format",
    [
        Chat("messages", "OpenAI messages (role, content)", "role", "content", ("messages", "conversations")),
        Chat("sharegpt", "ShareGPT (from, value)", "from", "value", ("conversations", "conversation", "messages")),
        Alpaca(),
        Columns(),
    ],
)
NAMES = ("auto", *FORMATS.slugs)
