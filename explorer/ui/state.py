"""Every key of the session state, its default, and what resets what. Ids and parameters are kept, never frames.

A widget whose value should outlive its page is given `persist_state="session"`; keys that stand in the address are the
widget keys with `bind="query-params"`.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

WORKSPACE = "workspace_path"  # str: the workspace this session shows, "" for the default
PROBLEM = "workspace_problem"  # str: why it could not be opened
IMAGE_FORMAT = "image_format"  # what the camera button of a plot saves: svg or png
THRESHOLD = "threshold"  # float: one threshold for every page that counts features
SEGMENT = "segment"  # response, prompt or all

FEATURE_SEARCH = "q"  # in the address
FEATURE_ORDER = "order"
FEATURE_DESCENDING = "descending"
FEATURE_SHARE = "share"
FEATURE_PAGE = "page"
FEATURE_SOURCE = "label_source"  # in the address
FEATURE_LENGTH = "length_relation"  # in the address
FEATURE_CLUSTER = "feature_cluster"
FEATURE_CONTEXTS = "feature_contexts"
FEATURE_VIEW = "view"  # in the address: table or map
FEATURE_COLOUR = "feature_colour"
FEATURE_LABEL = "feature_label"
FEATURE_EXAMPLES = "feature_examples"

ROW_SEARCH = "find"
ROW_PAGE = "rows"
SAMPLE_SEGMENT = "sample_segment"
SAMPLE_ORDER = "sample_order"
SAMPLE_LIKE = "sample_like"
SAMPLE_MARK = "sample_mark"
SAMPLE_TOKENS = "sample_tokens_on"
SAMPLE_SHADE = "sample_shade"

MAP_COLOUR = "colour"
MAP_FEATURE = "on_map"
MAP_RUN = "picks"
MAP_BESIDE = "beside"
MAP_PROJECTION = "map_projection"
MAP_CANVAS = "map_canvas"  # what the browser says of the map: region drawn, frame in view
MAP_KEEP = "map_keep"
MAP_CLUSTERS = "map_clusters"
MAP_GRID = "map_grid"
MAP_K = "map_k"

LENGTH_THRESHOLD = "length_threshold"
LENGTH_SEGMENT = "length_segment"
LENGTH_GROUPING = "length_grouping"
LENGTH_UNIT = "length_unit"
LENGTH_CARRIED = "length_carried"  # which points this session has brought to the browser
LENGTH_CANVAS = "length_canvas"  # the scatter in the browser
LENGTH_INSIDE = "length_inside"
LENGTH_OPEN = "length_row"  # 1 + the row to open, kept from a click to the run after it
LENGTH_INSIDE_KIND = "length_inside_kind"
LENGTH_RESIDUALS = "length_residuals"
LENGTH_WRITTEN = "length_written"

SELECT_METHOD = "method"
SELECT_SEED = "select_seed"
SELECT_UNIT = "unit"
SELECT_BUDGET = "budget"
SELECT_NAME = "select_name"
SELECT_RANKING = "select_ranking"  # key of the ranking on show
SELECT_ADDRESS = "select_address"  # the address as the page wrote it last
SELECT_SHOWN = "select_shown"  # (unit, budget) that the whole page shows; None while it is being drawn
SELECT_EPOCHS = "select_epochs"
SELECT_SPEED = "select_speed"  # training tokens a second
SELECT_WHICH = "select_which"  # which picks the table shows
SELECT_PICK = "select_pick"  # int: the pick that is explained, from 1
SELECT_LACKING = "select_lacking"  # int: the missing feature that is shown
RULE_WITHIN = "rule_within"
RULE_MUST = "rule_must"
RULE_EXCLUDE = "rule_exclude"
RULE_SOURCE = "rule_min_per_source"
RULE_CLUSTER = "rule_min_per_cluster"
KEPT_RUN = "kept_run"  # id of the kept selection that is chosen
KEPT_NAME = "kept_name"
EXPORT_RUN = "export_run"
EXPORT_FORMAT = "export_format"
EXPORT_EXTRAS = "export_extras"
EXPORT_PATH = "export_path"
EXPORT_REPO = "export_repo"
EXPORT_PRIVATE = "export_private"

COMPARE_RUNS = "runs"
COMPARE_A = "compare_a"
COMPARE_B = "compare_b"
COMPARE_SEEDS = "compare_seeds"
COMPARE_PAGE = "compare_page"

DIFF_A = "differences_a"  # keys of explorer.queries.groups; they stand in the address as `a` and `b`
DIFF_B = "differences_b"
DIFF_LENGTH = "differences_length"  # compare at equal response length
DIFF_FEATURE = "differences_feature"  # int: the feature whose examples are on show

PROBE_PROMPT = "probe_prompt"
PROBE_RESPONSE = "probe_response"
PROBE_PROMPT_2 = "probe_prompt_2"
PROBE_RESPONSE_2 = "probe_response_2"
PROBE_SAMPLE = "probe_sample"  # int: the row whose text was taken from the address
PROBE_SHADE = "probe_shade"
PROBE_STEER = "probe_steer"
PROBE_FACTOR = "probe_factor"
PROBE_MODEL = "probe_model"
PROBE_SAE = "probe_sae"

REFINE_CHOSEN = "refinement"
REFINE_CLUSTER = "refine_cluster"
REFINE_ROUND = "refine_round"
REFINE_BUDGET = "refine_budget"
REFINE_ITERATIONS = "refine_iterations"
REFINE_SEED = "refine_seed"
REFINE_FACTOR = "refine_factor"
RESULTS_EVALUATION = "evaluation"
RESULTS_RUNS = "results_runs"
RESULTS_BASELINE = "results_baseline"
RESULTS_MATCH = "results_match"
RESULTS_SEEDS = "results_seeds"

INGEST_PATH = "ingest_path"
INGEST_UPLOAD = "ingest_upload"
INGEST_TARGET = "ingest_target"
INGEST_FORMAT = "ingest_format"
OPEN_PATH = "open_path"

_DEFAULTS: dict[str, Any] = {WORKSPACE: "", PROBLEM: "", IMAGE_FORMAT: "png", SELECT_RANKING: ""}


def get(key: str) -> Any:
    """Return the value of `key` in this session, or its default."""
    return st.session_state.get(key, _DEFAULTS.get(key))


def put(key: str, value: Any) -> None:
    """Set `key` for this session."""
    st.session_state[key] = value


def forget(*keys: str) -> None:
    """Take keys out of the session, so that their widgets start from the default again."""
    for key in keys:
        st.session_state.pop(key, None)


def choose_workspace(path: str) -> None:
    """Show another workspace; what belonged to the old one (threshold, ranking, picks) starts afresh."""
    put(WORKSPACE, path)
    forget(
        THRESHOLD,
        SEGMENT,
        LENGTH_THRESHOLD,
        SELECT_RANKING,
        MAP_CANVAS,
        SELECT_PICK,
        SELECT_LACKING,
        RULE_WITHIN,
        RULE_MUST,
        RULE_EXCLUDE,
        KEPT_RUN,
        MAP_FEATURE,
        MAP_RUN,
        MAP_BESIDE,
        MAP_PROJECTION,
        FEATURE_PAGE,
        FEATURE_CLUSTER,
        ROW_PAGE,
        COMPARE_RUNS,
    )
