"""Where the pages are, and the addresses of one feature, one sample, one run."""

from __future__ import annotations

from typing import Any, NoReturn

import streamlit as st

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


def pages() -> list[Any]:
    """Every page in the order of the navigation; the first one is the start page."""
    return [
        st.Page(OVERVIEW, title="Overview", icon=":material/monitoring:", default=True),
        st.Page(FEATURES, title="Features", icon=":material/hub:", url_path="features"),
        st.Page(SAMPLES, title="Rows", icon=":material/notes:", url_path="samples"),
        st.Page(MAP, title="Map", icon=":material/scatter_plot:", url_path="map"),
        st.Page(LENGTH, title="Length", icon=":material/straighten:", url_path="length"),
        st.Page(SELECT, title="Select", icon=":material/filter_alt:", url_path="select"),
        st.Page(COMPARE, title="Compare", icon=":material/compare_arrows:", url_path="compare"),
        st.Page(DIFFERENCES, title="Differences", icon=":material/difference:", url_path="differences"),
        st.Page(PROBE, title="Probe", icon=":material/science:", url_path="probe"),
        st.Page(REFINE, title="Refine", icon=":material/autorenew:", url_path="refine"),
        st.Page(RESULTS, title="Results", icon=":material/trending_up:", url_path="results"),
    ]


def open_feature(feature_id: int) -> NoReturn:
    """Leave for the page of one feature."""
    st.switch_page(FEATURES, query_params={"feature": str(feature_id)})


def open_sample(sample_id: int) -> NoReturn:
    """Leave for the page of one row."""
    st.switch_page(SAMPLES, query_params={"sample": str(sample_id)})


def open_differences(a: str, b: str = "rest") -> NoReturn:
    """Leave for what separates two groups of rows; keys are those of `explorer.queries.groups`."""
    st.switch_page(DIFFERENCES, query_params={"a": a, "b": b})


def map_of(run: str) -> dict[str, str]:
    """Return the query of the map page coloured by a stored selection, given by its name as `words.run_name` has it."""
    return {"colour": "selected by", "picks": run}


def open_select(*, within: str) -> NoReturn:
    """Leave for the selection of rows among a part of the data: `within` is `set:NAME`, kept in the marks."""
    st.switch_page(SELECT, query_params={"within": within})


def number(name: str) -> int | None:
    """Return the whole number that the address gives for `name`; None where it gives none."""
    text = st.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
