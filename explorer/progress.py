"""How long work says how far it is, and how it learns that it was cancelled."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called often by long work; may raise `explorer.errors.Cancelled` to stop it at a clean point."""

    def __call__(self, stage: str, done: float, total: float | None, note: str = "") -> None:
        """Report `done` of `total` units in `stage` (None: total unknown); `note` is e.g. `2,150 tokens/s`."""
        ...


def silent(stage: str, done: float, total: float | None, note: str = "") -> None:
    """Report nothing: the default for notebooks and tests."""
    del stage, done, total, note
