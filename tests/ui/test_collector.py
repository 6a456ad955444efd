"""Garbage is collected once, when the pages have been quiet."""

from __future__ import annotations

import gc
import time
import tomllib
import weakref

import pytest

from explorer.ui import garbage
from tests.ui.conftest import ROOT


class Ring:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.me = self


def test_a_ring_is_freed_after_the_last_run_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.disable()  # else an allocation might free it at any time
    try:
        monkeypatch.setattr(garbage, "_QUIET", 0.4)
        seen = weakref.ref(Ring())
        began = time.perf_counter()
        for _ in range(3):
            garbage.later()
            time.sleep(0.2)
        assert seen() is not None or time.perf_counter() - began > 0.8
        deadline = time.perf_counter() + 20
        while seen() is not None and time.perf_counter() < deadline:
            time.sleep(0.05)
        assert seen() is None
    finally:
        gc.enable()


def test_streamlit_leaves_it_to_the_app() -> None:
    assert tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))["runner"]["postScriptGC"] is False
