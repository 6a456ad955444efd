"""Keeps the garbage collector from holding up a page.

Streamlit collects every generation after each run of a script, and while that goes on nothing reaches the browser.
With the modules of this app loaded (Plotly, Numba, PyArrow) more than a million objects are walked through, 0.2 to
0.3 s after every move of a slider. What has survived such a collection is nearly all there for good, so it is set aside
(`gc.freeze`) and not walked through again. It is still freed when nothing refers to it; only a cycle among these very
objects would stay. No Streamlit in here.
"""

from __future__ import annotations

import atexit
import gc
import time
from typing import Any

_SLOW = 0.03  # seconds: a full collection that takes longer has found much that stays

_began: list[float] = []


def watch() -> None:
    """Set aside what survives slow collections, from now on; a second call changes nothing."""
    if _settle not in gc.callbacks:
        gc.callbacks.append(_settle)
        atexit.register(release)


def release() -> None:
    """Stop watching; everything is the collector's again, so that it is freed when the program ends."""
    if _settle in gc.callbacks:
        gc.callbacks.remove(_settle)
    gc.unfreeze()


def _settle(phase: str, info: dict[str, Any]) -> None:
    if info["generation"] != 2:
        return
    if phase == "start":
        _began.append(time.perf_counter())
    elif _began and time.perf_counter() - _began.pop() > _SLOW:
        gc.freeze()
