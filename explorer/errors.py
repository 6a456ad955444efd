"""The one exception family. A message says what is wrong, where, and what is allowed, in one line."""

from __future__ import annotations

from typing import NoReturn


class ExplorerError(Exception):
    """Base of every error this project raises on purpose; `exit_code` is what the command line ends with."""

    exit_code = 1


class InputError(ExplorerError):
    """The user's input, option or file cannot be used as it is (exit code 2)."""

    exit_code = 2


class MissingStep(InputError):
    """A stage needs the result of an earlier one that is not in the workspace yet."""


class Cancelled(ExplorerError):
    """The user stopped a long job; what was finished is kept and the next run resumes (exit code 130)."""

    exit_code = 130


def refuse(what: str, *, got: object = None, allowed: object = None) -> NoReturn:
    """Raise `InputError` as one line: what, what was got, what is allowed."""
    parts = [what]
    if got is not None:
        parts.append(f"got {got!r}")
    if allowed is not None:
        listed = allowed if isinstance(allowed, str) else ", ".join(map(str, allowed))  # type: ignore[call-overload]
        parts.append(f"allowed: {listed}")
    raise InputError("; ".join(parts).replace("\n", " "))
