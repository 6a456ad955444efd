"""The session state: read, write and reset it; the keys that several pages share. A page's own keys are in its `keys`.

Ids and parameters are stored, never frames. A widget whose value should outlive its page has `persist_state="session"`;
one whose value is part of the address has `bind="query-params"`.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

WORKSPACE = "workspace_path"  # str: the workspace of this session, "" for the default
PROBLEM = "workspace_problem"  # str: why it could not be opened
OPEN_PATH = "open_path"  # str: path of a workspace to open
IMAGE_FORMAT = "image_format"  # what the camera button of a plot saves: svg or png
THRESHOLD = "threshold"  # float: chosen for every page that counts features, in the address; see `widgets.threshold`
SEGMENT = "segment"  # response, prompt or all

_DEFAULTS: dict[str, Any] = {WORKSPACE: "", PROBLEM: "", IMAGE_FORMAT: "png"}
_OF_EVERY_WORKSPACE = frozenset({IMAGE_FORMAT})


def get(key: str) -> Any:
    """Return the value of `key` in this session, or its default."""
    return st.session_state.get(key, _DEFAULTS.get(key))


def put(key: str, value: Any) -> None:
    """Set `key` for this session."""
    st.session_state[key] = value


def forget(*keys: str) -> None:
    """Remove keys from the session, so that their widgets start from the default again."""
    for key in keys:
        st.session_state.pop(key, None)


def choose_workspace(path: str) -> None:
    """Show another workspace; the rest of the session belongs to the old one and is cleared."""
    forget(*(str(key) for key in st.session_state if key not in _OF_EVERY_WORKSPACE))
    put(WORKSPACE, path)
