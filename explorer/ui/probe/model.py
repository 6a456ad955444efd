"""The model behind the Probe page and the token view of a row, loaded on demand, once per server."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from explorer.errors import ExplorerError
from explorer.progress import Progress
from explorer.ui.context import View

if TYPE_CHECKING:
    from explorer.pipeline.probe import Probe, Reading, Steering

Turn = tuple[str, str]
_READINGS = 32


class Holder:
    """One loaded model that answers one request at a time, with a cache of the last readings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[str, str, str] | None = None
        self._probe: Probe | None = None
        self._readings: OrderedDict[tuple[Turn, ...], Reading] = OrderedDict()

    def ready(self, view: View) -> bool:
        """Whether the model of this workspace's extraction is loaded."""
        return self._probe is not None and self._key is not None and self._key[0] == _owner(view)

    def load(self, view: View, model: str, sae: str, progress: Progress) -> None:
        """Load the model and the SAE of the newest extraction; an InputError where they are not available."""
        from explorer.pipeline.probe import load

        with self._lock:
            key = (_owner(view), model, sae)
            if self.ready(view) and self._key == key:
                return
            self._probe = load(view, model=model, sae=sae, progress=progress)
            self._key = key
            self._readings.clear()

    def name(self) -> str:
        """Return the name of the model that is loaded."""
        return self._probe.model.name if self._probe is not None else ""

    def read(self, turns: Sequence[Turn]) -> Reading:
        """Run the model over a conversation."""
        key = tuple(turns)
        with self._lock:
            if key not in self._readings:
                self._readings[key] = self._loaded().read(key)
                while len(self._readings) > _READINGS:
                    self._readings.popitem(last=False)
            self._readings.move_to_end(key)
            return self._readings[key]

    def steer(self, turns: Sequence[Turn], feature: int, factor: float, added: float) -> Steering:
        """Steer one feature and return what it does to the next token."""
        with self._lock:
            return self._loaded().steer(tuple(turns), feature, factor, added=added)

    def _loaded(self) -> Probe:
        if self._probe is None:
            raise ExplorerError("the model is not loaded")
        return self._probe


def _owner(view: View) -> str:
    return "|".join(view.key("activations"))


@st.cache_resource(max_entries=1, show_spinner=False)
def holder() -> Holder:
    """Return the one holder of this server."""
    return Holder()
