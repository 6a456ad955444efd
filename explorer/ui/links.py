"""Paths of the pages, and addresses of one feature, one row, two groups of rows."""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from explorer.ui import display, state
from explorer.workspace import Artifact

_FOLDER = "explorer/ui"
OVERVIEW = f"{_FOLDER}/overview/page.py"
FEATURES = f"{_FOLDER}/features/page.py"
SAMPLES = f"{_FOLDER}/rows/page.py"
MAP = f"{_FOLDER}/map/page.py"
LENGTH = f"{_FOLDER}/length/page.py"
SELECT = f"{_FOLDER}/select/page.py"
COMPARE = f"{_FOLDER}/compare/page.py"
DIFFERENCES = f"{_FOLDER}/differences/page.py"
PROBE = f"{_FOLDER}/probe/page.py"
REFINE = f"{_FOLDER}/refine/page.py"
RESULTS = f"{_FOLDER}/results/page.py"


def query(**parts: object) -> dict[str, str]:
    """Return the query of an address: `parts`, and the threshold of this page."""
    chosen = st.query_params.get(state.THRESHOLD)
    return {**{name: str(value) for name, value in parts.items()}, **({state.THRESHOLD: chosen} if chosen else {})}


def draw(page: str, label: str, icon: str, *, help: str = "", disabled: bool = False, **parts: object) -> None:
    """Draw a link to a page, with `parts` as its query."""
    st.page_link(page, label=label, icon=icon, help=help or None, disabled=disabled, query_params=query(**parts))


def open_feature(feature_id: int) -> NoReturn:
    """Leave for the page of one feature."""
    st.switch_page(FEATURES, query_params=query(feature=feature_id))


def open_sample(sample_id: int) -> NoReturn:
    """Leave for the page of one row."""
    st.switch_page(SAMPLES, query_params=query(sample=sample_id))


def open_differences(a: str, b: str = "rest") -> NoReturn:
    """Leave for the differences between two groups of rows; keys are those of `explorer.queries.groups`."""
    st.switch_page(DIFFERENCES, query_params=query(a=a, b=b))


def open_map(run: Artifact) -> NoReturn:
    """Leave for the map, coloured by a saved selection."""
    st.switch_page(MAP, query_params=_map_of(run))


def draw_map(run: Artifact) -> None:
    """Draw a link to the map, coloured by a saved selection."""
    st.page_link(MAP, label="Show on the map", icon=":material/scatter_plot:", query_params=_map_of(run))


def _map_of(run: Artifact) -> dict[str, str]:
    return query(colour="selected by", picks=display.run_name(run))


def open_select(*, within: str) -> NoReturn:
    """Leave for a selection among a part of the data: `within` is `set:NAME`, saved in the marks."""
    st.switch_page(SELECT, query_params=query(within=within))


def warn_ignored(name: str, value: str) -> None:
    """Tell the user that the link holds a value that cannot be used here."""
    warning = f"Ignored invalid value in the link: {name}={display.clean(value, 60)}"
    st.toast(display.md(warning), icon=":material/link_off:", duration="long")


def number(name: str) -> int | None:
    """Return the whole number that the address gives for `name`; None where it gives none."""
    text = st.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
