"""Garbage collection while nobody waits for a page.

Streamlit would do it after every run of a script, and while it lasts nothing reaches the browser. With the modules of
this app loaded (Plotly, Numba, PyArrow) more than a million objects are walked through, 0.2 to 0.3 s after every move
of a slider, often before the picture has left. So `runner.postScriptGC` is off (`.streamlit/config.toml`), and it is
done once the pages have been quiet for a while. No Streamlit in here.
"""

from __future__ import annotations

import gc
import threading

_QUIET = 4.0  # seconds without a run of a page

_lock = threading.Lock()
_waiting: list[threading.Timer] = []


def later() -> None:
    """Collect when this has not been called again for `_QUIET` seconds."""
    timer = threading.Timer(_QUIET, gc.collect)
    timer.daemon = True
    with _lock:
        for pending in _waiting:
            pending.cancel()
        _waiting[:] = [timer]
        timer.start()
