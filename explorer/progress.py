"""How long work says how far it is, and how it learns that it was cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Progress(Protocol):
    """Called often by long work; may raise `explorer.errors.Cancelled` to stop it at a clean point."""

    def __call__(self, stage: str, done: float, total: float | None, note: str = "") -> None:
        """Report `done` of `total` units in `stage` (None: total unknown); `note` is e.g. `2,150 tokens/s`."""
        ...


def silent(stage: str, done: float, total: float | None, note: str = "") -> None:
    """Report nothing: the default for notebooks and tests."""
    del stage, done, total, note


_listener: ContextVar[Progress] = ContextVar("listener", default=silent)


@contextmanager
def reporting(progress: Progress) -> Iterator[None]:
    """Inside, `report` goes to `progress`: for inner loops whose callers have no place for a callback."""
    token = _listener.set(progress)
    try:
        yield
    finally:
        _listener.reset(token)


def report(stage: str, done: float, total: float | None, note: str = "") -> None:
    """Tell the listener of this thread how far the work is; it may raise `Cancelled`."""
    _listener.get()(stage, done, total, note)
