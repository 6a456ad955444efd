"""Files and folders that are there whole or not at all: written under a temporary name, flushed, renamed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from explorer.errors import InputError, refuse
from explorer.workspace.artifact import to_disk


@contextmanager
def replacing(target: Path, *, overwrite: bool, ours: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yield a temporary path beside `target`; what was written there takes its place when the block ends well.

    An existing target is refused unless `overwrite`. A folder is only ever replaced when it is empty or holds one of
    the files named `ours`, the marks of what this program writes: a mistyped path must not delete a home folder.
    """
    check(target, overwrite=overwrite, ours=ours)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=f".{target.name[:80]}.", dir=target.parent))
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror or error}") from error
    try:
        yield room / "new"
        for path in (room / "new", *(room / "new").rglob("*")):
            to_disk(path)
        check(target, overwrite=overwrite, ours=ours)
        if target.is_dir():
            os.replace(target, room / "old")  # a folder cannot be replaced in one step
        os.replace(room / "new", target)
        to_disk(target.parent)
    except OSError as error:
        if (room / "old").exists() and not target.exists():
            os.replace(room / "old", target)
        raise InputError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(room, ignore_errors=True)


def check(target: Path, *, overwrite: bool, ours: tuple[str, ...] = ()) -> None:
    """Refuse, before any work, a target that must not be written."""
    if not target.exists():
        return
    if not overwrite:
        refuse(f"{target} exists already", allowed="a new path, or overwriting it on purpose (--overwrite)")
    if target.is_dir() and any(target.iterdir()) and not any((target / mark).is_file() for mark in ours):
        refuse(f"{target} is a folder that this program did not write; it is not replaced")
